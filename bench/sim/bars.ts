/** The rows of FEC.md section 6 with their bars, and which scheme meets each at which cap on its overhead. */
import { DEFAULT_CELL, SCHEMES, capped, describeCell, type Cell, type Scheme } from "./cell.js";
import { cellJobs } from "./grid.js";
import { ms, percent, table } from "./markdown.js";
import type { Pool } from "./pool.js";
import type { Result } from "./statistics.js";
import { STEPS, firstRepairs, stepJob } from "./steps.js";

/** What is wanted within a cap on total overhead; delays in ms, as the page rounds them. */
interface Bar {
  overheadMax: number;
  mean?: number;
  p99?: number;
  p999?: number;
}

interface Row {
  change: Partial<Cell>;
  bars: Bar[];
}

/** The page rounds to whole ms, and ticks of 16.7 ms up. */
const ROUNDING_MS = 0.5;

/** Headers that the page counts, less the protocol's own 10 bytes. */
export const PAGE_OVERHEAD_BYTES = 80;

export const ROWS: readonly Row[] = [
  { change: { loss: 0.01 }, bars: [{ overheadMax: 0.5, p99: 17, p999: 33 }] },
  {
    change: { loss: 0.05 },
    bars: [
      { overheadMax: 0.5, mean: 3, p99: 50, p999: 120 },
      { overheadMax: 0.7, p99: 17 },
    ],
  },
  { change: { loss: 0.1 }, bars: [{ overheadMax: 0.7, p99: 83, p999: 150 }] },
  {
    change: { rttMs: 200, loss: 0.05 },
    bars: [
      { overheadMax: 0.5, p99: 67 },
      { overheadMax: 0.7, p99: 17 },
    ],
  },
  { change: { hz: 20, rttMs: 40, loss: 0.05 }, bars: [{ overheadMax: 0.2, mean: 2.7, p99: 50, p999: 100 }] },
  {
    change: { hz: 20, loss: 0.05 },
    bars: [
      { overheadMax: 0.2, p99: 110 },
      { overheadMax: 0.8, p99: 50 },
      { overheadMax: 1.1, p99: 10 },
    ],
  },
  { change: { loss: 0.05, burstTicks: 2 }, bars: [{ overheadMax: 0.8, mean: 5.5, p99: 110 }] },
  { change: { loss: 0.05, fragments: 0.05 }, bars: [{ overheadMax: 0.5, p99: 67, p999: 120 }] },
  { change: { loss: 0 }, bars: [{ overheadMax: 0.03 }] },
];

/** How the names of adaptive schemes with a cap begin; the cap follows. */
const CAPPED = "adaptive, cap ";

const FIXED: readonly Scheme[] = [
  SCHEMES.off,
  SCHEMES.xor,
  SCHEMES.slidingHalf,
  SCHEMES.slidingHalfSeparate,
  SCHEMES.slidingOne,
  SCHEMES.slidingOneSeparate,
];

/** Caps on repair tried for a cap on the whole: retransmissions take their share of it. */
function capsFor(cell: Cell, { overheadMax }: Bar): Scheme[] {
  return [
    ...new Set(
      [overheadMax, overheadMax - cell.loss / 2, overheadMax - cell.loss]
        .map((cap) => Math.min(1, Math.round(100 * cap) / 100))
        .filter((cap) => cap > 0),
    ),
  ].map(capped);
}

/** Runs every row and prints its figures, its bound, and a verdict for each bar. @param base patches, seed and headers of all rows. */
export async function printBars(pool: Pool, base: Partial<Cell>): Promise<string> {
  const cells = ROWS.map(({ change }) => ({ ...DEFAULT_CELL, overheadBytes: PAGE_OVERHEAD_BYTES, ...base, ...change }));
  const jobs = ROWS.flatMap(({ bars }, i) => {
    const caps = new Map(bars.flatMap((bar) => capsFor(cells[i]!, bar)).map((scheme) => [scheme.name, scheme]));
    return cellJobs(
      [cells[i]!],
      [
        SCHEMES.adaptive,
        ...caps.values(),
        ...FIXED,
        SCHEMES.tcp,
        SCHEMES.tcpUnlimited,
        SCHEMES.bound,
        SCHEMES.boundSeparate,
      ],
    );
  });
  const results = await pool.run(jobs);
  const rows: string[][] = [];
  ROWS.forEach(({ bars }, i) => {
    const runs = jobs.flatMap((job, at) =>
      job.cell === cells[i] ? [{ scheme: job.scheme, result: results[at]! }] : [],
    );
    const bound = runs.find((run) => run.scheme === SCHEMES.bound)!.result;
    for (const bar of bars)
      rows.push([
        describeCell(cells[i]!),
        describeBar(bar),
        ...verdict(bar, runs),
        `${ms(bound.p99)} / ${ms(bound.p999)}${cells[i]!.hz < 40 ? " (tick-aligned)" : ""}`,
      ]);
  });
  rows.push(await stepRow(pool, base));
  return [
    table(["case", "bar", "adaptive", "met by", "nearest", "bound p99 / p99.9"], rows),
    "",
    "All figures, mean / p99 / p99.9 at overhead:",
    "",
    figuresTable(
      cells.map((cell) =>
        jobs.flatMap((job, at) => (job.cell === cell ? [{ scheme: job.scheme, result: results[at]! }] : [])),
      ),
      cells,
    ),
  ].join("\n");
}

/** One row a case, one column a scheme; the caps, which differ from case to case, in one. */
function figuresTable(runs: readonly (readonly Run[])[], cells: readonly Cell[]): string {
  const columns = [SCHEMES.adaptive, ...FIXED, SCHEMES.tcp, SCHEMES.tcpUnlimited, SCHEMES.bound, SCHEMES.boundSeparate];
  const isCap = ({ scheme }: Run): boolean => scheme.name.startsWith(CAPPED);
  const rows = runs.map((row, i) => [
    describeCell(cells[i]!),
    row
      .filter(isCap)
      .map((run) => `${run.scheme.name.slice(CAPPED.length)}: ${describeFigures(run)}`)
      .join("<br>"),
    ...columns.map((scheme) => row.filter((run) => run.scheme.name === scheme.name).map(describeFigures)[0] ?? "-"),
  ]);
  return table(["case", "adaptive, cap on repair", ...columns.map((scheme) => scheme.name)], rows);
}

export type Run = { scheme: Scheme; result: Result };

/** Three columns: whether adaptive meets the bar and at which cap, which fixed schedules do, and what comes nearest where none does. */
export function verdict(bar: Bar, runs: readonly Run[]): string[] {
  const links = runs.filter((run) => run.scheme.kind === "link");
  const isAdaptive = (run: Run): boolean => run.scheme.name.startsWith("adaptive");
  const met = links.filter((run) => shortfall(bar, run.result) <= 0);
  const within = links.filter((run) => run.result.overhead <= bar.overheadMax);
  const byCost = (a: Run, b: Run): number => a.result.overhead - b.result.overhead;
  const adaptive = met.filter(isAdaptive).sort(byCost),
    fixed = met.filter((run) => !isAdaptive(run)).sort(byCost);
  const nearest = within.sort((a, b) => shortfall(bar, a.result) - shortfall(bar, b.result))[0];
  const nearestAdaptive = within.filter(isAdaptive)[0];
  return [
    adaptive[0]
      ? `met: ${describeRun(adaptive[0])}`
      : `missed${nearestAdaptive ? `: ${describeRun(nearestAdaptive)}` : ": none within the cap"}`,
    fixed.length > 0 ? fixed.map(describeRun).join("; ") : "no fixed schedule",
    met.length > 0 ? "" : nearest ? describeRun(nearest) : "none within the cap",
  ];
}

/** By how much a result misses a bar, as the worst ratio less one; 0 or less: met. Above the cap: never met. */
function shortfall(bar: Bar, result: Result): number {
  if (result.overhead > bar.overheadMax) return Infinity;
  const over = (value: number, most: number | undefined): number =>
    most === undefined ? -1 : (value - most - ROUNDING_MS) / most;
  return Math.max(over(result.mean, bar.mean), over(result.p99, bar.p99), over(result.p999, bar.p999));
}

function describeRun({ scheme, result }: Run): string {
  return `${scheme.name}: ${describeFigures({ scheme, result })}`;
}

function describeFigures({ scheme, result }: Run): string {
  return `${ms(result.mean)} / ${ms(result.p99)} / ${ms(result.p999)}${scheme.kind === "bound" ? "" : ` at ${percent(result.overhead)}`}`;
}

function describeBar({ overheadMax, mean, p99, p999 }: Bar): string {
  const wanted = [
    ["mean", mean],
    ["p99", p99],
    ["p99.9", p999],
  ].flatMap(([name, value]) => (value === undefined ? [] : [`${name} ${value}`]));
  return `at most ${Math.round(100 * overheadMax)} %${wanted.length > 0 ? `: ${wanted.join(", ")}` : ""}`;
}

/** The last row: how soon repair is there after loss begins. */
async function stepRow(pool: Pool, base: Partial<Cell>): Promise<string[]> {
  const [series] = await pool.run([stepJob(STEPS[0]!, { ...DEFAULT_CELL, ...base })]);
  const within = series!.firstRepairMs[STEPS[0]!.changeAt]!.every((ms) => ms <= 1000);
  return [
    "60 Hz, RTT 100 ms, step from 0 to 5 % loss",
    "repair active within 1 s",
    `${within ? "met" : "missed"}: ${firstRepairs(series!, STEPS[0]!)}`,
    "",
    "",
    "-",
  ];
}
