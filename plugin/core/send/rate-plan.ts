/**
 * A sliding encoding window at a fixed code rate: so many repairs per source, each over the newest symbols (FEC.md
 * section 3).
 */
import type { RepairDemand } from "../fec/generation-schedule.js";
import type { RepairEncoder } from "../fec/repair-encoder.js";
import { SlidingSchedule, fragmentRepairs } from "../fec/sliding-schedule.js";
import { ENCODING_WINDOW_SYMBOLS_MAX } from "../limits.js";
import type { Seq } from "../seq.js";
import type { RepairSymbol } from "../symbol.js";
import { SEPARATE_DELAY_MS, fragmentDemand, tailMs, type RepairPlan, type SentSource } from "./repair-plan.js";

/** Share of the fragments of one message that is sent as repairs with them, for a code rate of 1. */
const FRAGMENT_REPAIR_SHARE = 0.34;

/** Repairs that may wait; more sources than this at once are a burst, and what they miss is retransmitted. */
const PENDING_REPAIRS_MAX = 8;

const NEWEST = { row: "cauchy", freeRiders: true } as const;

export interface RateOptions {
  /** Repairs per source, above 0 to 1. */
  codeRate: number;
  /** Newest symbols that a repair covers at least. */
  depth: number;
  /** True: repairs go out on their own a few milliseconds later, instead of with the next patch. */
  separate: boolean;
}

export class RatePlan implements RepairPlan {
  readonly #schedule = new SlidingSchedule();
  /** Repairs over the newest symbols that wait for the next patch or for their time. */
  #pending = 0;
  #dueMs = Infinity;
  /** Sources sent since the first of them came to wait: repairs reach back over these too. */
  #sourcesSince = 0;

  /** @param atOnce repairs to send at once are put here. */
  constructor(
    readonly options: RateOptions,
    private readonly encoder: RepairEncoder,
    private readonly atOnce: RepairDemand[],
  ) {
    this.#schedule.setCodeRate(options.codeRate);
  }

  onSource({ seq, fragment, fragments }: SentSource, intervalMs: number, nowMs: number): void {
    const { codeRate, separate } = this.options;
    if (fragments > 1) {
      if (fragment < fragments - 1) return;
      const repairs = fragmentRepairs(fragments, FRAGMENT_REPAIR_SHARE * (0.6 + 0.4 * codeRate));
      for (let i = 0; i < repairs; i++) this.atOnce.push(fragmentDemand(seq, fragments));
      return;
    }
    if (this.#pending > 0) this.#sourcesSince++;
    if (this.#schedule.onSource(seq) === 0) return;
    this.#pending = Math.min(PENDING_REPAIRS_MAX, this.#pending + 1);
    if (this.#dueMs === Infinity) this.#dueMs = nowMs + (separate ? SEPARATE_DELAY_MS : tailMs(intervalMs));
  }

  peek(): RepairSymbol | undefined {
    return this.#pending === 0 || this.options.separate ? undefined : this.#newest();
  }

  onSent(): void {
    if (--this.#pending === 0) this.#stop();
  }

  defer(nowMs: number): void {
    this.#dueMs = nowMs;
  }

  due(nowMs: number): RepairSymbol | undefined {
    return this.#pending === 0 || this.#dueMs > nowMs ? undefined : this.#newest();
  }

  get dueMs(): number {
    return this.#dueMs;
  }

  onResent(_seq: Seq): void {}
  onGone(_seq: Seq): void {}

  #newest(): RepairSymbol | undefined {
    if (this.encoder.size === 0) {
      this.#stop();
      return undefined;
    }
    const count = Math.max(this.#schedule.repairCount + this.#sourcesSince, this.options.depth);
    return this.encoder.repairNewest(Math.min(ENCODING_WINDOW_SYMBOLS_MAX, count), NEWEST);
  }

  #stop(): void {
    this.#pending = 0;
    this.#dueMs = Infinity;
    this.#sourcesSince = 0;
  }
}
