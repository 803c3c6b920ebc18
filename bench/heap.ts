/**
 * Bytes that the two Links of a session allocate per message in steady state (bench/pair.ts): JavaScript objects and the buffers behind
 * typed arrays. A delivered message belongs to the host, so it must be allocated: what the engine takes for that alone is measured beside it.
 *
 *   npm run bench:heap                     the table, then the sites that allocate most, by phase
 *
 * Table: differences of v8.getHeapStatistics around each phase of 4 messages, over 200,000 messages after 20,000 of warm-up, less what looking
 * costs; the mean of the batches in which nothing was collected. recover: the same around the one call that mends a loss, less the messages
 * that it delivers. The caller's own numbers count: a time with a fraction takes 16 B wherever it is passed on, boxed.
 * Sites: the sampling heap profiler (node:inspector) over as many messages more, what was collected included, each charged to
 * the function that allocated it. Sites of the bench itself are left out.
 */
import { Session } from "node:inspector";
import { getHeapStatistics } from "node:v8";
import type { RepairOption } from "../plugin/core/index.js";
import { BATCH, KERNEL, PAYLOADS, PHASES, median, warmPair, type Pair, type Phase } from "./pair.js";

const BATCHES = 50_000;
const SITES_MAX = 8;

/** Shares of a byte per message below this are not worth a line. */
const SITE_BYTES_MIN = 0.05;

const CASES: [name: string, repair: RepairOption, lossEvery: number | undefined][] = [
  ["off", "off", undefined],
  ["sliding 0.5", { schedule: "sliding", codeRate: 0.5 }, undefined],
  ["generation 4", { schedule: "generation", groupSize: 4 }, undefined],
  ["adaptive, 5 % loss", "adaptive", 20],
];

function usage(): number {
  const { used_heap_size: objects, external_memory: buffers } = getHeapStatistics();
  return objects + buffers;
}

/** Bytes that `run` allocates, less what looking costs; undefined when something was collected meanwhile. */
function allocated(run: () => void): number | undefined {
  const first = usage(),
    before = usage();
  run();
  const bytes = usage() - before,
    own = before - first;
  return bytes < 0 || own < 0 ? undefined : bytes - own;
}

/** Mean of the samples, the largest thousandth left out: the engine compiles and grows its own tables now and then. */
function mean(samples: number[]): number {
  const kept = samples.sort((a, b) => a - b).slice(0, Math.ceil(samples.length * 0.999));
  return kept.reduce((sum, bytes) => sum + bytes, 0) / kept.length;
}

/** Bytes for one message as the host gets it, and nothing else. */
function leastPerMessage(payloadBytes: number): number {
  const symbol = new Uint8Array(1280),
    kept: Uint8Array[] = new Array<Uint8Array>(BATCH).fill(symbol);
  const samples: number[] = [];
  for (let i = 0; i < BATCHES; i++) {
    const bytes = allocated(() => {
      for (let m = 0; m < BATCH; m++)
        kept[m] = Uint8Array.prototype.slice.call(symbol, 2, 2 + payloadBytes - (((i * BATCH + m) * 7) % 16));
    });
    if (bytes !== undefined) samples.push(bytes / BATCH);
  }
  return mean(samples);
}

function perPhase(pair: Pair): Record<Phase, number> {
  const samples: Record<Phase, number[]> = { send: [], receive: [], feedback: [] };
  for (let i = 0; i < BATCHES; i++) {
    pair.batch((phase, run) => {
      const bytes = allocated(run);
      if (bytes !== undefined) samples[phase].push(bytes / BATCH);
    });
  }
  return { send: mean(samples.send), receive: mean(samples.receive), feedback: mean(samples.feedback) };
}

/** Bytes of the call that mends a loss, less `least` for each message that it delivers; every fifth batch loses its first datagram. */
function perRecovery(pair: Pair, least: number): number {
  const samples: number[] = [];
  let lost = false,
    recoveries = 0;
  for (let i = 0; i < BATCHES; i++) {
    pair.send();
    pair.down.seal();
    for (let index = 0; index < pair.down.views.length; index++) {
      if (i % 5 === 0 && index === 0) {
        lost = true;
        continue;
      }
      const datagram = pair.down.views[index]!;
      let messages = 0;
      const bytes = allocated(() => void (messages = pair.receiveOne(datagram)));
      if (!lost || messages === 0) continue;
      lost = false;
      const { recovered } = pair.client.stats(pair.nowMs).symbols;
      if (recovered > recoveries && bytes !== undefined) samples.push(bytes - messages * least);
      recoveries = recovered;
    }
    pair.feedback();
    pair.turn();
  }
  return median(samples);
}

interface Site {
  phase: Phase;
  name: string;
  bytes: number;
}

/** Who allocates, largest first. */
function sites(pair: Pair): Site[] {
  const session = new Session();
  session.connect();
  session.post("HeapProfiler.startSampling", {
    samplingInterval: 256,
    includeObjectsCollectedByMajorGC: true,
    includeObjectsCollectedByMinorGC: true,
  } as object);
  for (let i = 0; i < BATCHES; i++) pair.batch((_, run) => run());
  const found = new Map<string, Site>();
  session.post("HeapProfiler.stopSampling", (_error, { profile }) => {
    const visit = (node: typeof profile.head, phase: Phase | undefined, caller: string): void => {
      const { functionName, url, lineNumber } = node.callFrame;
      const file = url.split("/").pop() ?? "",
        ours = url.includes("/plugin/");
      const inside = phase ?? (file === "pair.ts" ? PHASES.find((p) => p === functionName) : undefined);
      // The engine's own functions have no place in a file: they are told by who called them.
      const name = file !== "" ? `${functionName} (${file}:${lineNumber + 1})` : `${functionName} < ${caller}`;
      if (inside && node.selfSize > 0 && (ours || file === "")) {
        const key = `${inside} ${name}`,
          site = found.get(key) ?? { phase: inside, name, bytes: 0 };
        site.bytes += node.selfSize / (BATCHES * BATCH);
        found.set(key, site);
      }
      for (const child of node.children) visit(child, inside, file !== "" ? name : caller);
    };
    visit(profile.head, undefined, "");
  });
  session.disconnect();
  return [...found.values()].sort((a, b) => b.bytes - a.bytes);
}

console.log(`kernel: ${KERNEL}, Node ${process.version}; bytes per message, recover: per recovery`);
console.log("payload  repair                   send  receive  of it the message  feedback  recover");
for (const payloadBytes of PAYLOADS) {
  const least = leastPerMessage(payloadBytes);
  for (const [name, repair, lossEvery] of CASES) {
    const b = perPhase(warmPair(payloadBytes, repair, lossEvery));
    const recover = repair === "off" ? "-" : perRecovery(warmPair(payloadBytes, repair), least).toFixed(0);
    const bytes = (x: number, width: number): string => x.toFixed(0).padStart(width);
    console.log(
      `${String(payloadBytes).padStart(5)} B  ${name.padEnd(22)} ${bytes(b.send, 6)} ${bytes(b.receive, 8)} ${bytes(least, 18)} ${bytes(b.feedback, 9)} ${recover.padStart(8)}`,
    );
  }
}
for (const [name, repair, lossEvery] of CASES) {
  console.log(`\n200 B, ${name}: bytes per message at`);
  const all = sites(warmPair(200, repair, lossEvery));
  for (const phase of PHASES) {
    for (const site of all.filter((s) => s.phase === phase && s.bytes >= SITE_BYTES_MIN).slice(0, SITES_MAX)) {
      console.log(`${site.bytes.toFixed(1).padStart(8)}  ${phase.padEnd(9)} ${site.name}`);
    }
  }
}
