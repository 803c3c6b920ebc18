/**
 * Makes repair symbols over the source symbols that the peer may still need (docs/WIRE-FORMAT.md section 2.2, after RFC
 * 8681). Keeps copies of the symbols and decides nothing: when to repair, and over what, is the schedules' work. A
 * repair costs one kernel pass per member and allocates nothing, but for a view when its length is new
 * (front-views.ts).
 */

import { FrontViews } from "../front-views.js";
import { ENCODING_WINDOW_SYMBOLS_MAX, REPAIR_SPAN_MAX, SYMBOL_BYTES_MAX, SYMBOL_HEADER_BYTES } from "../limits.js";
import { seqDiff, type Seq } from "../seq.js";
import { BLOCK_BYTES_MAX, BlockPool, makeBlock, type Block } from "./block-pool.js";
import { checkInteger } from "./check-integer.js";
import { CAUCHY_ROW_MAX, XOR_ROW, coefficient } from "./coefficients.js";
import { HOST_KERNEL } from "./simd-kernel.js";
import type { RepairSymbol } from "../symbol.js";
import { symbolBytesByHeader } from "./symbol-check.js";
import type { SymbolKernel } from "./symbol-kernel.js";

/** Which coefficients a repair has; see coefficients.ts. */
export type RowKind = "xor" | "cauchy";

const NO_BYTES = new Uint8Array(0);

export class RepairEncoder {
  readonly #capacity: number;
  /** The encoding window, oldest first. */
  readonly #seqs: Uint32Array;
  readonly #blocks: Block[] = [];
  readonly #lengths: Uint16Array;
  readonly #pool: BlockPool;
  readonly #kernel: SymbolKernel;
  /** Which symbols the repair that is being made has, first as 1, then as their coefficients; 0: not a member. */
  readonly #chosen: Uint8Array;
  #count = 0;
  #newest: Seq | undefined;
  #cauchyRow = 0;
  readonly #sum = makeBlock(BLOCK_BYTES_MAX);
  readonly #sumViews = new FrontViews(this.#sum.bytes);
  readonly #repair: RepairSymbol;

  /**
   * encodingWindowSymbols: symbols held, 1..32, default 32. pool: where they are kept, by default one of its own.
   * kernel: default the host's fastest.
   * @throws TypeError, RangeError
   */
  constructor(options: { encodingWindowSymbols?: number; pool?: BlockPool; kernel?: SymbolKernel } = {}) {
    const wanted = options.encodingWindowSymbols ?? ENCODING_WINDOW_SYMBOLS_MAX;
    this.#capacity = checkInteger("encodingWindowSymbols", wanted, 1, ENCODING_WINDOW_SYMBOLS_MAX);
    this.#seqs = new Uint32Array(this.#capacity);
    this.#chosen = new Uint8Array(this.#capacity);
    this.#lengths = new Uint16Array(this.#capacity);
    this.#pool = options.pool ?? new BlockPool();
    this.#kernel = options.kernel ?? HOST_KERNEL;
    this.#repair = {
      row: XOR_ROW,
      base: 0,
      span: 0,
      bitmap: new Uint8Array(REPAIR_SPAN_MAX / 8),
      members: 0,
      bytes: NO_BYTES,
    };
  }

  /** Symbols held. */
  get size(): number {
    return this.#count;
  }

  /** Calls visit with every symbol held and its bytes, oldest first. */
  forEach(visit: (seq: Seq, bytes: number) => void): void {
    for (let index = 0; index < this.#count; index++) visit(this.#seqs[index]!, this.#lengths[index]!);
  }

  /** Whether the symbol is held. */
  has(seq: Seq): boolean {
    return this.#indexOf(seq) >= 0;
  }

  /**
   * Holds a symbol (header and payload, 2..1202 bytes), a copy of bytes[0..end), until it is removed or newer ones push
   * it out.
   * @throws RangeError when the length is out of range or not what the header says, or seq is not newer than all
   * before.
   */
  add(seq: Seq, bytes: Uint8Array, end = bytes.length): void {
    checkInteger("symbol.length", end, SYMBOL_HEADER_BYTES, SYMBOL_BYTES_MAX);
    if (symbolBytesByHeader(bytes, 0, end) !== end) {
      throw new RangeError(
        `"symbol" expected a header that gives its length, got ${end} bytes for ${symbolBytesByHeader(bytes, 0, end)}`,
      );
    }
    checkInteger("seq", seq, 0, 0xffffffff);
    if (this.#newest !== undefined && seqDiff(seq, this.#newest) <= 0) {
      throw new RangeError(`"seq" expected a number after ${this.#newest}, got ${seq}`);
    }
    if (this.#count === this.#capacity) this.#removeAt(0);
    this.#seqs[this.#count] = seq;
    this.#lengths[this.#count] = end;
    this.#blocks[this.#count] = this.#pool.acquireCopy(bytes, 0, end);
    this.#count++;
    this.#newest = seq;
  }

  /** Lets go of a symbol that is acknowledged or given up; no effect when it is not held. */
  remove(seq: Seq): void {
    const index = this.#indexOf(seq);
    if (index >= 0) this.#removeAt(index);
  }

  /** Lets go of all symbols. Sequence numbers go on: the next must still be newer. */
  clear(): void {
    while (this.#count > 0) this.#removeAt(this.#count - 1);
  }

  /**
   * A repair over the newest `count` symbols held (at least 1; fewer when fewer are held, or when they span more than
   * 128). With freeRiders (the default) every other symbol no longer than the longest of those joins: it adds no bytes.
   * Row: Cauchy by default. Undefined when nothing is held. The object and its bytes are reused by the next call.
   */
  repairNewest(count: number, options?: { row?: RowKind; freeRiders?: boolean }): RepairSymbol | undefined {
    checkInteger("count", count, 1, Number.MAX_SAFE_INTEGER);
    if (this.#count === 0) return undefined;
    const newest = this.#seqs[this.#count - 1]!;
    let longest = 0;
    for (let index = this.#count - 1, taken = 0; index >= 0; index--) {
      const bytes = this.#lengths[index]!;
      const reachable = seqDiff(newest, this.#seqs[index]!) < REPAIR_SPAN_MAX;
      const wanted = taken < count || (options?.freeRiders !== false && bytes <= longest);
      this.#chosen[index] = reachable && wanted ? 1 : 0;
      if (reachable && taken++ < count) longest = Math.max(longest, bytes);
    }
    return this.#combine(options?.row);
  }

  /**
   * A repair over every symbol held that is at most maxBytes long (those that span at most 128 with the newest); Cauchy
   * by default. Undefined when none is. The object and its bytes are reused by the next call.
   */
  repairUpTo(maxBytes: number, options?: { row?: RowKind }): RepairSymbol | undefined {
    checkInteger("maxBytes", maxBytes, SYMBOL_HEADER_BYTES, SYMBOL_BYTES_MAX);
    let members = 0;
    for (let index = 0; index < this.#count; index++) {
      const member = this.#lengths[index]! <= maxBytes && seqDiff(this.#newest!, this.#seqs[index]!) < REPAIR_SPAN_MAX;
      this.#chosen[index] = member ? 1 : 0;
      if (member) members++;
    }
    return members === 0 ? undefined : this.#combine(options?.row);
  }

  /**
   * A repair over those of first .. first + count - 1 that are held, count 1..128; Cauchy by default. Undefined when
   * none is. For a generation, or the fragments of one message. The object and its bytes are reused by the next call.
   */
  repairRange(first: Seq, count: number, options?: { row?: RowKind }): RepairSymbol | undefined {
    checkInteger("count", count, 1, REPAIR_SPAN_MAX);
    let members = 0;
    for (let index = 0; index < this.#count; index++) {
      const offset = seqDiff(this.#seqs[index]!, first);
      const inside = offset >= 0 && offset < count;
      this.#chosen[index] = inside ? 1 : 0;
      if (inside) members++;
    }
    return members === 0 ? undefined : this.#combine(options?.row);
  }

  /** Sums the chosen symbols, at least one, into the repair. */
  #combine(rowKind: RowKind = "cauchy"): RepairSymbol {
    const repair = this.#repair;
    repair.row = rowKind === "xor" ? XOR_ROW : this.#nextCauchyRow();
    const bytes = this.#describeMembers();
    this.#sum.words.fill(0);
    this.#kernel.addMultiples(this.#sum, this.#blocks, this.#lengths, this.#chosen, this.#count);
    repair.bytes = this.#sumViews.of(bytes);
    return repair;
  }

  /**
   * Fills base, span, bitmap and members from what is chosen, and gives the chosen their coefficients; returns the
   * longest member's bytes.
   */
  #describeMembers(): number {
    const repair = this.#repair;
    repair.bitmap.fill(0);
    repair.members = 0;
    let longest = 0;
    for (let index = 0; index < this.#count; index++) {
      if (this.#chosen[index] === 0) continue;
      const seq = this.#seqs[index]!;
      if (repair.members === 0) repair.base = seq;
      const offset = seqDiff(seq, repair.base);
      repair.bitmap[offset >> 3]! |= 1 << (offset & 7);
      repair.span = offset + 1;
      repair.members++;
      longest = Math.max(longest, this.#lengths[index]!);
      this.#chosen[index] = coefficient(repair.row, seq);
    }
    return longest;
  }

  /** Rows 1..127 in turn: those that may be held together by a decoder differ. */
  #nextCauchyRow(): number {
    this.#cauchyRow = (this.#cauchyRow % CAUCHY_ROW_MAX) + 1;
    return this.#cauchyRow;
  }

  #indexOf(seq: Seq): number {
    for (let index = 0; index < this.#count; index++) if (this.#seqs[index] === seq) return index;
    return -1;
  }

  #removeAt(removed: number): void {
    this.#pool.release(this.#blocks[removed]!);
    this.#count--;
    for (let index = removed; index < this.#count; index++) {
      this.#seqs[index] = this.#seqs[index + 1]!;
      this.#lengths[index] = this.#lengths[index + 1]!;
      this.#blocks[index] = this.#blocks[index + 1]!;
    }
  }
}
