/** Times of the last frames: intervals between them and the script time in each. */
import type { FrameStats } from "../game/view-types.js";
import { FRAMES_MAX } from "./limits.js";

export class FrameMeter {
  private readonly intervals = new Float64Array(FRAMES_MAX);
  private readonly works = new Float64Array(FRAMES_MAX);
  private count = 0;

  /** @param intervalMs since the last frame. @param workMs script time of this one. */
  add(intervalMs: number, workMs: number): void {
    this.intervals[this.count % FRAMES_MAX] = intervalMs;
    this.works[this.count % FRAMES_MAX] = workMs;
    this.count += 1;
  }

  clear(): void {
    this.count = 0;
  }

  stats(): FrameStats {
    const known = Math.min(this.count, FRAMES_MAX);
    const intervals = this.intervals.slice(0, known).sort();
    const works = this.works.slice(0, known).sort();
    const totalMs = intervals.reduce((sum, ms) => sum + ms, 0);
    return {
      fps: totalMs === 0 ? 0 : (known * 1000) / totalMs,
      p50Ms: quantile(intervals, 0.5),
      p99Ms: quantile(intervals, 0.99),
      workP50Ms: quantile(works, 0.5),
      workP99Ms: quantile(works, 0.99),
    };
  }
}

function quantile(sorted: Float64Array, q: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(q * sorted.length))] ?? 0;
}
