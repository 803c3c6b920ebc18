/**
 * Linear equations over unknown symbols, kept in reduced row echelon form (incremental Gauss-Jordan elimination in
 * GF(2^8)). An equation's pivot is its newest unknown; no other equation has that unknown, so an equation is solved as
 * soon as its pivot is all that it has, and an equation whose pivot is too old to be wanted is useless altogether.
 * Knows nothing of symbol headers or history: the caller subtracts what is known first.
 *
 * Work per call: at most 2 x EQUATIONS_MAX passes over one symbol, and EQUATIONS_MAX x DECODER_UNKNOWNS_MAX steps over
 * coefficients.
 */

import { DECODER_UNKNOWNS_MAX, REPAIR_SPAN_MAX } from "../limits.js";
import { seqDiff, type Seq } from "../seq.js";
import { makeBlock, type Block, type BlockPool } from "./block-pool.js";
import { inv } from "./field.js";
import { isZero, mulAddInto, scaleInPlace, wordsOf } from "./kernels.js";
import type { SymbolKernel } from "./symbol-kernel.js";

/** Sum of coefficient x unknown over the columns = the first `bytes` bytes of block. */
export interface Equation {
  /** One coefficient per column. */
  readonly coefficients: Block;
  /** How many coefficients are not zero. */
  unknowns: number;
  /** Column of the newest unknown; -1 while the equation is outside the system. */
  pivot: number;
  block: Block;
  bytes: number;
}

/** What adding an equation did: raised the rank, said nothing new, or contradicted the others. */
export type InsertFate = "useful" | "redundant" | "contradiction";

const COLUMN_WORDS = DECODER_UNKNOWNS_MAX / 4;

export class EquationSystem {
  readonly #equations: Equation[] = [];
  readonly #free: Equation[] = [];
  readonly #columnSeqs = new Uint32Array(DECODER_UNKNOWNS_MAX);
  readonly #columnUsed = new Uint8Array(DECODER_UNKNOWNS_MAX);
  readonly #columnSums = makeBlock(DECODER_UNKNOWNS_MAX);
  /** Columns at and after this one are unused. */
  #columnEnd = 0;
  #columnCount = 0;

  constructor(
    private readonly equationsMax: number,
    private readonly pool: BlockPool,
    private readonly kernel: SymbolKernel,
  ) {}

  /** Equations held. */
  get count(): number {
    return this.#equations.length;
  }

  /** Unknowns in them. */
  get unknowns(): number {
    return this.#columnCount;
  }

  /** Whether some equation has this unknown. */
  has(seq: Seq): boolean {
    return this.#columnOf(seq) >= 0;
  }

  unknownOf(equation: Equation): Seq {
    return this.#columnSeqs[equation.pivot]!;
  }

  /** Makes room for an equation with these unknowns: drops the equations that are oldest. Call it before `begin`. */
  makeRoom(unknowns: Uint32Array, count: number): void {
    while (this.#equations.length > 0) {
      let added = 0;
      for (let i = 0; i < count; i++) if (this.#columnOf(unknowns[i]!) < 0) added++;
      if (this.#equations.length < this.equationsMax && this.#columnCount + added <= DECODER_UNKNOWNS_MAX) return;
      this.#drop(this.#oldestIndex());
      this.#collectColumns();
    }
  }

  /**
   * An equation without unknowns yet, for `setCoefficient` and then `insert`; the system owns the block from now on.
   */
  begin(block: Block, bytes: number): Equation {
    const equation = this.#free.pop() ?? {
      coefficients: makeBlock(DECODER_UNKNOWNS_MAX),
      unknowns: 0,
      pivot: -1,
      block,
      bytes,
    };
    equation.block = block;
    equation.bytes = bytes;
    equation.unknowns = 0;
    equation.pivot = -1;
    equation.coefficients.words.fill(0);
    return equation;
  }

  /** Gives an unknown of a new equation its coefficient, 1..255. */
  setCoefficient(equation: Equation, seq: Seq, coefficient: number): void {
    let column = this.#columnOf(seq);
    if (column < 0) column = this.#newColumn(seq);
    equation.coefficients.bytes[column] = coefficient;
    equation.unknowns++;
  }

  /** Adds a finished equation, or lets go of it when it says nothing new. */
  insert(equation: Equation): InsertFate {
    for (const held of this.#equations) {
      const factor = equation.coefficients.bytes[held.pivot]!;
      if (factor !== 0) this.#addMultiple(equation, held, factor);
    }
    const pivot = equation.unknowns === 0 ? -1 : this.#newestColumn(equation);
    if (pivot < 0) {
      const consistent = isZero(equation.block.words, wordsOf(equation.bytes));
      this.#recycle(equation);
      return consistent ? "redundant" : "contradiction";
    }
    const scale = inv(equation.coefficients.bytes[pivot]!);
    scaleInPlace(equation.coefficients.words, scale, wordsOf(this.#columnEnd));
    this.kernel.scale(equation.block, equation.bytes, scale);
    equation.pivot = pivot;
    for (const held of this.#equations) {
      const factor = held.coefficients.bytes[pivot]!;
      if (factor !== 0) this.#addMultiple(held, equation, factor);
    }
    this.#equations.push(equation);
    return "useful";
  }

  /**
   * Puts a symbol that has become known into the equations; block holds its `bytes` bytes, padded with zeros, and stays
   * the caller's. "contradiction" when an equation then has no unknown left and is not zero; "useful" otherwise.
   */
  substitute(seq: Seq, block: Block, bytes: number): InsertFate {
    const column = this.#columnOf(seq);
    if (column < 0) return "useful";
    let pivotIndex = -1;
    for (let index = 0; index < this.#equations.length; index++) {
      const equation = this.#equations[index]!;
      const factor = equation.coefficients.bytes[column]!;
      if (factor === 0) continue;
      this.#subtract(equation, block, bytes, factor);
      equation.coefficients.bytes[column] = 0;
      equation.unknowns--;
      if (equation.pivot === column) pivotIndex = index;
    }
    this.#forgetColumn(column);
    if (pivotIndex < 0) return "useful";
    // The equation that lost its pivot needs another; it goes through insertion again, and may turn out to be used up.
    const equation = this.#equations[pivotIndex]!;
    this.#equations.splice(pivotIndex, 1);
    equation.pivot = -1;
    return this.insert(equation) === "contradiction" ? "contradiction" : "useful";
  }

  /** A solved equation, still in the system: its block is its unknown's value. Undefined when none is. */
  solved(): Equation | undefined {
    for (const equation of this.#equations) if (equation.unknowns === 1) return equation;
    return undefined;
  }

  /** Takes an equation out; its block goes to the caller when `keepBlock`, else back to the pool. */
  remove(equation: Equation, keepBlock: boolean): void {
    const index = this.#equations.indexOf(equation);
    if (index < 0) return;
    this.#drop(index, keepBlock);
    this.#collectColumns();
  }

  /**
   * Drops equations whose unknowns are all before `oldest`, and those that name one more than REPAIR_SPAN_MAX before
   * it.
   */
  dropBefore(oldest: Seq): void {
    if (this.#columnEnd === 0) return;
    for (let index = this.#equations.length - 1; index >= 0; index--) {
      const equation = this.#equations[index]!;
      if (seqDiff(this.#columnSeqs[equation.pivot]!, oldest) < 0 || this.#reachesBefore(equation, oldest))
        this.#drop(index);
    }
    this.#collectColumns();
  }

  /** Drops everything. */
  clear(): void {
    while (this.#equations.length > 0) this.#drop(this.#equations.length - 1);
    this.#collectColumns();
  }

  /** target += factor x source, coefficients and right side. */
  #addMultiple(target: Equation, source: Equation, factor: number): void {
    mulAddInto(target.coefficients.words, source.coefficients.words, factor, wordsOf(this.#columnEnd));
    this.#subtract(target, source.block, source.bytes, factor);
    target.unknowns = 0;
    for (let column = 0; column < this.#columnEnd; column++) {
      if (target.coefficients.bytes[column] !== 0) target.unknowns++;
    }
  }

  /** Subtracts coefficient x symbol from an equation's right side. */
  #subtract(equation: Equation, block: Block, bytes: number, coefficient: number): void {
    if (bytes > equation.bytes) {
      equation.block = this.pool.grow(equation.block, bytes);
      equation.bytes = bytes;
    }
    this.kernel.addMultiple(equation.block, block, bytes, coefficient);
  }

  #newestColumn(equation: Equation): number {
    let newest = -1;
    for (let column = 0; column < this.#columnEnd; column++) {
      if (equation.coefficients.bytes[column] === 0) continue;
      if (newest < 0 || seqDiff(this.#columnSeqs[column]!, this.#columnSeqs[newest]!) > 0) newest = column;
    }
    return newest;
  }

  #reachesBefore(equation: Equation, oldest: Seq): boolean {
    for (let column = 0; column < this.#columnEnd; column++) {
      if (equation.coefficients.bytes[column] !== 0 && seqDiff(oldest, this.#columnSeqs[column]!) > REPAIR_SPAN_MAX)
        return true;
    }
    return false;
  }

  /** The equation whose newest unknown is the oldest. */
  #oldestIndex(): number {
    let oldest = 0;
    for (let index = 1; index < this.#equations.length; index++) {
      if (seqDiff(this.unknownOf(this.#equations[index]!), this.unknownOf(this.#equations[oldest]!)) < 0)
        oldest = index;
    }
    return oldest;
  }

  #drop(index: number, keepBlock = false): void {
    const equation = this.#equations[index]!;
    const last = this.#equations.pop()!;
    if (last !== equation) this.#equations[index] = last;
    this.#recycle(equation, keepBlock);
  }

  /** The free list is no longer than the equations that were ever held at once, plus one. */
  #recycle(equation: Equation, keepBlock = false): void {
    if (!keepBlock) this.pool.release(equation.block);
    this.#free.push(equation);
  }

  #columnOf(seq: Seq): number {
    for (let column = 0; column < this.#columnEnd; column++) {
      if (this.#columnUsed[column] !== 0 && this.#columnSeqs[column] === seq) return column;
    }
    return -1;
  }

  #newColumn(seq: Seq): number {
    const column = this.#columnUsed.indexOf(0);
    if (column < 0) throw new Error("no free column: makeRoom was not called");
    this.#columnUsed[column] = 1;
    this.#columnSeqs[column] = seq;
    this.#columnCount++;
    this.#columnEnd = Math.max(this.#columnEnd, column + 1);
    return column;
  }

  #forgetColumn(column: number): void {
    this.#columnUsed[column] = 0;
    this.#columnCount--;
    while (this.#columnEnd > 0 && this.#columnUsed[this.#columnEnd - 1] === 0) this.#columnEnd--;
  }

  /** Frees the columns that no equation has any more. */
  #collectColumns(): void {
    const sums = this.#columnSums;
    const words = wordsOf(this.#columnEnd);
    sums.words.fill(0, 0, COLUMN_WORDS);
    for (const equation of this.#equations) {
      for (let i = 0; i < words; i++) sums.words[i]! |= equation.coefficients.words[i]!;
    }
    for (let column = this.#columnEnd - 1; column >= 0; column--) {
      if (this.#columnUsed[column] !== 0 && sums.bytes[column] === 0) this.#forgetColumn(column);
    }
  }
}
