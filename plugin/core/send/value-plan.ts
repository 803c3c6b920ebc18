/** Repair by what it is worth (fec/value-schedule.ts), within a budget of bytes: the plan of the adaptive option. */
import type { RepairDemand } from "../fec/generation-schedule.js";
import type { RepairEncoder } from "../fec/repair-encoder.js";
import { ValueSchedule, fragmentRepairsByValue } from "../fec/value-schedule.js";
import type { RepairValue } from "../repair-value.js";
import type { Seq } from "../seq.js";
import type { RepairSymbol } from "../symbol.js";
import { REPAIR_FRAME_HEADER_BYTES } from "../wire/constants.js";
import { SEPARATE_DELAY_MS, fragmentDemand, tailMs, type RepairPlan, type SentSource } from "./repair-plan.js";

/** Weight of the newest in the share of separate repairs that were worth it. */
const SEPARATE_SHARE_WEIGHT = 1 / 16;

/** Time's worth of repair bytes that may be saved up, s. */
const BUDGET_BURST_S = 1;

export interface ValueOptions {
  value: RepairValue;
  /** True: repairs go out on their own a few milliseconds later, instead of with the next patch. */
  separate: boolean;
  /** Bytes of repair symbols, at most. */
  bytesPerSecondMax: number;
}

export class ValuePlan implements RepairPlan {
  readonly #schedule: ValueSchedule;
  /** Whether a source was sent since the last repair: two repairs in one datagram would be lost together. */
  #fresh = false;
  #dueMs = Infinity;
  #intervalMs = 0;
  /** Bytes of repair that may be sent now. */
  #budgetBytes = 0;
  #budgetAtMs = -Infinity;
  /** Share of the times at which a separate repair was due that one was worth its bytes, lately. */
  #separateShare = 0;

  /**
   * @param ordered whether later messages wait for a missing one. @param atOnce repairs to send at once are put here.
   * @param datagramBytes what a datagram costs on the wire beyond its frames.
   */
  constructor(
    public options: ValueOptions,
    private readonly encoder: RepairEncoder,
    ordered: boolean,
    private readonly atOnce: RepairDemand[],
    private readonly datagramBytes: number,
  ) {
    this.#schedule = new ValueSchedule(ordered);
    encoder.forEach((seq, bytes) => this.#schedule.add(seq, bytes));
  }

  onSource({ seq, bytes, fragment, fragments }: SentSource, intervalMs: number, nowMs: number): void {
    this.#schedule.add(seq, bytes);
    this.#fresh = true;
    this.#intervalMs = intervalMs;
    // A separate repair follows the first source of a tick; one that waits for the next patch waits for that of the
    // last.
    this.#dueMs = this.options.separate ? Math.min(this.#dueMs, nowMs + SEPARATE_DELAY_MS) : nowMs + tailMs(intervalMs);
    if (fragments > 1 && fragment === fragments - 1) this.#repairFragments(seq, bytes, fragments, nowMs);
  }

  onResent(seq: Seq, nowMs: number): void {
    this.#schedule.onResent(seq);
    this.#fresh = true;
    this.#dueMs = Math.min(this.#dueMs, nowMs + (this.options.separate ? SEPARATE_DELAY_MS : tailMs(this.#intervalMs)));
  }

  onGone(seq: Seq): void {
    this.#schedule.remove(seq);
  }

  peek(nowMs: number): RepairSymbol | undefined {
    if (!this.#fresh) return undefined;
    // Where repairs usually go out on their own soon, one that travels with this patch saves little time.
    const waitMs = this.options.separate
      ? this.#intervalMs - this.#separateShare * (this.#intervalMs - SEPARATE_DELAY_MS)
      : this.#intervalMs;
    return this.#worthwhile(REPAIR_FRAME_HEADER_BYTES, nowMs, waitMs, 1);
  }

  onSent(repair: RepairSymbol): void {
    this.#budgetBytes -= repair.bytes.length;
    this.#schedule.onRepair(repair.bytes.length);
    this.#fresh = false;
  }

  defer(nowMs: number): void {
    this.#dueMs = nowMs;
  }

  due(nowMs: number): RepairSymbol | undefined {
    if (this.#dueMs > nowMs) return undefined;
    // As long as symbols are not acknowledged, time alone can make another repair worth its bytes.
    this.#dueMs = this.encoder.size > 0 ? nowMs + tailMs(this.#intervalMs) : Infinity;
    const repair = this.#worthwhile(REPAIR_FRAME_HEADER_BYTES + this.datagramBytes, nowMs, this.#intervalMs);
    this.#separateShare += ((repair ? 1 : 0) - this.#separateShare) * SEPARATE_SHARE_WEIGHT;
    return repair;
  }

  get dueMs(): number {
    return this.#dueMs;
  }

  /** Parameters as of ValueSchedule.repairBytes. */
  #worthwhile(headerBytes: number, nowMs: number, waitMs: number, coming = 0): RepairSymbol | undefined {
    const bytes = this.#schedule.repairBytes(this.options.value, waitMs, headerBytes, coming);
    return bytes > 0 && this.#affords(bytes, nowMs) ? this.encoder.repairUpTo(bytes) : undefined;
  }

  /** Repairs with the fragments of one message, at once: a lost fragment then costs no tick. */
  #repairFragments(last: Seq, bytes: number, fragments: number, nowMs: number): void {
    let repairs = fragmentRepairsByValue(
      fragments,
      bytes + REPAIR_FRAME_HEADER_BYTES + this.datagramBytes,
      this.options.value,
      this.#intervalMs,
    );
    while (repairs > 0 && !this.#affords(repairs * bytes, nowMs)) repairs--;
    this.#budgetBytes -= repairs * bytes;
    this.#schedule.onRepairsOfNewest(fragments, repairs);
    for (let i = 0; i < repairs; i++) this.atOnce.push(fragmentDemand(last, fragments));
  }

  #affords(bytes: number, nowMs: number): boolean {
    const rate = this.options.bytesPerSecondMax;
    this.#budgetBytes = Math.min(
      rate * BUDGET_BURST_S,
      this.#budgetBytes + rate * Math.min(BUDGET_BURST_S, (nowMs - this.#budgetAtMs) / 1000),
    );
    this.#budgetAtMs = nowMs;
    return this.#budgetBytes >= bytes;
  }
}
