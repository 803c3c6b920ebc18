/**
 * The least value of the last while: minima of equal periods, the oldest forgotten as a new one begins (RFC 6817's base
 * delay).
 */

export class MinFilter {
  readonly #minima: Float64Array;
  #at = 0;
  #endsMs = -Infinity;

  /** @param periodMs length of one period, ms; @param periods how many are remembered, the present one included. */
  constructor(
    private readonly periodMs: number,
    periods: number,
  ) {
    this.#minima = new Float64Array(periods).fill(Infinity);
  }

  /** Forgets all. */
  reset(): void {
    this.#minima.fill(Infinity);
    this.#endsMs = -Infinity;
  }

  add(value: number, nowMs: number): void {
    if (nowMs >= this.#endsMs) {
      // A pause of many periods ends them all.
      const ended = Math.min(this.#minima.length, 1 + Math.floor((nowMs - this.#endsMs) / this.periodMs));
      for (let i = 0; i < ended; i++) {
        this.#at = (this.#at + 1) % this.#minima.length;
        this.#minima[this.#at] = Infinity;
      }
      this.#endsMs = nowMs + this.periodMs;
    }
    if (value < this.#minima[this.#at]!) this.#minima[this.#at] = value;
  }

  /** The least value remembered; Infinity before the first. */
  get min(): number {
    let min = Infinity;
    for (let i = 0; i < this.#minima.length; i++) if (this.#minima[i]! < min) min = this.#minima[i]!;
    return min;
  }
}
