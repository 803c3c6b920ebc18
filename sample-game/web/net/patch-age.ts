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

/** Ages kept for percentiles, and for how long: ten seconds of 60 patches a second, and some more. */
const AGES_MAX = 1000;
const AGES_MS = 10_000;

/** The quantile of ages that stands for the way without loss. */
const FASTEST = 0.1;

export interface PatchAgeSample {
  /** Of the oldest patch applied since the last sample, ms; while none comes, the growing age of what is on the screen; NaN before the first. */
  readonly ageMs: number;
  /** The longest time without a new patch that ended since the last sample, or that still lasts, ms; NaN before the first patch. */
  readonly standstillMs: number;
}

/** The ages of one connection's patches, and the gaps between them, from sample to sample. */
export class PatchAge {
  readonly #clock: ClockDifference;
  #newest: { readonly stamp: number; readonly ageMs: number; readonly atMs: number } | undefined;
  readonly #recent: { readonly atMs: number; readonly ageMs: number }[] = [];
  #worstMs = NaN;
  #standstillMs = 0;

  constructor(clock: ClockDifference) {
    this.#clock = clock;
  }

  /** A patch was applied. A stamp that is the newest one's is no patch: frames of the unreliable channel bring none. */
  onState(stamp: number, nowMs: number): void {
    const last = this.#newest;
    if (stamp === last?.stamp) return;
    const ageMs = this.#clock.ageMs(stamp, nowMs);
    this.#newest = { stamp, ageMs, atMs: nowMs };
    if (!(this.#worstMs >= ageMs)) this.#worstMs = ageMs;
    this.#recent.push({ atMs: nowMs, ageMs });
    if (this.#recent.length > AGES_MAX) this.#recent.shift();
    if (last !== undefined) this.#standstillMs = Math.max(this.#standstillMs, nowMs - last.atMs);
  }

  /** The ages of the patches of the last ten seconds; of a standstill longer than that, its growing age. */
  recentMs(nowMs: number): number[] {
    while (this.#recent.length > 0 && this.#recent[0]!.atMs < nowMs - AGES_MS) this.#recent.shift();
    if (this.#recent.length > 0 || this.#newest === undefined) return this.#recent.map(({ ageMs }) => ageMs);
    return [this.#newest.ageMs + nowMs - this.#newest.atMs];
  }

  sample(nowMs: number): PatchAgeSample {
    if (this.#newest === undefined) return { ageMs: NaN, standstillMs: NaN };
    const sinceMs = nowMs - this.#newest.atMs;
    const sample = {
      ageMs: Number.isNaN(this.#worstMs) ? this.#newest.ageMs + sinceMs : this.#worstMs,
      standstillMs: Math.max(this.#standstillMs, sinceMs),
    };
    this.#worstMs = NaN;
    this.#standstillMs = 0;
    return sample;
  }
}

/**
 * How much older than the fastest tenth the q-quantile of the ages is, ms; NaN of none. The tenth stands for the way itself:
 * the very fastest may have come by WebSocket, which netem leaves alone.
 */
export function addedMs(agesMs: readonly number[], q: number): number {
  return quantile(agesMs, q) - quantile(agesMs, FASTEST);
}

/** The q-quantile of values, 0..1; NaN of none. Sorts a copy. */
export function quantile(values: readonly number[], q: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(q * sorted.length))] ?? NaN;
}

function wrap(ms: number): number {
  return ((ms % STAMP_RANGE_MS) + STAMP_RANGE_MS) % STAMP_RANGE_MS;
}
