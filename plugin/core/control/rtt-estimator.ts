/**
 * Round-trip time estimate: SRTT, RTTVAR and the least RTT of the last while (RFC 6298 section 2, RFC 9002 section 5).
 */
import { MinFilter } from "./min-filter.js";

/**
 * Before the first sample, ms: RFC 9002 takes 333; games live on shorter paths and a spurious probe costs one datagram.
 */
const INITIAL_RTT_MS = 200;

/** The least RTT is that of the last ten of these periods, ms: routes change, and a queue may stand for minutes. */
const MIN_RTT_PERIOD_MS = 60_000;
const MIN_RTT_PERIODS = 10;

/**
 * Least slack above SRTT before a timeout, ms: RFC 9002's granularity and a little. Feedback that the peer's timer held
 * back needs more: what that timer is late is in the delay that it tells, and not in RTTVAR.
 */
const RTO_SLACK_MS_MIN = 3;

/** A time of sending that is computed from a sample is off by less, ms. */
const ROUNDING_MS = 0.01;

export class RttEstimator {
  #srttMs = INITIAL_RTT_MS;
  #rttvarMs = INITIAL_RTT_MS / 2;
  #sampled = false;
  #sinceMs = -Infinity;
  readonly #min = new MinFilter(MIN_RTT_PERIOD_MS, MIN_RTT_PERIODS);

  /**
   * Takes one sample, ms above 0, already less the peer's acknowledgement delay; one of a datagram that was sent before
   * the reset is another path's.
   */
  add(rttMs: number, nowMs: number, ackDelayMs = 0): void {
    if (nowMs - rttMs - ackDelayMs < this.#sinceMs - ROUNDING_MS) return;
    this.#min.add(rttMs, nowMs);
    if (!this.#sampled) {
      this.#sampled = true;
      this.#srttMs = rttMs;
      this.#rttvarMs = rttMs / 2;
      return;
    }
    this.#rttvarMs += (Math.abs(this.#srttMs - rttMs) - this.#rttvarMs) / 4;
    this.#srttMs += (rttMs - this.#srttMs) / 8;
  }

  /** Another path begins, of which nothing is known (RFC 9000 section 9.4). */
  reset(nowMs: number): void {
    this.#sinceMs = nowMs;
    this.#srttMs = INITIAL_RTT_MS;
    this.#rttvarMs = INITIAL_RTT_MS / 2;
    this.#sampled = false;
    this.#min.reset();
  }

  get sampled(): boolean {
    return this.#sampled;
  }

  get srttMs(): number {
    return this.#srttMs;
  }

  get rttvarMs(): number {
    return this.#rttvarMs;
  }

  /** Least RTT of the last ten minutes; SRTT before the first sample. */
  get minMs(): number {
    const { min } = this.#min;
    return min === Infinity ? this.#srttMs : min;
  }

  /**
   * Retransmission timeout without the peer's feedback delay (RFC 6298 section 2.3, with a floor on the slack instead
   * of on the sum).
   */
  get rtoMs(): number {
    return this.#srttMs + Math.max(RTO_SLACK_MS_MIN, 4 * this.#rttvarMs);
  }
}
