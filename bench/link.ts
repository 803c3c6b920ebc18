/**
 * What one message costs the two Links of a session, in memory (bench/pair.ts).
 *
 *   npm run bench:link                      every payload and repair
 *   npm run bench:link -- --pure            the same without WebAssembly
 *
 * send: pollTimeout, Link.send, pollDatagram until it is empty, and the copy that a channel would take. receive: handleDatagram and
 * pollMessage until it is empty. feedback: the receiver's datagrams and their handling, per message sent. recover: the one call that mends a
 * lost symbol, and the polls of what waited for it. Microseconds: median of 20,000 batches of 4 messages, or of 4000 recoveries, so that what
 * else the machine does, and the collector, hardly count; GC: the share of all that time that the collector took, as Node reports it.
 */
import { PerformanceObserver } from "node:perf_hooks";
import type { RepairOption } from "../plugin/core/index.js";
import { BATCH, KERNEL, PAYLOADS, REPAIRS, WARMUP_BATCHES, median, warmPair, type Phase } from "./pair.js";

const BATCHES = 20_000;
const LOSSES = 4000;

let gcMs = 0;
new PerformanceObserver((list) => {
  for (const entry of list.getEntries()) gcMs += entry.duration;
}).observe({ entryTypes: ["gc"] });

/** Microseconds per message and phase. */
function times(payloadBytes: number, repair: RepairOption): Record<Phase, number> {
  const pair = warmPair(payloadBytes, repair);
  const samples: Record<Phase, Float64Array> = {
    send: new Float64Array(BATCHES),
    receive: new Float64Array(BATCHES),
    feedback: new Float64Array(BATCHES),
  };
  let batch = 0;
  const around = (phase: Phase, run: () => void): void => {
    const startMs = performance.now();
    run();
    samples[phase][batch] = ((performance.now() - startMs) * 1000) / BATCH;
  };
  for (; batch < BATCHES; batch++) pair.batch(around);
  if (pair.delivered !== (WARMUP_BATCHES + BATCHES) * BATCH) throw new Error(`${pair.delivered} messages came`);
  const middle = (us: Float64Array): number => us.sort()[BATCHES >> 1]!;
  return { send: middle(samples.send), receive: middle(samples.receive), feedback: middle(samples.feedback) };
}

/** Microseconds for the datagram that mends a loss by repair: every fifth batch loses its first datagram. NaN when repair mends none. */
function recovery(payloadBytes: number, repair: RepairOption): number {
  const pair = warmPair(payloadBytes, repair);
  const samples: number[] = [];
  let lost = false,
    recoveries = 0;
  for (let i = 0; i < LOSSES * 5; i++) {
    pair.send();
    pair.down.seal();
    for (const [index, datagram] of pair.down.views.entries()) {
      if (i % 5 === 0 && index === 0) {
        lost = true;
        continue;
      }
      const startMs = performance.now();
      const messages = pair.receiveOne(datagram);
      const elapsedMs = performance.now() - startMs;
      if (!lost || messages === 0) continue;
      lost = false;
      const { recovered } = pair.client.stats(pair.nowMs).symbols;
      if (recovered > recoveries) samples.push(elapsedMs * 1000);
      recoveries = recovered;
    }
    pair.feedback();
    pair.turn();
  }
  return median(samples);
}

/** The collector's time is reported a turn of the event loop later. */
async function gcMsSoFar(): Promise<number> {
  await new Promise((resolve) => setTimeout(resolve, 20));
  return gcMs;
}

console.log(`kernel: ${KERNEL}, Node ${process.version}`);
console.log("payload  repair          send us  receive us  feedback us  recover us     GC");
for (const payloadBytes of PAYLOADS) {
  for (const [name, repair] of REPAIRS) {
    const gcBeforeMs = await gcMsSoFar(),
      startMs = performance.now();
    const t = times(payloadBytes, repair);
    const elapsedMs = performance.now() - startMs,
      share = ((await gcMsSoFar()) - gcBeforeMs) / elapsedMs;
    const us = (x: number, width: number): string => (Number.isNaN(x) ? "-" : x.toFixed(2)).padStart(width);
    const r = us(recovery(payloadBytes, repair), 11);
    console.log(
      `${String(payloadBytes).padStart(5)} B  ${name.padEnd(14)} ${us(t.send, 8)} ${us(t.receive, 11)} ${us(t.feedback, 12)} ${r} ${(100 * share).toFixed(1).padStart(4)} %`,
    );
  }
}
