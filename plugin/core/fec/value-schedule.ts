/**
 * The schedule of adaptive repair: how long the next repair symbol should be, by what it is worth. A repair of L bytes
 * covers every symbol held that is no longer than L. What it is worth is the delay that it saves on average: for each
 * symbol, the probability that it is missing and that no repair so far mends it, times the messages that wait for it,
 * times the time until the next repair could go out. The longest L is taken whose bytes are worth their price. Decides
 * only; the encoder computes.
 *
 * One rule yields what a ladder of code rates must be tuned for: rarer loss gives fewer repairs over more symbols, long
 * symbols wait for company, losses in bursts give repairs that reach back, and a retransmitted symbol is covered at
 * once. `npm run bench:sim -- --bars` measures it.
 */
import { ENCODING_WINDOW_SYMBOLS_MAX, REPAIR_SPAN_MAX } from "../limits.js";
import type { RepairValue } from "../repair-value.js";
import { seqDiff, type Seq } from "../seq.js";

/**
 * What messages that wait are worth, as a power of their number: a long hold is felt more than as many short ones; 1.5
 * measured best (1 to 2 differ little).
 */
const WAITING_EXPONENT = 1.5;

/**
 * Patch intervals of one message that fragments without a repair among them cost: the next repair as long as a fragment
 * is far off, and all that follows waits.
 */
const FRAGMENT_INTERVALS = 10;

/** Repairs over one symbol that are told apart. */
const COVERS_MAX = 15;

export class ValueSchedule {
  /** The symbols that may still be needed, oldest first; the same as the encoder holds. */
  readonly #seqs = new Uint32Array(ENCODING_WINDOW_SYMBOLS_MAX);
  readonly #bytes = new Uint16Array(ENCODING_WINDOW_SYMBOLS_MAX);
  readonly #covers = new Uint8Array(ENCODING_WINDOW_SYMBOLS_MAX);
  /** Indices of the above by length, shortest first: scratch. */
  readonly #byLength = new Uint8Array(ENCODING_WINDOW_SYMBOLS_MAX);
  #count = 0;

  /** @param ordered true: later messages wait for a missing one. */
  constructor(private readonly ordered: boolean) {}

  /** A symbol of `bytes` bytes was sent for the first time; seq is newer than all before. */
  add(seq: Seq, bytes: number): void {
    if (this.#count === ENCODING_WINDOW_SYMBOLS_MAX) this.#removeAt(0);
    this.#seqs[this.#count] = seq;
    this.#bytes[this.#count] = bytes;
    this.#covers[this.#count] = 0;
    this.#count++;
  }

  /** The symbol is acknowledged or given up. */
  remove(seq: Seq): void {
    const index = this.#indexOf(seq);
    if (index >= 0) this.#removeAt(index);
  }

  /** The symbol was sent again: what covered it before no longer counts. */
  onResent(seq: Seq): void {
    const index = this.#indexOf(seq);
    if (index >= 0) this.#covers[index] = 0;
  }

  /**
   * Bytes of the repair symbol that is worth sending now, 0 for none.
   * @param waitMs time until the next could go out; @param headerBytes what a repair costs beyond its symbol.
   * @param coming messages that go out together with this repair: they wait for what is missing as well.
   */
  repairBytes(value: RepairValue, waitMs: number, headerBytes: number, coming = 0): number {
    this.#sortByLength();
    const newest = this.#seqs[this.#count - 1]!;
    let best = 0,
      bestMs = 0,
      savedMs = 0;
    for (let i = 0; i < this.#count; i++) {
      const index = this.#byLength[i]!;
      const age = seqDiff(newest, this.#seqs[index]!);
      if (age >= REPAIR_SPAN_MAX) continue;
      const missing = value.lossRatio * value.relossRatio ** this.#covers[index]!;
      savedMs += missing * (this.ordered ? (age + 1 + coming) ** WAITING_EXPONENT : 1) * waitMs;
      const bytes = this.#bytes[index]!;
      const gainMs = savedMs - value.msPerByte * (bytes + headerBytes);
      if (gainMs > bestMs) {
        bestMs = gainMs;
        best = bytes;
      }
    }
    return best;
  }

  /** A repair of so many bytes was sent: it covers all that are no longer. */
  onRepair(bytes: number): void {
    for (let index = 0; index < this.#count; index++) {
      if (this.#bytes[index]! <= bytes && this.#covers[index]! < COVERS_MAX) this.#covers[index]!++;
    }
  }

  /** The newest `count` symbols were covered by `repairs` of their own. */
  onRepairsOfNewest(count: number, repairs: number): void {
    for (let index = Math.max(0, this.#count - count); index < this.#count; index++) {
      this.#covers[index] = Math.min(COVERS_MAX, this.#covers[index]! + repairs);
    }
  }

  #sortByLength(): void {
    const order = this.#byLength,
      bytes = this.#bytes;
    for (let i = 0; i < this.#count; i++) {
      let at = i;
      for (; at > 0 && bytes[order[at - 1]!]! > bytes[i]!; at--) order[at] = order[at - 1]!;
      order[at] = i;
    }
  }

  #indexOf(seq: Seq): number {
    for (let index = 0; index < this.#count; index++) if (this.#seqs[index] === seq) return index;
    return -1;
  }

  #removeAt(removed: number): void {
    this.#count--;
    for (let index = removed; index < this.#count; index++) {
      this.#seqs[index] = this.#seqs[index + 1]!;
      this.#bytes[index] = this.#bytes[index + 1]!;
      this.#covers[index] = this.#covers[index + 1]!;
    }
  }
}

/**
 * Repairs of `bytes` bytes that are worth sending at once with the `fragments` symbols of one message: one more as long
 * as the probability that so many of them are lost is worth its bytes. Losses are taken as independent, which within
 * one instant is the best that can be hoped for.
 */
export function fragmentRepairsByValue(
  fragments: number,
  bytes: number,
  value: RepairValue,
  intervalMs: number,
): number {
  const p = value.lossRatio;
  let exactly = (1 - p) ** fragments,
    more = 1 - exactly;
  let repairs = 0;
  while (repairs < fragments && more * FRAGMENT_INTERVALS * intervalMs > value.msPerByte * bytes) {
    repairs++;
    exactly *= (((fragments - repairs + 1) / repairs) * p) / (1 - p);
    more -= exactly;
  }
  return repairs;
}
