/** The usual time between two patches, and how far it strays, as one end sees them go by. */

const INITIAL_MS = 50;
const MIN_MS = 4;

/** Before patches were seen they are taken to be as irregular as this, ms. */
const INITIAL_DEVIATION_MS = 4;

/** A longer pause is silence, not a patch rate, ms. */
const SILENCE_MS = 400;

/** Messages closer than this belong to one tick, ms. */
const SAME_TICK_MS = 3;

/** Weight of the newest. */
const WEIGHT = 1 / 8;

export class PatchInterval {
  #ms = INITIAL_MS;
  #deviationMs = INITIAL_DEVIATION_MS;
  #lastMs = -Infinity;

  /**
   * Notes that a message went by for the first time. @param missed datagrams that did not come since the one before: as
   * many patches may have been in them.
   */
  onPatch(nowMs: number, missed = 0): void {
    const gapMs = nowMs - this.#lastMs;
    if (gapMs < SAME_TICK_MS) return;
    this.#lastMs = nowMs;
    if (gapMs >= SILENCE_MS) return;
    const intervalMs = Math.max(MIN_MS, gapMs / Math.max(1, Math.min(missed + 1, Math.round(gapMs / this.#ms))));
    this.#deviationMs += (Math.abs(intervalMs - this.#ms) - this.#deviationMs) * WEIGHT;
    this.#ms += (intervalMs - this.#ms) * WEIGHT;
  }

  /** Usual interval, ms. */
  get ms(): number {
    return this.#ms;
  }

  /** Mean deviation from it, ms. */
  get deviationMs(): number {
    return this.#deviationMs;
  }
}
