/**
 * What one message costs the two Links of a session, in memory (bench/pair.ts).
 *
 *   npm run bench:link                      every payload and repair
 *   npm run bench:link -- --pure            the same without WebAssembly
 *
 * send: pollTimeout, Link.send, pollDatagram until it is empty, and the copy that a channel would take. receive: handleDatagram and
 * pollMessage until it is empty. feedback: the receiver's datagrams and their handling, per message sent. recover: the one call that mends a
 * lost symbol, and the polls of what waited for it. Microseconds: median of 9 runs of 20,000 messages, garbage collection included;
 * recover: median of its calls. GC: the share of all that time that the collector took, as Node reports it.
 */
import { PerformanceObserver } from "node:perf_hooks";
import type { RepairOption } from "../plugin/core/index.js";
import { BATCH, KERNEL, PAYLOADS, PHASES, REPAIRS, WARMUP_BATCHES, median, warmPair, type Phase } from "./pair.js";

const RUNS = 9;
const BATCHES_PER_RUN = 5000;
const LOSSES = 10_000;

let gcMs = 0;
new PerformanceObserver(list => {
  for (const entry of list.getEntries()) gcMs += entry.duration;
}).observe({ entryTypes: ["gc"] });

/** Microseconds per message and phase. */
function times(payloadBytes: number, repair: RepairOption): Record<Phase, number> {
  const pair = warmPair(payloadBytes, repair);
  const runs: Record<Phase, number[]> = { send: [], receive: [], feedback: [] };
  for (let r = 0; r < RUNS; r++) {
    const total: Record<Phase, number> = { send: 0, receive: 0, feedback: 0 };
    const around = (phase: Phase, run: () => void): void => {
      const startMs = performance.now();
      run();
      total[phase] += performance.now() - startMs;
    };
    for (let i = 0; i < BATCHES_PER_RUN; i++) pair.batch(around);
    for (const phase of PHASES) runs[phase].push((total[phase] * 1000) / (BATCHES_PER_RUN * BATCH));
  }
  if (pair.delivered !== (WARMUP_BATCHES + RUNS * BATCHES_PER_RUN) * BATCH) throw new Error(`${pair.delivered} messages came`);
  return { send: median(runs.send), receive: median(runs.receive), feedback: median(runs.feedback) };
}

/** Microseconds for the datagram that mends a loss by repair: every fifth batch loses its first datagram. NaN when repair mends none. */
function recovery(payloadBytes: number, repair: RepairOption): number {
  const pair = warmPair(payloadBytes, repair);
  const samples: number[] = [];
  let lost = false, recoveries = 0;
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
  await new Promise(resolve => setTimeout(resolve, 20));
  return gcMs;
}

console.log(`kernel: ${KERNEL}, Node ${process.version}`);
console.log("payload  repair          send us  receive us  feedback us  recover us     GC");
for (const payloadBytes of PAYLOADS) {
  for (const [name, repair] of REPAIRS) {
    const gcBeforeMs = await gcMsSoFar(), startMs = performance.now();
    const t = times(payloadBytes, repair);
    const elapsedMs = performance.now() - startMs, share = ((await gcMsSoFar()) - gcBeforeMs) / elapsedMs;
    const us = (x: number, width: number): string => (Number.isNaN(x) ? "-" : x.toFixed(2)).padStart(width);
    const r = us(recovery(payloadBytes, repair), 11);
    console.log(`${String(payloadBytes).padStart(5)} B  ${name.padEnd(14)} ${us(t.send, 8)} ${us(t.receive, 11)} ${us(t.feedback, 12)} ${r} ${(100 * share).toFixed(1).padStart(4)} %`);
  }
}
