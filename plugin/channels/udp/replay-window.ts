/**
 * The anti-replay window (RFC 4303 section 3.4.3, as a ring like RFC 6479): which of the last 1024 counters were seen.
 * Asked before authentication, changed only after it.
 */

import { REPLAY_WINDOW_DATAGRAMS } from "../limits.js";

export class ReplayWindow {
  readonly #seen = new Uint32Array(REPLAY_WINDOW_DATAGRAMS / 32);
  #largest: number;

  /** startCounter: the first counter that the peer will use. */
  constructor(startCounter = 0) {
    this.#largest = startCounter - 1;
  }

  /** The largest counter marked, or startCounter - 1. */
  get largest(): number {
    return this.#largest;
  }

  /** True for a counter that was marked, or is too old to tell. */
  isStale(counter: number): boolean {
    if (counter > this.#largest) return false;
    if (counter < 0 || this.#largest - counter >= REPLAY_WINDOW_DATAGRAMS) return true;
    const bit = counter % REPLAY_WINDOW_DATAGRAMS;
    return ((this.#seen[bit >>> 5]! >>> (bit & 31)) & 1) === 1;
  }

  /** Marks a counter that is authentic and not stale. Returns true if it is the largest so far. */
  mark(counter: number): boolean {
    const newest = counter > this.#largest;
    if (newest) {
      const steps = Math.min(counter - this.#largest, REPLAY_WINDOW_DATAGRAMS);
      for (let i = 0; i < steps; i++) {
        const bit = (counter - i) % REPLAY_WINDOW_DATAGRAMS;
        this.#seen[bit >>> 5]! &= ~(1 << (bit & 31));
      }
      this.#largest = counter;
    }
    const bit = counter % REPLAY_WINDOW_DATAGRAMS;
    this.#seen[bit >>> 5]! |= 1 << (bit & 31);
    return newest;
  }
}
