/**
 * Relative one-way delay of datagrams from their send times: how much longer than the fastest of the last minutes one
 * took. Needs no common clock; what the clocks drift apart is forgotten with the oldest minute (RFC 6817 section
 * 3.4.2's base delay).
 */
import { MinFilter } from "../control/min-filter.js";

/**
 * The base delay is the least of this many minutes: a queue may stand that long, and clocks drift by some 3 ms in each.
 */
const BASE_PERIOD_MS = 60_000;
const BASE_PERIODS = 5;

/**
 * A delay is a standing queue's if no datagram of this time, or twice it, came faster, ms (CoDel's notion, RFC 8289
 * section 3).
 */
const STANDING_PERIOD_MS = 250;

export class OneWayDelay {
  #offset: number | undefined;
  /** The last datagram's delay beyond the first one's: what the next is measured from, so that drift never wraps. */
  #delayMs = 0;
  readonly #base = new MinFilter(BASE_PERIOD_MS, BASE_PERIODS);
  readonly #standing = new MinFilter(STANDING_PERIOD_MS, 2);

  /** Another path: what the last one took says nothing of it. */
  reset(): void {
    this.#offset = undefined;
    this.#delayMs = 0;
    this.#base.reset();
    this.#standing.reset();
  }

  /**
   * Takes a datagram's time of sending (low 16 bits, ms). Returns that time on the local clock, as if it had come as
   * fast as the fastest.
   */
  onDatagram(sentAt16: number, nowMs: number): number {
    this.#delayMs = this.#delayOf(sentAt16, nowMs);
    this.#base.add(this.#delayMs, nowMs);
    const extraMs = this.#delayMs - this.#base.min;
    this.#standing.add(extraMs, nowMs);
    return nowMs - extraMs;
  }

  /** The same time for a datagram that came another way: how long it took says nothing of this one. */
  sentMs(sentAt16: number, nowMs: number): number {
    const { min } = this.#base;
    return min === Infinity ? nowMs : nowMs - Math.max(0, this.#delayOf(sentAt16, nowMs) - min);
  }

  /** Its delay beyond the first one's, ms. */
  #delayOf(sentAt16: number, nowMs: number): number {
    const now = Math.floor(nowMs);
    this.#offset ??= now - sentAt16;
    return this.#delayMs + (((now - sentAt16 - this.#offset - this.#delayMs) << 16) >> 16);
  }

  /** Standing queue on the way here, ms: the delay above the base that none of the last datagrams got under. */
  get queueMs(): number {
    const standingMs = this.#standing.min;
    return standingMs === Infinity ? 0 : standingMs;
  }
}
