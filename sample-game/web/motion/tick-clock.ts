/**
 * Which tick it is at the server, as told by the ticks of arriving patches; and which tick to show others at.
 * The earliest arrivals of the last seconds make the clock (they waited least); how late the others are makes the
 * interpolation delay. No round trip is measured: the "present" is the newest that could have arrived by now.
 */
import {
  CLOCK_SAMPLES,
  CLOCK_SLEW_RATIO,
  CLOCK_SNAP_MS,
  IN_TIME_QUANTILE,
  LATENESS_MAX_MS,
  STEP_MS,
} from "./limits.js";

export class TickClock {
  /** Arrival time of tick 0 by each remembered patch, ms of the local clock. */
  private readonly origins = new Float64Array(CLOCK_SAMPLES);
  private readonly sorted = new Float64Array(CLOCK_SAMPLES);
  private count = 0;
  private lastTick = -1;
  private intervalMs: number;
  private targetOriginMs = 0;
  private targetDelayMs: number;
  private originMs = 0;
  private shownDelayMs: number;
  private lastMs = -1;

  /** @param intervalMs time between two patches, as far as it is known yet. */
  constructor(intervalMs: number) {
    this.intervalMs = intervalMs;
    this.targetDelayMs = this.shownDelayMs = intervalMs + STEP_MS;
  }

  /** The tick of the newest patch; -1 before the first. */
  get newestTick(): number {
    return this.lastTick;
  }

  /** How far behind the present others are shown, ms. */
  get delayMs(): number {
    return this.shownDelayMs;
  }

  /** A patch of this tick arrived. One that is not newer has no effect. */
  onPatch(tick: number, nowMs: number): void {
    if (tick <= this.lastTick) return;
    if (this.lastTick >= 0) this.intervalMs += ((tick - this.lastTick) * STEP_MS - this.intervalMs) / 16;
    this.lastTick = tick;
    this.origins[this.count % CLOCK_SAMPLES] = nowMs - tick * STEP_MS;
    this.count += 1;
    this.estimate();
    if (this.count === 1) {
      this.originMs = this.targetOriginMs;
      this.lastMs = nowMs;
    }
  }

  /** Moves on to this time; call it once a frame, before the two below. */
  advance(nowMs: number): void {
    if (this.count === 0) return;
    const slewMs = Math.max(0, nowMs - this.lastMs) * CLOCK_SLEW_RATIO;
    this.lastMs = nowMs;
    this.originMs = approach(this.originMs, this.targetOriginMs, slewMs);
    this.shownDelayMs = approach(this.shownDelayMs, this.targetDelayMs, slewMs);
  }

  /** The server's tick, with fraction, as the fastest patches tell it. */
  presentTick(nowMs: number): number {
    return (nowMs - this.originMs) / STEP_MS;
  }

  /** The tick at which others are shown. */
  renderTick(nowMs: number): number {
    return this.presentTick(nowMs) - this.shownDelayMs / STEP_MS;
  }

  private estimate(): void {
    const known = Math.min(this.count, CLOCK_SAMPLES);
    const sorted = this.sorted.subarray(0, known);
    sorted.set(this.origins.subarray(0, known));
    sorted.sort();
    this.targetOriginMs = sorted[0]!;
    const latenessMs = sorted[Math.floor(IN_TIME_QUANTILE * (known - 1))]! - sorted[0]!;
    this.targetDelayMs = this.intervalMs + Math.min(LATENESS_MAX_MS, latenessMs) + STEP_MS / 2;
  }
}

function approach(value: number, target: number, step: number): number {
  const missing = target - value;
  if (Math.abs(missing) > CLOCK_SNAP_MS) return target;
  return value + Math.min(step, Math.max(-step, missing));
}
