/**
 * The symbols that a decoder knows, received or recovered, from the newest back: a ring indexed by sequence number.
 * Knows nothing of equations. What falls out at the old end is forgotten, and counts as stale from then on.
 */

import { seqAdd, seqDiff, type Seq } from "../seq.js";
import type { Block, BlockPool } from "./block-pool.js";

export class SymbolHistory {
  /** Both ends of the history; newest may be unknown only after `advance`, or before the first symbol. */
  #oldestSeq: Seq;
  #newestSeq: Seq;
  readonly #mask: number;
  readonly #blocks: (Block | undefined)[];
  readonly #lengths: Uint16Array;
  /** Views handed out, made once per symbol and only when asked for. */
  readonly #views: (Uint8Array | undefined)[];
  readonly #unpolled: Uint8Array;
  #unpolledCount = 0;

  /**
   * `symbols` is how many sequence numbers it covers; the ring is the next power of two, so that wrapping stays even.
   */
  constructor(
    firstSeq: Seq,
    private readonly symbols: number,
    private readonly pool: BlockPool,
  ) {
    const capacity = 2 ** Math.ceil(Math.log2(symbols));
    this.#mask = capacity - 1;
    this.#oldestSeq = firstSeq;
    this.#newestSeq = seqAdd(firstSeq, -1);
    this.#blocks = new Array<Block | undefined>(capacity).fill(undefined);
    this.#views = new Array<Uint8Array | undefined>(capacity).fill(undefined);
    this.#lengths = new Uint16Array(capacity);
    this.#unpolled = new Uint8Array(capacity);
  }

  /** Symbols before this one are stale. */
  get oldest(): Seq {
    return this.#oldestSeq;
  }

  /** The newest symbol known or passed by; before the first, the one before it. */
  get newest(): Seq {
    return this.#newestSeq;
  }

  /** Whether the symbol is known and still here. */
  has(seq: Seq): boolean {
    return this.#covers(seq) && this.#blocks[seq & this.#mask] !== undefined;
  }

  /** The known symbol's block, padded with zeros. */
  block(seq: Seq): Block | undefined {
    return this.#covers(seq) ? this.#blocks[seq & this.#mask] : undefined;
  }

  /** The known symbol's length in bytes, 0 when unknown. */
  bytesOf(seq: Seq): number {
    return this.#covers(seq) ? this.#lengths[seq & this.#mask]! : 0;
  }

  /** A view of the known symbol, valid until it leaves the history. */
  view(seq: Seq): Uint8Array | undefined {
    const block = this.block(seq);
    if (!block) return undefined;
    const slot = seq & this.#mask;
    return (this.#views[slot] ??= block.bytes.subarray(0, this.#lengths[slot]));
  }

  /**
   * Takes over the block of a symbol that is not known yet and not before `oldest`; moves the newest end up to it.
   * `recovered` queues it for `pollRecovered`.
   */
  store(seq: Seq, block: Block, bytes: number, recovered: boolean): void {
    this.advance(seq);
    const slot = seq & this.#mask;
    this.#blocks[slot] = block;
    this.#lengths[slot] = bytes;
    if (!recovered) return;
    this.#unpolled[slot] = 1;
    this.#unpolledCount++;
  }

  /** The oldest recovered symbol that was not given yet. Looks at no more slots than the history has. */
  pollRecovered(): Seq | undefined {
    if (this.#unpolledCount === 0) return undefined;
    for (let seq = this.#oldestSeq; seqDiff(this.#newestSeq, seq) >= 0; seq = seqAdd(seq, 1)) {
      const slot = seq & this.#mask;
      if (this.#unpolled[slot] === 0) continue;
      this.#unpolled[slot] = 0;
      this.#unpolledCount--;
      return seq;
    }
    return undefined;
  }

  /** Moves the newest end up to seq, if that is after it; what falls out is released. */
  advance(seq: Seq): void {
    if (seqDiff(seq, this.#newestSeq) <= 0) return;
    const oldest = seqAdd(seq, 1 - this.symbols);
    if (seqDiff(oldest, this.#oldestSeq) > 0) {
      this.#release(Math.min(seqDiff(oldest, this.#oldestSeq), this.symbols));
      this.#oldestSeq = oldest;
    }
    this.#newestSeq = seq;
  }

  /** Forgets all symbols; those up to the newest are stale from now on. */
  clear(): void {
    this.#release(this.symbols);
    this.#oldestSeq = seqAdd(this.#newestSeq, 1);
  }

  #covers(seq: Seq): boolean {
    return seqDiff(seq, this.#oldestSeq) >= 0 && seqDiff(this.#newestSeq, seq) >= 0;
  }

  /** Releases the oldest `count` slots. */
  #release(count: number): void {
    for (let i = 0; i < count; i++) {
      const slot = (this.#oldestSeq + i) & this.#mask;
      const block = this.#blocks[slot];
      if (!block) continue;
      this.pool.release(block);
      this.#blocks[slot] = undefined;
      this.#views[slot] = undefined;
      this.#lengths[slot] = 0;
      this.#unpolledCount -= this.#unpolled[slot]!;
      this.#unpolled[slot] = 0;
    }
  }
}
