/**
 * The schedule of block codes, the reference's: every `groupSize` source symbols are a generation, closed by one XOR
 * repair. A generation that nobody fills is closed by a deadline, so the end of a burst is protected too. Decides only;
 * the encoder computes.
 */

import {
  GENERATION_SIZE_DEFAULT,
  GENERATION_SIZE_MAX,
  GENERATION_SIZE_MIN,
  PARTIAL_GENERATION_MS,
  REPAIR_SPAN_MAX,
} from "../limits.js";
import { seqDiff, type Seq } from "../seq.js";
import { checkInteger } from "./check-integer.js";
import type { RowKind } from "./repair-encoder.js";

/** What a repair symbol is to cover: those of first .. first + count - 1 that are still held. */
export interface RepairDemand {
  first: Seq;
  count: number;
  row: RowKind;
}

export class GenerationSchedule {
  readonly #groupSize: number;
  readonly #partialGenerationMs: number;
  #first: Seq = 0;
  #last: Seq = 0;
  #sources = 0;
  #deadlineMs = Infinity;

  /**
   * groupSize: sources in a generation, 2..16, default 4. partialGenerationMs: time after its last source when a
   * partial one is closed, default 50.
   * @throws TypeError, RangeError
   */
  constructor(groupSize = GENERATION_SIZE_DEFAULT, options: { partialGenerationMs?: number } = {}) {
    this.#groupSize = checkInteger("groupSize", groupSize, GENERATION_SIZE_MIN, GENERATION_SIZE_MAX);
    this.#partialGenerationMs = options.partialGenerationMs ?? PARTIAL_GENERATION_MS;
    if (!(this.#partialGenerationMs >= 0))
      throw new RangeError(`"partialGenerationMs" expected 0 or more, got ${this.#partialGenerationMs}`);
  }

  /**
   * Counts a source symbol sent for the first time; returns the demand when that closes a generation.
   * A generation that numbers skipped over would stretch past the span of a repair is closed without the new symbol,
   * which opens the next.
   */
  onSource(seq: Seq, nowMs: number): RepairDemand | undefined {
    const stretched = this.#sources > 0 && seqDiff(seq, this.#first) >= REPAIR_SPAN_MAX;
    const demand = stretched ? this.#close() : undefined;
    if (this.#sources === 0) this.#first = seq;
    this.#last = seq;
    this.#sources++;
    this.#deadlineMs = nowMs + this.#partialGenerationMs;
    return this.#sources === this.#groupSize ? this.#close() : demand;
  }

  /** When the open generation is to be closed; Infinity when none is open. */
  deadlineMs(): number {
    return this.#deadlineMs;
  }

  /** The demand for the partial generation, one of a single symbol included, when its deadline has passed. */
  onDeadline(nowMs: number): RepairDemand | undefined {
    return nowMs >= this.#deadlineMs ? this.#close() : undefined;
  }

  #close(): RepairDemand {
    this.#sources = 0;
    this.#deadlineMs = Infinity;
    return { first: this.#first, count: seqDiff(this.#last, this.#first) + 1, row: "xor" };
  }
}
