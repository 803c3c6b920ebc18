/** A worker process of the bench: takes a job, gives its result, until its parent lets go. */
import { runJob } from "./jobs.js";
import type { WorkerRequest, WorkerResponse } from "./pool.js";

process.on("message", ({ index, job }: WorkerRequest) => {
  const response: WorkerResponse = { index };
  try {
    response.result = runJob(job);
  } catch (error) {
    response.error = error instanceof Error ? error.message : String(error);
  }
  process.send!(response);
});
process.on("disconnect", () => process.exit(0));
