/** Loss of datagrams before repair: over the last second or so, and over the last 10 s. Knows nothing of symbols. */

import { seqAdd, type Seq } from "../seq.js";

const BUCKET_MS = 500;
const BUCKETS = 20;

/** Outcomes in a second that a ratio needs to be believed; a slower sender's ratio is taken over a longer time. */
const RECENT_OUTCOMES_MIN = 30;

/** Losses within the recent time that make a sudden rise believable: one or two may be chance. */
const SIGNIFICANT_LOSSES = 3;

/** Runs of losses that the mean run remembers; at first, it counts as so many runs of one. */
const RUN_MEMORY = 16;
const RUNS_ASSUMED = 3;

export class LossEstimator {
  readonly #totals = new Uint32Array(BUCKETS);
  readonly #losses = new Uint32Array(BUCKETS);
  #bucket = 0;
  #bucketEndsMs = -Infinity;

  /** Outcomes and losses since the start. */
  outcomes = 0;
  losses = 0;

  #run = 0;
  #lastLost: Seq | undefined;
  #meanRun = 1;
  /** Runs of losses since the start. */
  runs = 0;

  /** Notes which datagram was lost, in order of their numbers: neighbours are one run. */
  addRun(number: Seq): void {
    if (this.#lastLost !== undefined && number === seqAdd(this.#lastLost, 1)) {
      this.#run++;
    } else {
      if (this.#run > 0) this.#meanRun += (this.#run - this.#meanRun) / Math.min(RUN_MEMORY, RUNS_ASSUMED + this.runs);
      this.runs++;
      this.#run = 1;
    }
    this.#lastLost = number;
  }

  /** Usual number of datagrams lost in a row, 1 or more. */
  get meanRun(): number {
    return this.#meanRun;
  }

  /** Counts the outcome of one datagram. */
  add(lost: boolean, nowMs: number): void {
    this.#advance(nowMs);
    this.#totals[this.#bucket]!++;
    this.outcomes++;
    if (!lost) return;
    this.#losses[this.#bucket]!++;
    this.losses++;
  }

  /** Takes back one loss: the datagram came after all. */
  forgive(): void {
    for (let back = 0; back < BUCKETS; back++) {
      const i = (this.#bucket - back + BUCKETS) % BUCKETS;
      if (this.#losses[i]! > 0) {
        this.#losses[i]!--;
        this.losses--;
        return;
      }
    }
  }

  /** Share lost over the last 10 s, 0..1; 0 without outcomes. */
  longRatio(nowMs: number): number {
    this.#advance(nowMs);
    let total = 0,
      lost = 0;
    for (let i = 0; i < BUCKETS; i++) {
      total += this.#totals[i]!;
      lost += this.#losses[i]!;
    }
    return total === 0 ? 0 : lost / total;
  }

  /** Share lost over the last second, or as far back as it takes to hold 30 outcomes; 0..1. */
  recentRatio(nowMs: number): number {
    const { total, lost } = this.#recent(nowMs);
    return total === 0 ? 0 : lost / total;
  }

  /** True if the recent losses are more than chance. */
  significant(nowMs: number): boolean {
    return this.#recent(nowMs).lost >= SIGNIFICANT_LOSSES;
  }

  #recent(nowMs: number): { total: number; lost: number } {
    this.#advance(nowMs);
    let total = 0,
      lost = 0;
    for (let back = 0; back < BUCKETS && (back < 3 || total < RECENT_OUTCOMES_MIN); back++) {
      const i = (this.#bucket - back + BUCKETS) % BUCKETS;
      total += this.#totals[i]!;
      lost += this.#losses[i]!;
    }
    return { total, lost };
  }

  #advance(nowMs: number): void {
    if (nowMs < this.#bucketEndsMs) return;
    if (nowMs >= this.#bucketEndsMs + BUCKETS * BUCKET_MS) {
      this.#totals.fill(0);
      this.#losses.fill(0);
      this.#bucketEndsMs = nowMs + BUCKET_MS;
      return;
    }
    while (nowMs >= this.#bucketEndsMs) {
      this.#bucket = (this.#bucket + 1) % BUCKETS;
      this.#totals[this.#bucket] = 0;
      this.#losses[this.#bucket] = 0;
      this.#bucketEndsMs += BUCKET_MS;
    }
  }
}
