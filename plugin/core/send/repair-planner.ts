/**
 * When, and over what, the repair symbols of one stream go out. The schedules say how many; this adds the timing:
 * with the next patch, on their own a few milliseconds later, or at once for the fragments of one message
 * (FEC.md section 3). Repairs are computed when they are sent, so what is acknowledged by then costs nothing.
 */
import { GenerationSchedule, type RepairDemand } from "../fec/generation-schedule.js";
import { RepairEncoder } from "../fec/repair-encoder.js";
import { SlidingSchedule, fragmentRepairs } from "../fec/sliding-schedule.js";
import { ENCODING_WINDOW_SYMBOLS_MAX } from "../limits.js";
import type { Seq } from "../seq.js";
import type { RepairSymbol } from "../symbol.js";

/** Time between a source symbol and its separate repair, ms: far enough apart that two losses are nearly independent. */
const SEPARATE_DELAY_MS = 7;

/** A repair that waits for the next patch goes out on its own after this many patch intervals, within bounds in ms. */
const TAIL_INTERVALS = 1.25;
const TAIL_MS_MIN = 8;
const TAIL_MS_MAX = 60;

/** Share of the fragments of one message that is sent as repairs with them, for a code rate of 1. */
const FRAGMENT_REPAIR_SHARE = 0.34;

/** Time's worth of repair bytes that may be saved up, s. */
const BUDGET_BURST_S = 1;

/** Repairs that may wait; more sources than this at once are fragments or a burst, and what they miss is retransmitted. */
const PENDING_REPAIRS_MAX = 8;

const NEWEST = { row: "cauchy", freeRiders: true } as const;

export type RepairPolicy =
  | { kind: "off" }
  | { kind: "generation"; groupSize: number }
  | { kind: "sliding"; codeRate: number; depth: number; separate: boolean; bytesPerSecondMax?: number };

export class RepairPlanner {
  readonly encoder = new RepairEncoder();
  #policy: RepairPolicy = { kind: "off" };
  #generation: GenerationSchedule | undefined;
  readonly #sliding = new SlidingSchedule();
  /** Repairs over the newest symbols that wait for the next patch or for their time. */
  #pending = 0;
  #pendingDueMs = Infinity;
  /** Sources sent since the first of them came to wait: repairs reach back over these too. */
  #sourcesSince = 0;
  /** Bytes of repair that may be sent now, where the policy bounds them. */
  #budgetBytes = 0;
  #budgetAtMs = 0;
  /** Repairs over given ranges that go out at once. */
  readonly #ranges: RepairDemand[] = [];

  get policy(): RepairPolicy {
    return this.#policy;
  }

  setPolicy(policy: RepairPolicy): void {
    const before = this.#policy;
    this.#policy = policy;
    if (policy.kind === "generation") {
      if (before.kind !== "generation" || before.groupSize !== policy.groupSize) this.#generation = new GenerationSchedule(policy.groupSize);
    } else {
      this.#generation = undefined;
    }
    this.#sliding.setCodeRate(policy.kind === "sliding" ? policy.codeRate : 0);
    if (this.#sliding.repairCount === 0) this.#dropPending();
  }

  /**
   * Notes that a source symbol was sent for the first time. It is the first symbolBytes of `symbol`, copied.
   * It is fragment number `fragment` of its message's `fragments`.
   */
  onSource(seq: Seq, symbol: Uint8Array, symbolBytes: number, fragment: number, fragments: number, intervalMs: number, nowMs: number): void {
    this.encoder.add(seq, symbol, symbolBytes);
    const policy = this.#policy;
    if (this.#generation) {
      const demand = this.#generation.onSource(seq, nowMs);
      if (demand) this.#ranges.push(demand);
    } else if (policy.kind === "sliding" && policy.codeRate > 0) {
      if (fragments > 1) {
        if (fragment === fragments - 1) this.#addFragmentRepairs(seq, fragments, policy.codeRate);
        return;
      }
      if (this.#pending > 0) this.#sourcesSince++;
      const due = this.#sliding.onSource(seq);
      if (due === 0) return;
      this.#pending = Math.min(PENDING_REPAIRS_MAX, this.#pending + due);
      const delayMs = policy.separate ? SEPARATE_DELAY_MS : Math.min(TAIL_MS_MAX, Math.max(TAIL_MS_MIN, TAIL_INTERVALS * intervalMs));
      if (this.#pendingDueMs === Infinity) this.#pendingDueMs = nowMs + delayMs;
    }
  }

  /** The symbol is acknowledged, or too old to be worth repair. */
  onGone(seq: Seq): void {
    this.encoder.remove(seq);
  }

  /** A repair to put before new sources into the same datagram: it covers older ones only. Valid until the next call. */
  peekPiggyback(nowMs: number): RepairSymbol | undefined {
    if (this.#pending === 0 || (this.#policy.kind === "sliding" && this.#policy.separate)) return undefined;
    return this.#newest(nowMs);
  }

  /** The repair that `peekPiggyback` gave was sent, or is to go out on its own without more delay. */
  takePiggyback(repair: RepairSymbol, sent: boolean, nowMs: number): void {
    if (!sent) {
      this.#pendingDueMs = nowMs;
      return;
    }
    this.#budgetBytes -= repair.bytes.length;
    this.#pending--;
    if (this.#pending === 0) {
      this.#pendingDueMs = Infinity;
      this.#sourcesSince = 0;
    }
  }

  /** The next repair whose time has come. Valid until the next call. */
  takeDue(nowMs: number): RepairSymbol | undefined {
    if (this.#generation && this.#generation.deadlineMs() <= nowMs) {
      const demand = this.#generation.onDeadline(nowMs);
      if (demand) this.#ranges.push(demand);
    }
    for (let range = this.#ranges.shift(); range; range = this.#ranges.shift()) {
      const repair = this.encoder.repairRange(range.first, range.count, { row: range.row });
      if (!repair || !this.#affords(repair, nowMs)) continue;
      this.#budgetBytes -= repair.bytes.length;
      return repair;
    }
    if (this.#pending === 0 || this.#pendingDueMs > nowMs) return undefined;
    const repair = this.#newest(nowMs);
    if (repair) this.takePiggyback(repair, true, nowMs);
    return repair;
  }

  /** When `takeDue` has something to give, ms. */
  get dueMs(): number {
    if (this.#ranges.length > 0) return -Infinity;
    return Math.min(this.#pendingDueMs, this.#generation?.deadlineMs() ?? Infinity);
  }

  /** Forgets all symbols and what waits: the reliable path carries on. */
  clear(): void {
    this.encoder.clear();
    this.#dropPending();
    if (this.#policy.kind === "generation") this.#generation = new GenerationSchedule(this.#policy.groupSize);
  }

  get #depth(): number {
    return this.#policy.kind === "sliding" ? this.#policy.depth : 1;
  }

  /** True if the policy's byte rate allows this repair now. */
  #affords(repair: RepairSymbol, nowMs: number): boolean {
    const rate = this.#policy.kind === "sliding" ? this.#policy.bytesPerSecondMax : undefined;
    if (rate === undefined) return true;
    this.#budgetBytes = Math.min(rate * BUDGET_BURST_S, this.#budgetBytes + rate * (nowMs - this.#budgetAtMs) / 1000);
    this.#budgetAtMs = nowMs;
    return this.#budgetBytes >= repair.bytes.length;
  }

  #newest(nowMs: number): RepairSymbol | undefined {
    const count = Math.min(ENCODING_WINDOW_SYMBOLS_MAX, Math.max(this.#sliding.repairCount + this.#sourcesSince, this.#depth));
    const repair = this.encoder.size > 0 ? this.encoder.repairNewest(count, NEWEST) : undefined;
    if (repair && this.#affords(repair, nowMs)) return repair;
    this.#dropPending();
    return undefined;
  }

  #addFragmentRepairs(last: Seq, fragments: number, codeRate: number): void {
    const repairs = fragmentRepairs(fragments, FRAGMENT_REPAIR_SHARE * Math.min(1, 0.6 + 0.4 * codeRate));
    for (let i = 0; i < repairs; i++) this.#ranges.push({ first: (last - fragments + 1) >>> 0, count: fragments, row: "cauchy" });
  }

  #dropPending(): void {
    this.#pending = 0;
    this.#pendingDueMs = Infinity;
    this.#sourcesSince = 0;
    this.#ranges.length = 0;
  }
}
