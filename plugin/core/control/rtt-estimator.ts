/** Round-trip time estimate: SRTT, RTTVAR and the least RTT of the last while (RFC 6298 section 2, RFC 9002 section 5). */

/** Before the first sample, ms: RFC 9002 takes 333; games live on shorter paths and a spurious probe costs one datagram. */
const INITIAL_RTT_MS = 200;

/** The least RTT is that of the last one or two of these periods, ms: routes change. */
const MIN_RTT_PERIOD_MS = 10_000;

/** Least slack above SRTT before a timeout, ms: timers and schedulers are late by that much. */
const RTO_SLACK_MS_MIN = 10;

export class RttEstimator {
  #srttMs = INITIAL_RTT_MS;
  #rttvarMs = INITIAL_RTT_MS / 2;
  #latestMs = INITIAL_RTT_MS;
  #sampled = false;
  #minMs = Infinity;
  #previousMinMs = Infinity;
  #periodEndsMs = -Infinity;

  /** Takes one sample, ms above 0, already less the peer's acknowledgement delay. */
  add(rttMs: number, nowMs: number): void {
    this.#latestMs = rttMs;
    if (nowMs >= this.#periodEndsMs) {
      this.#previousMinMs = this.#minMs;
      this.#minMs = Infinity;
      this.#periodEndsMs = nowMs + MIN_RTT_PERIOD_MS;
    }
    this.#minMs = Math.min(this.#minMs, rttMs);
    if (!this.#sampled) {
      this.#sampled = true;
      this.#srttMs = rttMs;
      this.#rttvarMs = rttMs / 2;
      return;
    }
    this.#rttvarMs += (Math.abs(this.#srttMs - rttMs) - this.#rttvarMs) / 4;
    this.#srttMs += (rttMs - this.#srttMs) / 8;
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

  get latestMs(): number {
    return this.#latestMs;
  }

  /** Least RTT of the last 10 to 20 s; SRTT before the first sample. */
  get minMs(): number {
    const min = Math.min(this.#minMs, this.#previousMinMs);
    return min === Infinity ? this.#srttMs : min;
  }

  /** Retransmission timeout without the peer's feedback delay (RFC 6298 section 2.3, with a floor on the slack instead of on the sum). */
  get rtoMs(): number {
    return this.#srttMs + Math.max(RTO_SLACK_MS_MIN, 4 * this.#rttvarMs);
  }
}
