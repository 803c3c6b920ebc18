/** A token bucket: so many at once, and so many a second. Sans-IO: the time is an argument. */

/** Tokens per second, and how many may be saved up. */
export interface BucketOptions {
  readonly perSecond: number;
  readonly burst: number;
}

export class TokenBucket {
  readonly #options: BucketOptions;
  #tokens: number;
  #updatedMs: number;

  constructor(options: BucketOptions, nowMs: number) {
    this.#options = options;
    this.#tokens = options.burst;
    this.#updatedMs = nowMs;
  }

  has(nowMs: number): boolean {
    const gained = (Math.max(0, nowMs - this.#updatedMs) * this.#options.perSecond) / 1000;
    this.#tokens = Math.min(this.#options.burst, this.#tokens + gained);
    this.#updatedMs = nowMs;
    return this.#tokens >= 1;
  }

  take(): void {
    this.#tokens -= 1;
  }

  /** Takes a token, if it has one. */
  spend(nowMs: number): boolean {
    const has = this.has(nowMs);
    if (has) this.take();
    return has;
  }
}
