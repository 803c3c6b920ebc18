/**
 * Apply delay and overhead in deterministic simulation: the real Link on both ends, virtual clock, seeded netem.
 *
 *   npm run bench:sim                       repair off, XOR generations of 4 and adaptive at 5 %, RTT 100 ms
 *   npm run bench:sim -- --bars             every row of FEC.md section 6
 *   npm run bench:sim -- --bars --overhead-bytes 80     the same with the 90 bytes of headers that the page counts
 *   npm run bench:sim -- --hz 20 --rtt 40 --loss 0.1 --patches 50000 --seed 7 --burst-ms 0 --jitter 0 --fragments 0 --rate-kbps 0 --queue-bytes 16000 --repair adaptive
 *
 * Delay is "extra": from sending to in-order delivery, less the one-way delay of the link. Overhead: wire bytes downstream
 * (channel, UDP and IP headers, repairs, retransmissions) over those of the patches' own datagrams, less one.
 */
import { parseArgs } from "node:util";
import type { RepairOption } from "colyseus-fec/core";
import { SeededRandom, type ImpairmentOptions } from "colyseus-fec/netem";
import { patchSize, randomMessage } from "../test/sim/random.js";
import { World, expectOrdered } from "../test/sim/world.js";

interface Case {
  hz: number;
  rttMs: number;
  loss: number;
  burstMs: number;
  jitterMs: number;
  /** Headers of a datagram beyond the protocol's own 10 bytes, bytes: UDP channel over IPv4 52. FEC.md counts 90 in all. */
  overheadBytes: number;
  /** Share of ticks that carry 2..6 fragments of 1100 bytes. */
  fragments: number;
  /** Bottleneck downstream, kbit/s and bytes of queue; 0 = none. */
  rateKbps: number;
  queueBytes: number;
  patches: number;
  seed: number;
}

interface Result {
  mean: number;
  p50: number;
  p95: number;
  p99: number;
  p999: number;
  max: number;
  /** Share of datagrams that the link or its queue dropped. */
  dropped: number;
  overhead: number;
  upBytesPerSecond: number;
}

const REPAIRS: [string, RepairOption][] = [
  ["off", "off"],
  ["XOR generations of 4", { schedule: "generation", groupSize: 4 }],
  ["sliding 0.5", { schedule: "sliding", codeRate: 0.5 }],
  ["sliding 1", { schedule: "sliding", codeRate: 1 }],
  ["adaptive", "adaptive"],
];

function simulate(c: Case, repair: RepairOption): Result {
  const loss = c.burstMs > 0 ? { kind: "gilbert-elliott-time" as const, lossRatio: c.loss, meanBurstMs: c.burstMs } : c.loss;
  const link: ImpairmentOptions = { delayMs: c.rttMs / 2, jitterMs: c.jitterMs, loss };
  const down = c.rateKbps > 0 ? { ...link, rateKbps: c.rateKbps, queueBytes: c.queueBytes, overheadBytes: c.overheadBytes } : link;
  const world = new World({ up: link, down, seed: c.seed, reliableDelayMs: c.rttMs / 2, overheadBytes: c.overheadBytes, link: { repair } });
  const random = new SeededRandom(c.seed);
  const warmup = Math.ceil(c.hz * 10);
  world.openPath();
  world.play(c.hz, (c.patches + warmup) * 1000 / c.hz, i => {
    const length = random.next() < c.fragments ? 1100 * (2 + random.int(5)) : patchSize(random);
    world.server.send(randomMessage(random, i, length));
  });
  world.settle(5000);
  expectOrdered(world.server, world.client);
  const extra = world.client.delivered.slice(warmup).map((m, i) => m.atMs - world.server.sent[i + warmup]!.atMs - c.rttMs / 2).sort((a, b) => a - b);
  const at = (q: number): number => extra[Math.min(extra.length - 1, Math.floor(q * extra.length))]!;
  const stats = world.server.link.stats(world.nowMs);
  return {
    mean: extra.reduce((a, b) => a + b, 0) / extra.length, p50: at(0.5), p95: at(0.95), p99: at(0.99), p999: at(0.999), max: at(1),
    dropped: 1 - world.server.out.stats.delivered / world.server.out.stats.offered, overhead: stats.sendOverhead, upBytesPerSecond: world.client.wireBytes / ((c.patches + warmup) / c.hz),
  };
}

function table(c: Case, repairs: [string, RepairOption][], bar = ""): void {
  const burst = c.burstMs > 0 ? ` in bursts of ${c.burstMs} ms` : "";
  console.log(`\n${c.hz} Hz, RTT ${c.rttMs} ms, loss ${(100 * c.loss).toFixed(1)} %${burst}, jitter ${c.jitterMs} ms, ${100 * c.fragments} % fragmented, ${c.patches} patches, seed ${c.seed}${bar ? `\nbar: ${bar}` : ""}`);
  console.log("extra apply delay, ms");
  console.log("repair                   mean    p50    p95    p99  p99.9    max  overhead  dropped  feedback B/s");
  for (const [name, repair] of repairs) {
    const r = simulate(c, repair);
    const f = (x: number): string => x.toFixed(1).padStart(6);
    console.log(`${name.padEnd(22)} ${f(r.mean)} ${f(r.p50)} ${f(r.p95)} ${f(r.p99)} ${f(r.p999)} ${f(r.max)} ${(100 * r.overhead).toFixed(1).padStart(7)} % ${(100 * r.dropped).toFixed(1).padStart(6)} % ${r.upBytesPerSecond.toFixed(0).padStart(10)}`);
  }
}

const { values } = parseArgs({
  options: {
    bars: { type: "boolean", default: false }, hz: { type: "string", default: "60" }, rtt: { type: "string", default: "100" },
    loss: { type: "string", default: "0.05" }, patches: { type: "string", default: "20000" }, seed: { type: "string", default: "1" },
    "burst-ms": { type: "string", default: "0" }, jitter: { type: "string", default: "0" }, "overhead-bytes": { type: "string", default: "52" }, repair: { type: "string" }, "rate-kbps": { type: "string", default: "0" }, "queue-bytes": { type: "string", default: "16000" }, fragments: { type: "string", default: "0" },
  },
});
const repairs: [string, RepairOption][] = values.repair?.startsWith("{") ? [[values.repair, JSON.parse(values.repair)]] : REPAIRS.filter(([name]) => values.repair === undefined || name === values.repair);
const base: Case = {
  hz: +values.hz, rttMs: +values.rtt, loss: +values.loss, burstMs: +values["burst-ms"], jitterMs: +values.jitter, fragments: +values.fragments,
  rateKbps: +values["rate-kbps"], queueBytes: +values["queue-bytes"], patches: +values.patches, seed: +values.seed, overheadBytes: +values["overhead-bytes"],
};
if (!values.bars) {
  table(base, repairs);
} else {
  const bars: [Partial<Case>, string][] = [
    [{ hz: 60, rttMs: 100, loss: 0.01 }, "at most 50 %: p99 17, p99.9 33"],
    [{ hz: 60, rttMs: 100, loss: 0.05 }, "at most 50 %: mean 3, p99 50, p99.9 120; at most 70 %: p99 17"],
    [{ hz: 60, rttMs: 100, loss: 0.1 }, "at most 70 %: p99 83, p99.9 150"],
    [{ hz: 60, rttMs: 200, loss: 0.05 }, "at most 50 %: p99 67; at most 70 %: p99 17"],
    [{ hz: 20, rttMs: 40, loss: 0.05 }, "at most 20 %: mean 2.7, p99 50, p99.9 100"],
    [{ hz: 20, rttMs: 100, loss: 0.05 }, "at most 20 %: p99 110; at most 80 %: p99 50; at most 110 %: p99 10"],
    [{ hz: 60, rttMs: 100, loss: 0.05, burstMs: 33 }, "at most 80 %: mean 5.5, p99 110"],
    [{ hz: 60, rttMs: 100, loss: 0.05, fragments: 0.05 }, "at most 50 %: p99 67, p99.9 120"],
    [{ hz: 60, rttMs: 100, loss: 0 }, "at most 3 % overhead"],
  ];
  for (const [change, bar] of bars) table({ ...base, ...change }, repairs, bar);
}
