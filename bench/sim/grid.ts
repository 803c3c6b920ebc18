/** The grid: every combination of rates, round trips, jitters, losses and shapes of loss that was asked for, over every scheme. */
import { DEFAULT_CELL, SCHEMES, capped, describeCell, type Cell, type Scheme } from "./cell.js";
import type { CellJob } from "./run-cell.js";
import { COST_HEADER, DELAY_HEADER, costs, delays, table } from "./markdown.js";
import type { Result } from "./statistics.js";

/** How loss comes: each datagram for itself, outages of two ticks on average, or each for itself with 5 % of ticks of 2..6 fragments. */
export type Shape = "random" | "bursts" | "fragments";

export interface Grid {
  hz: number[];
  rttMs: number[];
  jitterMs: number[];
  loss: number[];
  shapes: Shape[];
  schemes: Scheme[];
}

const GRID_SCHEMES: Scheme[] = [
  SCHEMES.off,
  SCHEMES.xor,
  SCHEMES.slidingHalf,
  SCHEMES.slidingOne,
  SCHEMES.adaptive,
  capped(0.3),
  SCHEMES.tcp,
  SCHEMES.bound,
];

/** What the issue asks for; about an hour on two cores at 20,000 patches a cell. */
export const FULL_GRID: Grid = {
  hz: [10, 20, 30, 60],
  rttMs: [20, 40, 100, 200, 300],
  jitterMs: [0, 10],
  loss: [0, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2],
  shapes: ["random", "bursts", "fragments"],
  schemes: GRID_SCHEMES,
};

/** A few minutes' worth of it. */
export const DEFAULT_GRID: Grid = {
  ...FULL_GRID,
  hz: [20, 60],
  rttMs: [40, 100, 200],
  jitterMs: [0],
  loss: [0.01, 0.05, 0.1],
  shapes: ["random", "bursts"],
};

const SHAPES: Record<Shape, Partial<Cell>> = { random: {}, bursts: { burstTicks: 2 }, fragments: { fragments: 0.05 } };

/** The cells of a grid; without loss there are no bursts of it. */
export function gridCells(grid: Grid, base: Cell = DEFAULT_CELL): Cell[] {
  return grid.shapes.flatMap((shape) =>
    grid.hz.flatMap((hz) =>
      grid.rttMs.flatMap((rttMs) =>
        grid.jitterMs.flatMap((jitterMs) =>
          grid.loss
            .filter((loss) => loss > 0 || shape !== "bursts")
            .map((loss) => ({ ...base, hz, rttMs, jitterMs, loss, ...SHAPES[shape] })),
        ),
      ),
    ),
  );
}

/** The jobs of some cells, the schemes of one cell together. */
export function cellJobs(cells: readonly Cell[], schemes: readonly Scheme[]): CellJob[] {
  return cells.flatMap((cell) =>
    schemes.filter((scheme) => !needless(cell, scheme)).map((scheme) => ({ kind: "cell" as const, cell, scheme })),
  );
}

/** Whether a bound says nothing: a bottleneck has none, and separate repairs are for long patch intervals. */
function needless(cell: Cell, scheme: Scheme): boolean {
  return scheme.kind === "bound" && (cell.rateKbps > 0 || (scheme.separate && cell.hz >= 40));
}

/** One table for each cell, a row for each scheme. */
export function printCells(jobs: readonly CellJob[], results: readonly Result[]): string {
  const out: string[] = [];
  for (let i = 0; i < jobs.length;) {
    const { cell } = jobs[i]!,
      rows: string[][] = [];
    for (; jobs[i]?.cell === cell; i++) {
      const { scheme } = jobs[i]!;
      rows.push([scheme.name, ...delays(results[i]!), ...costs(results[i]!, scheme.kind === "bound")]);
    }
    out.push(
      `**${describeCell(cell)}** (${cell.patches} patches, seed ${cell.seed})`,
      "",
      table(["scheme", ...DELAY_HEADER, ...COST_HEADER], rows),
      "",
    );
  }
  return out.join("\n");
}

/** One row for each cell: p99 / p99.9 of each scheme, the overhead of those that have one, and where adaptive's p99 is not as it should be. */
export function printOverview(jobs: readonly CellJob[], results: readonly Result[]): string {
  const names = [...new Set(jobs.map((job) => job.scheme.name))],
    rows = new Map<Cell, Map<string, Result>>();
  jobs.forEach(({ cell, scheme }, i) =>
    rows.set(cell, (rows.get(cell) ?? new Map<string, Result>()).set(scheme.name, results[i]!)),
  );
  const show = (r: Result | undefined): string =>
    r
      ? `${r.p99.toFixed(0)} / ${r.p999.toFixed(0)}${r.bytesPerPatch > 0 ? ` (${(100 * r.overhead).toFixed(0)} %)` : ""}`
      : "-";
  return table(
    ["p99 / p99.9, ms (overhead)", ...names, "adaptive's p99"],
    [...rows].map(([cell, row]) => [
      describeCell(cell),
      ...names.map((name) => show(row.get(name))),
      judgeAdaptive(cell, row),
    ]),
  );
}

/** p99 above that of repair off or of TCP, or beyond 1.5 times the bound's, with half a ms for rounding. */
function judgeAdaptive(cell: Cell, row: ReadonlyMap<string, Result>): string {
  const p99 = (name: string): number | undefined => row.get(name)?.p99;
  const adaptive = p99(SCHEMES.adaptive.name),
    bound = p99(SCHEMES.bound.name);
  if (adaptive === undefined) return "";
  const above = (name: string): string[] => (adaptive > (p99(name) ?? Infinity) + 0.5 ? [`above ${name}`] : []);
  const beyond =
    bound !== undefined && adaptive > 1.5 * bound + 0.5
      ? [bound < 1 ? `bound is ${bound.toFixed(0)}` : `${(adaptive / bound).toFixed(1)}x the bound`]
      : [];
  return [
    ...above(SCHEMES.off.name),
    ...above(SCHEMES.tcp.name),
    ...beyond,
    ...(beyond.length > 0 && cell.hz < 40 ? ["(tick-aligned)"] : []),
  ].join(", ");
}
