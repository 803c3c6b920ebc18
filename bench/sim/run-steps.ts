/**
 * Step responses: loss that changes while a game runs, as a time series. Many runs with seeds of their own are pooled, so that a second's p99 means something.
 */
import { World, expectOrdered } from "../../test/sim/world.js";
import { WARMUP_MS, linkOf, type Cell, type Scheme } from "./cell.js";
import { distribution } from "./statistics.js";
import { Workload, patchBytes } from "./workload.js";

export interface StepJob {
  kind: "steps";
  /** Its loss is the first; its seed the first run's. */
  cell: Cell;
  scheme: Scheme & { kind: "link" };
  /** What follows the warm-up of 10 s, in order. */
  phases: readonly { loss: number; seconds: number }[];
  runs: number;
}

/** One second of all runs together. */
export interface SeriesPoint {
  /** From the end of the warm-up, s. */
  second: number;
  /** What netem is told, 0..1. */
  loss: number;
  /** What the sender's link measured over its last ten seconds at the end of this one, 0..1, mean of the runs. */
  measuredLoss: number;
  /** Repair symbols per patch. */
  repairs: number;
  overhead: number;
  meanMs: number;
  p99Ms: number;
}

export interface Series {
  points: SeriesPoint[];
  /** From each change of loss to the first repair after it, ms, of each run; Infinity: none in that phase. Where repair was on before, that is the next repair. */
  firstRepairMs: number[][];
  /** From each change of loss to the first patch whose datagram was lost, ms, of each run: nothing can be known before. */
  firstLossMs: number[][];
}

interface Second {
  measuredLoss: number;
  repairs: number;
  wire: number;
  source: number;
  extraMs: number[];
}

export function runSteps(job: StepJob): Series {
  const seconds = job.phases.reduce((sum, phase) => sum + phase.seconds, 0);
  const pooled: Second[] = Array.from({ length: seconds }, () => ({
    measuredLoss: 0,
    repairs: 0,
    wire: 0,
    source: 0,
    extraMs: [],
  }));
  const firstRepairMs: number[][] = job.phases.map(() => []),
    firstLossMs: number[][] = job.phases.map(() => []);
  for (let run = 0; run < job.runs; run++) {
    const seen = playRun(job, { ...job.cell, seed: job.cell.seed + run }, pooled);
    seen.forEach(({ repairMs, lossMs }, phase) => {
      firstRepairMs[phase]!.push(repairMs);
      firstLossMs[phase]!.push(lossMs);
    });
  }
  const losses = job.phases.flatMap(({ loss, seconds }) => Array.from({ length: seconds }, () => loss));
  const points = pooled.map(({ measuredLoss, repairs, wire, source, extraMs }, second) => {
    const { mean, p99 } = distribution(Float64Array.from(extraMs));
    return {
      second,
      loss: losses[second]!,
      measuredLoss: measuredLoss / job.runs,
      repairs: repairs / extraMs.length,
      overhead: wire / source - 1,
      meanMs: mean,
      p99Ms: p99,
    };
  });
  return { points, firstRepairMs, firstLossMs };
}

/** Adds one run to the pooled seconds. Returns, for each phase, when its first repair and its first loss came, ms. */
function playRun(job: StepJob, cell: Cell, pooled: readonly Second[]): { repairMs: number; lossMs: number }[] {
  const link = linkOf(cell),
    workload = new Workload(cell);
  const world = new World({
    up: link,
    down: link,
    seed: cell.seed,
    reliableDelayMs: cell.rttMs / 2,
    overheadBytes: cell.overheadBytes,
    link: { repair: job.scheme.repair },
  });
  let patches = 0;
  const tick = (): void => world.server.send(patchBytes(patches++, workload.nextBytes()));
  world.openPath();
  world.play(cell.hz, WARMUP_MS, tick);
  const first = patches,
    startMs = world.nowMs;
  let second = 0;
  const firsts = job.phases.map((phase) => {
    for (const end of world.ends) end.out.configure(linkOf({ ...cell, loss: phase.loss }));
    const fromMs = world.nowMs,
      before = world.server.link.stats(fromMs).counters.repairsSent,
      lostBefore = world.server.out.stats.lost;
    let repairMs = Infinity,
      lossMs = Infinity;
    for (let i = 0; i < phase.seconds; i++) {
      const { counters: at } = world.server.link.stats(world.nowMs);
      world.play(cell.hz, 1000, () => {
        if (lossMs === Infinity && world.server.out.stats.lost > lostBefore)
          lossMs = world.nowMs - fromMs - 1000 / cell.hz;
        if (repairMs === Infinity && world.server.link.stats(world.nowMs).counters.repairsSent > before)
          repairMs = world.nowMs - fromMs;
        tick();
      });
      const { counters, sendLossRatio } = world.server.link.stats(world.nowMs),
        sum = pooled[second++]!;
      sum.measuredLoss += sendLossRatio;
      sum.repairs += counters.repairsSent - at.repairsSent;
      sum.wire += counters.wireBytesSent - at.wireBytesSent;
      sum.source += counters.sourceBytesSent - at.sourceBytesSent;
    }
    return { repairMs, lossMs };
  });
  world.settle(10_000);
  expectOrdered(world.server, world.client);
  for (let i = first; i < patches; i++) {
    const sentMs = world.server.sent[i]!.atMs;
    pooled[Math.min(pooled.length - 1, Math.floor((sentMs - startMs) / 1000 + 1e-9))]!.extraMs.push(
      world.client.delivered[i]!.atMs - sentMs - cell.rttMs / 2,
    );
  }
  return firsts;
}
