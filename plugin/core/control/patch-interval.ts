/** The usual time between two patches, as one end sees them go by. */

const INITIAL_MS = 50;
const MIN_MS = 4;

/** A longer pause is silence, not a patch rate, ms. */
const SILENCE_MS = 400;

/** Messages closer than this belong to one tick, ms. */
const SAME_TICK_MS = 3;

export class PatchInterval {
  #ms = INITIAL_MS;
  #lastMs = -Infinity;

  /** Notes that a message went by for the first time. */
  onPatch(nowMs: number): void {
    const gapMs = nowMs - this.#lastMs;
    if (gapMs < SAME_TICK_MS) return;
    this.#lastMs = nowMs;
    if (gapMs < SILENCE_MS) this.#ms += (Math.max(MIN_MS, gapMs) - this.#ms) / 8;
  }

  /** Usual interval, ms. */
  get ms(): number {
    return this.#ms;
  }
}
