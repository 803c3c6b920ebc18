/**
 * How old patches are when they are applied. The stamps are the server's clock and the arrivals are this machine's, whose
 * difference nobody knows: the least difference ever seen stands for it, so an age is what a patch took beyond the
 * fastest one. The first state comes by WebSocket, which netem leaves alone: that one is the fastest in practice.
 * Needs no DOM; the stamps: protocol/patch-clock.ts.
 */

const STAMP_RANGE_MS = 65536;

/** Clocks of two machines drift apart by up to this much, ms per ms: so much does the least difference seen lose its hold. */
const DRIFT_RATIO = 20e-6;

/** The difference between this machine's clock and the server's stamps: shared by all connections of a page to one server. */
export class ClockDifference {
  #leastMs: number | undefined;
  #atMs = 0;

  /** Age of a patch stamped `stamp` (0..65535 ms) that is here at `nowMs` (this machine's clock), ms, 0 to half the range. */
  ageMs(stamp: number, nowMs: number): number {
    const differenceMs = wrap(nowMs - stamp);
    const leastMs = (this.#leastMs ?? differenceMs) + (nowMs - this.#atMs) * DRIFT_RATIO;
    const ageMs = wrap(differenceMs - leastMs);
    if (this.#leastMs !== undefined && ageMs < STAMP_RANGE_MS / 2) return ageMs;
    // The first one, or it came faster than any before.
    this.#leastMs = differenceMs;
    this.#atMs = nowMs;
    return 0;
  }
}

/** The ages of one connection between two samples of the panel. */
export class PatchAge {
  readonly #clock: ClockDifference;
  #newest: { readonly stamp: number; readonly ageMs: number; readonly atMs: number } | undefined;
  #worstMs = NaN;

  constructor(clock: ClockDifference) {
    this.#clock = clock;
  }

  /** A patch was applied. A stamp that is the newest one's is no patch: frames of the unreliable channel bring none. */
  onState(stamp: number, nowMs: number): void {
    if (stamp === this.#newest?.stamp) return;
    const ageMs = this.#clock.ageMs(stamp, nowMs);
    this.#newest = { stamp, ageMs, atMs: nowMs };
    if (!(this.#worstMs >= ageMs)) this.#worstMs = ageMs;
  }

  /** The age of the oldest patch applied since the last sample, ms; while none comes, the growing age of what is on the screen; NaN before the first. */
  sample(nowMs: number): number {
    const worstMs = this.#worstMs;
    this.#worstMs = NaN;
    if (!Number.isNaN(worstMs) || this.#newest === undefined) return worstMs;
    return this.#newest.ageMs + nowMs - this.#newest.atMs;
  }
}

/** The q-quantile of values, 0..1; NaN of none. Sorts a copy. */
export function quantile(values: readonly number[], q: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(q * sorted.length))] ?? NaN;
}

function wrap(ms: number): number {
  return ((ms % STAMP_RANGE_MS) + STAMP_RANGE_MS) % STAMP_RANGE_MS;
}
