/**
 * Relative one-way delay of datagrams from their send times: how much longer than the fastest of the last while one took.
 * Needs no common clock; a drift between the clocks is forgotten with the least delay after 10 to 20 s (RFC 6817's way).
 */

const PERIOD_MS = 10_000;

export class OneWayDelay {
  #base: number | undefined;
  #minMs = Infinity;
  #previousMinMs = Infinity;
  #periodEndsMs = -Infinity;
  #queueMs = 0;

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
    this.#queueMs += (extraMs - this.#queueMs) / 8;
    return nowMs - extraMs;
  }

  /** Smoothed delay above the least, ms: queues on the way here. */
  get queueMs(): number {
    return this.#queueMs;
  }
}
