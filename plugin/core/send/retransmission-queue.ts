/**
 * The ordered symbols that are to be sent again, oldest first. Decides only whether a datagram may carry one once more.
 */
import { SYMBOL_SENDS_MAX } from "../limits.js";
import { seqDiff, type Seq } from "../seq.js";
import type { OrderedBuffer, OutgoingSymbol } from "./ordered-buffer.js";

export class RetransmissionQueue {
  readonly #seqs: Seq[] = [];

  /** As given to `addOverdue`; kept here, so that the visitor need not be made anew for every feedback. */
  #overdueMs = -Infinity;
  #overdueAgainMs = -Infinity;
  readonly #addIfOverdue = (slot: OutgoingSymbol): void => {
    if (slot.state === "new" || slot.firstSentMs > this.#overdueMs) return;
    if (
      slot.state === "kept" ||
      (slot.sends === 1 && slot.lastSentMs <= this.#overdueMs) ||
      slot.lastSentMs <= this.#overdueAgainMs
    )
      this.add(slot);
  };

  constructor(private readonly ordered: OrderedBuffer) {}

  /** False if no datagram is to carry the symbol again: the reliable path does, or soon will. */
  add(slot: OutgoingSymbol): boolean {
    if ((slot.state !== "inFlight" && slot.state !== "kept") || slot.sends >= SYMBOL_SENDS_MAX) return false;
    // How late a kept symbol is counts from its datagram on: before, that was the reliable path's matter.
    if (slot.state === "kept") slot.firstSentMs = Infinity;
    slot.state = "lost";
    let at = this.#seqs.length;
    while (at > 0 && seqDiff(this.#seqs[at - 1]!, slot.seq) > 0) at--;
    this.#seqs.splice(at, 0, slot.seq);
    return true;
  }

  /** Takes what was first sent before overdueMs, once, and what was last sent before againMs, again. */
  addOverdue(overdueMs: number, againMs: number): void {
    this.#overdueMs = overdueMs;
    this.#overdueAgainMs = againMs;
    this.ordered.forEach(this.#addIfOverdue);
  }

  /**
   * The oldest symbol; those acknowledged or sent since are dropped. @param carried only one that the reliable path
   * does not carry yet.
   */
  next(carried: boolean): OutgoingSymbol | undefined {
    for (let i = 0; i < this.#seqs.length;) {
      const slot = this.ordered.get(this.#seqs[i]!);
      if (slot?.state !== "lost") this.#seqs.splice(i, 1);
      else if (carried && slot.rescued) i++;
      else return slot;
    }
    return undefined;
  }

  clear(): void {
    this.#seqs.length = 0;
  }
}
