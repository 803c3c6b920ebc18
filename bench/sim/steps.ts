/** The step responses: which, and how they are printed. */
import { DEFAULT_CELL, SCHEMES, type Cell } from "./cell.js";
import { ms, percent, table } from "./markdown.js";
import type { Pool } from "./pool.js";
import type { Series, StepJob } from "./run-steps.js";

export interface Step {
  /** File name of the picture, without the extension. */
  file: string;
  title: string;
  firstLoss: number;
  phases: readonly { loss: number; seconds: number }[];
  /** Index of the phase that begins with the first change. */
  changeAt: number;
}

export const STEPS: readonly Step[] = [
  {
    file: "step-0-5",
    title: "Loss from 0 to 5 %",
    firstLoss: 0,
    phases: [
      { loss: 0, seconds: 5 },
      { loss: 0.05, seconds: 25 },
    ],
    changeAt: 1,
  },
  {
    file: "step-5-0",
    title: "Loss from 5 % to 0",
    firstLoss: 0.05,
    phases: [
      { loss: 0.05, seconds: 5 },
      { loss: 0, seconds: 25 },
    ],
    changeAt: 1,
  },
  {
    file: "step-0-30-0",
    title: "Loss from 0 to 30 % and back",
    firstLoss: 0,
    phases: [
      { loss: 0, seconds: 5 },
      { loss: 0.3, seconds: 20 },
      { loss: 0, seconds: 25 },
    ],
    changeAt: 1,
  },
];

/** Runs pooled into each series: 60 patches a second have no p99 of their own. */
const RUNS = 40;

export function stepJob(step: Step, cell: Cell = DEFAULT_CELL): StepJob {
  return {
    kind: "steps",
    cell: { ...cell, loss: step.firstLoss },
    scheme: SCHEMES.adaptive,
    phases: step.phases,
    runs: RUNS,
  };
}

export async function runAllSteps(pool: Pool, cell: Cell): Promise<Series[]> {
  return pool.run(STEPS.map((step) => stepJob(step, cell)));
}

/** Seconds shown around each change of loss where the whole series would be too long. */
const SHOWN_BEFORE = 1;
const SHOWN_AFTER = 12;

/** One table for each step. @param brief true: only the seconds around the changes. */
export function printSteps(series: readonly Series[], brief = false): string {
  const header = ["s", "loss", "measured (10 s)", "repairs per patch", "overhead", "mean", "p99"];
  return series
    .map((s, i) => {
      const rows = s.points
        .filter((p) => !brief || nearChange(s, p.second))
        .map((p) => [
          `${p.second}`,
          percent(p.loss),
          percent(p.measuredLoss),
          p.repairs.toFixed(2),
          percent(p.overhead),
          ms(p.meanMs),
          ms(p.p99Ms),
        ]);
      return [
        `**${STEPS[i]!.title}** (${RUNS} runs pooled)${describeFirstRepairs(s, STEPS[i]!)}`,
        "",
        table(header, rows),
        "",
      ].join("\n");
    })
    .join("\n");
}

function nearChange({ points }: Series, second: number): boolean {
  return points.some(
    (p, i) =>
      i > 0 && p.loss !== points[i - 1]!.loss && second >= p.second - SHOWN_BEFORE && second <= p.second + SHOWN_AFTER,
  );
}

function describeFirstRepairs(series: Series, step: Step): string {
  return step.phases[step.changeAt]!.loss === 0 ? "" : `; ${firstRepairs(series, step)}`;
}

/** How soon repair is there after loss begins: after the step, and after the first datagram that it cost. */
export function firstRepairs({ firstRepairMs, firstLossMs }: Series, { changeAt }: Step): string {
  const repairs = firstRepairMs[changeAt]!,
    spread = (values: number[]): string => {
      const sorted = values.sort((a, b) => a - b);
      return `median ${sorted[sorted.length >> 1]!.toFixed(0)} ms, worst ${sorted.at(-1)!.toFixed(0)} ms`;
    };
  return `first repair after the step: ${spread([...repairs])}, ${repairs.filter((value) => value <= 1000).length} of ${repairs.length} within 1 s; after the first loss: ${spread(repairs.map((value, run) => value - firstLossMs[changeAt]![run]!))}`;
}

/** All series as CSV, one line a second. */
export function csvOf(series: readonly Series[]): string {
  const lines = series.flatMap((s, i) =>
    s.points.map((p) =>
      [
        STEPS[i]!.file,
        p.second,
        p.loss,
        p.measuredLoss.toFixed(4),
        p.repairs.toFixed(3),
        p.overhead.toFixed(4),
        p.meanMs.toFixed(2),
        p.p99Ms.toFixed(1),
      ].join(","),
    ),
  );
  return ["step,second,loss,measured_loss,repairs_per_patch,overhead,mean_ms,p99_ms", ...lines].join("\n");
}
