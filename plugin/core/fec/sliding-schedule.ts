/**
 * The schedule of the sliding encoding window: `codeRate` repairs per source symbol, each over the newest 1 / codeRate
 * symbols. Decides only how many and over how many; when they leave is the sender's choice, and the encoder computes.
 */

import { ENCODING_WINDOW_SYMBOLS_MAX } from "../limits.js";
import { seqDiff, type Seq } from "../seq.js";

/** Share of a message's fragments that is sent as repairs with them: least and most. */
const FRAGMENT_RATE_MIN = 0.2;
const FRAGMENT_RATE_MAX = 0.34;

/** What rounding adds to a sum of code rates, at most. */
const ROUNDING = 1e-9;

export class SlidingSchedule {
  #codeRate = 0;
  #credit = 0;
  #newest: Seq | undefined;

  /** Repairs per source symbol, 0..1. What the sources so far have earned is kept. @throws RangeError */
  setCodeRate(codeRate: number): void {
    if (!(codeRate >= 0 && codeRate <= 1)) throw new RangeError(`"codeRate" expected 0..1, got ${codeRate}`);
    this.#codeRate = codeRate;
    if (codeRate === 0) this.#credit = 0;
  }

  /**
   * Counts a source symbol; returns how many repairs are due now, 0 or 1. One that is not newer than the last, sent
   * again, earns nothing.
   */
  onSource(seq: Seq): number {
    if (this.#newest !== undefined && seqDiff(seq, this.#newest) <= 0) return 0;
    this.#newest = seq;
    this.#credit += this.#codeRate;
    if (this.#credit < 1 - ROUNDING) return 0;
    this.#credit = Math.max(0, this.#credit - 1);
    return 1;
  }

  /** Symbols that a repair is to cover: ceil(1 / codeRate), 1..32; 0 when the code rate is 0. */
  get repairCount(): number {
    if (this.#codeRate === 0) return 0;
    return Math.min(ENCODING_WINDOW_SYMBOLS_MAX, Math.ceil(1 / this.#codeRate - ROUNDING));
  }
}

/**
 * Repairs to send at once with the `fragments` symbols of one message, so that a lost fragment costs no tick: ceil(rate
 * x fragments), the rate held within 0.2..0.34. None for a message of one symbol, which the schedule itself protects.
 */
export function fragmentRepairs(fragments: number, rate: number): number {
  if (fragments < 2) return 0;
  return Math.ceil(Math.min(FRAGMENT_RATE_MAX, Math.max(FRAGMENT_RATE_MIN, rate)) * fragments - ROUNDING);
}
