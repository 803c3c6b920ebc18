/** The jobs of the bench, which all run in worker processes; each is a pure function of its data, so the order of their ends does not matter. */
import { runCell, type CellJob } from "./run-cell.js";
import { runSteps, type Series, type StepJob } from "./run-steps.js";
import type { Result } from "./statistics.js";

export type Job = CellJob | StepJob;
export type JobResult<J extends Job> = J extends CellJob ? Result : Series;

export function runJob(job: Job): Result | Series {
  if (job.kind === "steps") return runSteps(job);
  const startMs = performance.now();
  const result = runCell(job);
  return { ...result, runS: (performance.now() - startMs) / 1000 };
}
