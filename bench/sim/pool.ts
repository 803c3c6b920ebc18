/** Runs jobs in worker processes, as many as there are cores unless told otherwise, and gives their results in the order of the jobs. */
import { fork, type ChildProcess } from "node:child_process";
import { availableParallelism } from "node:os";
import { fileURLToPath } from "node:url";
import type { Job, JobResult } from "./jobs.js";

export interface WorkerRequest {
  index: number;
  job: Job;
}

export interface WorkerResponse {
  index: number;
  result?: JobResult<Job>;
  /** Why the job failed; then there is no result. */
  error?: string;
}

const WORKER = fileURLToPath(new URL("worker.ts", import.meta.url));

export class Pool {
  readonly #workers: ChildProcess[] = [];

  /** @param count worker processes. */
  constructor(private readonly count = availableParallelism()) {}

  /** @throws Error with the job's own message and data when one fails. */
  run<J extends Job>(jobs: readonly J[]): Promise<JobResult<J>[]> {
    while (this.#workers.length < Math.min(this.count, jobs.length))
      this.#workers.push(fork(WORKER, [], { execArgv: process.execArgv }));
    // The longest first: two workers then end at about the same time.
    const order = jobs.map((_, i) => i).sort((a, b) => cost(jobs[b]!) - cost(jobs[a]!));
    const results: JobResult<J>[] = [];
    let next = 0,
      open = 0;
    return new Promise((resolve, reject) => {
      if (jobs.length === 0) resolve(results);
      const give = (worker: ChildProcess): void => {
        const index = order[next++];
        if (index === undefined) return;
        open++;
        worker.send({ index, job: jobs[index]! } satisfies WorkerRequest);
      };
      for (const worker of this.#workers) {
        worker.removeAllListeners();
        worker.on("exit", (code) => reject(new Error(`a worker ended with ${code}`)));
        worker.on("message", ({ index, result, error }: WorkerResponse) => {
          open--;
          if (error !== undefined) return reject(new Error(`${error}\nin ${JSON.stringify(jobs[index])}`));
          results[index] = result as JobResult<J>;
          give(worker);
          if (open === 0) resolve(results);
        });
        give(worker);
      }
    });
  }

  close(): void {
    for (const worker of this.#workers) {
      worker.removeAllListeners();
      worker.disconnect();
    }
    this.#workers.length = 0;
  }
}

/** Of one core, s, measured on two cores of the lab's machine: 55 us a patch on the Link, less in the models. */
const SECONDS_PER_PATCH = 55e-6;

/** What a job takes of one core, s, roughly. */
export function cost(job: Job): number {
  if (job.kind === "steps")
    return (
      job.runs * job.cell.hz * (10 + job.phases.reduce((sum, phase) => sum + phase.seconds, 0)) * SECONDS_PER_PATCH
    );
  const { cell, scheme } = job;
  const weight = scheme.kind === "link" ? (cell.hz < 40 ? 1.5 : 1) : scheme.kind === "tcp" ? 0.3 : 0.05;
  return (
    (cell.patches + 10 * cell.hz) * weight * (1 + 3 * cell.fragments) * (cell.crossFlow ? 2 : 1) * SECONDS_PER_PATCH
  );
}
