/** A rate with a finite queue, alone and with a competing flow: does repair step back, does the queue stay as without it, is no more lost than with repair off? */
import { DEFAULT_CELL, SCHEMES, type Cell } from "./cell.js";
import { cellJobs } from "./grid.js";
import { ms, percent, table } from "./markdown.js";
import type { Pool } from "./pool.js";
import type { Result } from "./statistics.js";
import { Workload } from "./workload.js";

/** Rates of the bottleneck over the source's own. With a competing flow, also one that leaves both room. */
const FACTORS = [0.8, 1, 1.2];
const FACTOR_SHARED = 4;

const QUEUES = [800, 16_000, 64_000];

/** Random loss beside what the queue drops: none, and enough for repair to want to be there. */
const LOSSES = [0, 0.02];

/** The version byte and the other fields of a datagram with one source symbol (docs/WIRE-FORMAT.md section 2). */
const PROTOCOL_BYTES = 10;
const MEAN_OVER = 20_000;

/** What is called worse: more dropped than by chance, or delay beyond this factor and this many ms. */
const DROPPED_SLACK = 0.005;
const DELAY_FACTOR = 1.1;
const DELAY_SLACK_MS = 10;

/** Rate of the game's own datagrams, kbit/s, headers included. */
export function sourceKbps(cell: Cell): number {
  const workload = new Workload(cell);
  let bytes = 0;
  for (let i = 0; i < MEAN_OVER; i++) bytes += workload.nextBytes() + PROTOCOL_BYTES + cell.overheadBytes;
  return ((bytes / MEAN_OVER) * cell.hz * 8) / 1000;
}

export function bottleneckCells(base: Cell): Cell[] {
  const kbps = sourceKbps(base);
  return LOSSES.flatMap((loss) =>
    [false, true].flatMap((crossFlow) =>
      [...FACTORS, ...(crossFlow ? [FACTOR_SHARED] : [])].flatMap((factor) =>
        QUEUES.map((queueBytes) => ({ ...base, loss, crossFlow, queueBytes, rateKbps: Math.round(factor * kbps) })),
      ),
    ),
  );
}

/** A table of repair off beside adaptive, and what was worse with it. */
export async function bottleneckTables(pool: Pool, common: Partial<Cell>): Promise<string> {
  const base = { ...DEFAULT_CELL, ...common },
    kbps = sourceKbps(base);
  // The TCP model has no bottleneck to share: it stands beside the game that is alone.
  const jobs = bottleneckCells(base).flatMap((cell) =>
    cellJobs([cell], [SCHEMES.off, SCHEMES.adaptive, ...(cell.crossFlow ? [] : [SCHEMES.tcp])]),
  );
  const results = await pool.run(jobs);
  const rows: string[][] = [];
  for (let i = 0; i < jobs.length;) {
    const { cell } = jobs[i]!,
      off = results[i++]!,
      adaptive = results[i++]!,
      tcp = cell.crossFlow ? undefined : results[i++]!;
    const pair = (show: (r: Result) => string): string => `${show(off)} / ${show(adaptive)}`;
    const three = (show: (r: Result) => string): string => `${pair(show)}${tcp ? ` / ${show(tcp)}` : ""}`;
    rows.push([
      `${(cell.rateKbps / kbps).toFixed(1)}x`,
      `${cell.queueBytes} B`,
      percent(cell.loss),
      cell.crossFlow ? "yes" : "no",
      three((r) => ms(r.mean)),
      three((r) => ms(r.p99)),
      pair((r) => ms(r.queueMean)),
      pair((r) => ms(r.queueP99)),
      three((r) => percent(r.dropped)),
      pair((r) => percent(r.overhead)),
      pair((r) => percent(r.carried)),
      cell.crossFlow ? pair((r) => r.crossKbps.toFixed(1)) : "-",
      whatIsWorse(off, adaptive),
    ]);
  }
  return [
    `Repair off / adaptive (/ TCP, where the game is alone; it joins patches that wait, which saves their headers). ${base.hz} Hz, RTT ${base.rttMs} ms, ${base.patches} patches, seed ${base.seed}; the source alone is ${kbps.toFixed(0)} kbit/s; rate of the link over that. Queue: waiting of the game's datagrams, ms. Carried: symbols that the reliable path brought, which does not pass the bottleneck here. Other flow: goodput of one greedy CUBIC flow, kbit/s.`,
    "",
    table(
      [
        "rate",
        "queue",
        "random loss",
        "other flow",
        "mean",
        "p99",
        "queue mean",
        "queue p99",
        "dropped",
        "overhead",
        "carried",
        "other's kbit/s",
        "worse with repair",
      ],
      rows,
    ),
  ].join("\n");
}

function whatIsWorse(off: Result, adaptive: Result): string {
  const slower = (a: number, b: number): boolean => b > a * DELAY_FACTOR + DELAY_SLACK_MS;
  return [
    ...(adaptive.dropped > off.dropped + DROPPED_SLACK ? ["dropped"] : []),
    ...(slower(off.mean, adaptive.mean) ? ["mean"] : []),
    ...(slower(off.p99, adaptive.p99) ? ["p99"] : []),
    ...(slower(off.queueP99, adaptive.queueP99) ? ["queue"] : []),
    ...(adaptive.crossKbps < off.crossKbps * 0.9 - 1 ? ["other flow"] : []),
  ].join(", ");
}
