/**
 * The repairs of one stream: holds the symbols that may still need one and asks the plan of the policy in force when,
 * and over what, a repair goes out. Decides nothing itself.
 */
import type { RepairDemand } from "../fec/generation-schedule.js";
import { RepairEncoder } from "../fec/repair-encoder.js";
import type { Seq } from "../seq.js";
import type { RepairSymbol } from "../symbol.js";
import { GenerationPlan } from "./generation-plan.js";
import { RatePlan, type RateOptions } from "./rate-plan.js";
import type { RepairPlan, SentSource } from "./repair-plan.js";
import { ValuePlan, type ValueOptions } from "./value-plan.js";

export type RepairPolicy =
  | { kind: "off" }
  | { kind: "generation"; groupSize: number }
  | ({ kind: "sliding" } & RateOptions)
  | ({ kind: "valued" } & ValueOptions);

export class RepairPlanner {
  readonly #encoder = new RepairEncoder();
  #policy: RepairPolicy = { kind: "off" };
  #plan: RepairPlan | undefined;
  /** Repairs over given symbols that go out at once. */
  readonly #atOnce: RepairDemand[] = [];
  #datagramBytes = 0;

  /** @param ordered whether later messages wait for a missing one. */
  constructor(private readonly ordered: boolean) {}

  /** @param datagramBytes what a datagram costs on the wire beyond its frames. */
  open(datagramBytes: number): void {
    this.#datagramBytes = datagramBytes;
  }

  setPolicy(policy: RepairPolicy): void {
    this.#policy = policy;
    if (policy.kind === "valued" && this.#plan instanceof ValuePlan) this.#plan.options = policy;
    else this.#replan();
  }

  /** Notes that a source symbol was sent for the first time: the first source.bytes of `symbol`, copied. */
  onSource(source: SentSource, symbol: Uint8Array, intervalMs: number, nowMs: number): void {
    this.#encoder.add(source.seq, symbol, source.bytes);
    this.#plan?.onSource(source, intervalMs, nowMs);
  }

  /** The symbol was sent again. */
  onResent(seq: Seq, nowMs: number): void {
    this.#plan?.onResent(seq, nowMs);
  }

  /** The symbol is acknowledged, or too old to be worth repair. */
  onGone(seq: Seq): void {
    this.#encoder.remove(seq);
    this.#plan?.onGone(seq);
  }

  /**
   * A repair to put before new sources into the same datagram: it covers older ones only. Valid until the next call.
   */
  peekPiggyback(nowMs: number): RepairSymbol | undefined {
    return this.#plan?.peek(nowMs);
  }

  /** The repair that `peekPiggyback` gave was sent, or did not fit. */
  takePiggyback(repair: RepairSymbol, sent: boolean, nowMs: number): void {
    if (sent) this.#plan?.onSent(repair);
    else this.#plan?.defer(nowMs);
  }

  /** The next repair whose time has come. Valid until the next call. */
  takeDue(nowMs: number): RepairSymbol | undefined {
    const repair = this.#plan?.due(nowMs);
    if (repair) {
      this.#plan!.onSent(repair);
      return repair;
    }
    for (let demand = this.#atOnce.shift(); demand; demand = this.#atOnce.shift()) {
      const repair = this.#encoder.repairRange(demand.first, demand.count, { row: demand.row });
      if (repair) return repair;
    }
    return undefined;
  }

  /** When `takeDue` may have something to give, ms. */
  get dueMs(): number {
    return this.#atOnce.length > 0 ? -Infinity : (this.#plan?.dueMs ?? Infinity);
  }

  /** Forgets all symbols and what waits: the reliable path carries on. */
  clear(): void {
    this.#encoder.clear();
    this.#replan();
  }

  #replan(): void {
    this.#atOnce.length = 0;
    this.#plan = this.#newPlan(this.#policy);
  }

  #newPlan(policy: RepairPolicy): RepairPlan | undefined {
    if (policy.kind === "generation") return new GenerationPlan(policy.groupSize, this.#atOnce);
    if (policy.kind === "sliding") return new RatePlan(policy, this.#encoder, this.#atOnce);
    if (policy.kind === "valued")
      return new ValuePlan(policy, this.#encoder, this.ordered, this.#atOnce, this.#datagramBytes);
    return undefined;
  }
}
