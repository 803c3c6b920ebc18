/**
 * Generations (block-code FEC groups): every so many sources one XOR repair at once, and a partial one when it is
 * overdue.
 */
import { GenerationSchedule, type RepairDemand } from "../fec/generation-schedule.js";
import type { Seq } from "../seq.js";
import type { RepairPlan, SentSource } from "./repair-plan.js";

export class GenerationPlan implements RepairPlan {
  readonly #schedule: GenerationSchedule;

  /** @param atOnce repairs to send at once are put here. */
  constructor(
    readonly groupSize: number,
    private readonly atOnce: RepairDemand[],
  ) {
    this.#schedule = new GenerationSchedule(groupSize);
  }

  onSource({ seq }: SentSource, _intervalMs: number, nowMs: number): void {
    this.#ask(this.#schedule.onSource(seq, nowMs));
  }

  due(nowMs: number): undefined {
    if (this.#schedule.deadlineMs() <= nowMs) this.#ask(this.#schedule.onDeadline(nowMs));
  }

  get dueMs(): number {
    return this.#schedule.deadlineMs();
  }

  peek(): undefined {}
  onSent(): void {}
  defer(): void {}
  onResent(_seq: Seq): void {}
  onGone(_seq: Seq): void {}

  #ask(demand: RepairDemand | undefined): void {
    if (demand) this.atOnce.push(demand);
  }
}
