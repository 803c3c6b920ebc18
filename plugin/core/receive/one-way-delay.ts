/**
 * Relative one-way delay of datagrams from their send times: how much longer than the fastest of the last while one took.
 * Needs no common clock; a drift between the clocks is forgotten with the least delay after 10 to 20 s (RFC 6817's way).
 */

const PERIOD_MS = 10_000;

/** A delay is a standing queue's if no datagram of this time, or twice it, came faster, ms (CoDel's notion, RFC 8289 section 3). */
const WINDOW_MS = 250;

export class OneWayDelay {
  #base: number | undefined;
  #minMs = Infinity;
  #previousMinMs = Infinity;
  #periodEndsMs = -Infinity;
  #windowMinMs = Infinity;
  #previousWindowMinMs = 0;
  #windowEndsMs = -Infinity;

  /** Takes a datagram's time of sending (low 16 bits, ms). Returns that time on the local clock, as if it had come as fast as the fastest. */
  onDatagram(sentAt16: number, nowMs: number): number {
    const now = Math.floor(nowMs);
    this.#base ??= now - sentAt16;
    const delayMs = ((now - sentAt16 - this.#base) << 16) >> 16;
    if (nowMs >= this.#periodEndsMs) {
      this.#previousMinMs = this.#minMs;
      this.#minMs = Infinity;
      this.#periodEndsMs = nowMs + PERIOD_MS;
    }
    this.#minMs = Math.min(this.#minMs, delayMs);
    const extraMs = delayMs - Math.min(this.#minMs, this.#previousMinMs);
    if (nowMs >= this.#windowEndsMs) {
      this.#previousWindowMinMs = this.#windowMinMs;
      this.#windowMinMs = Infinity;
      this.#windowEndsMs = nowMs + WINDOW_MS;
    }
    this.#windowMinMs = Math.min(this.#windowMinMs, extraMs);
    return nowMs - extraMs;
  }

  /** Standing queue on the way here, ms: the delay above the least that none of the last datagrams got under. */
  get queueMs(): number {
    const standingMs = Math.min(this.#windowMinMs, this.#previousWindowMinMs);
    return standingMs === Infinity ? 0 : standingMs;
  }
}
