/**
 * Recovers lost source symbols from repair symbols (docs/WIRE-FORMAT.md sections 2.2 and 3.1): every repair is an
 * equation over the symbols that it names. Keeps known symbols for a while, since later repairs name them too. No
 * order, delivery or feedback: the receivers' work.
 *
 * Work per call is bounded: `addRepair` subtracts at most 32 known symbols, eliminates with at most 64 equations and
 * from at most 64; `addSource` puts one symbol into at most 64 equations and moves one pivot (64 + 64). That is at most
 * 192 kernel passes over 1202 bytes, under half a millisecond, reached only by a peer that never lets an equation be
 * solved. Memory: the history and 64 equations.
 */

import {
  DECODER_AHEAD_SYMBOLS,
  DECODER_HISTORY_SYMBOLS,
  DECODER_HISTORY_SYMBOLS_MAX,
  ENCODING_WINDOW_SYMBOLS_MAX,
  EQUATIONS_MAX,
  REPAIR_SPAN_MAX,
  SYMBOL_BYTES_MAX,
  SYMBOL_HEADER_BYTES,
} from "../limits.js";
import { seqAdd, seqDiff, type Seq } from "../seq.js";
import { BlockPool, type Block } from "./block-pool.js";
import { checkInteger } from "./check-integer.js";
import { CAUCHY_ROW_MAX, coefficient } from "./coefficients.js";
import { EquationSystem } from "./equation-system.js";
import { HOST_KERNEL } from "./simd-kernel.js";
import type { RepairSymbol } from "../symbol.js";
import { isSymbol, paddedSymbolBytes } from "./symbol-check.js";
import { SymbolHistory } from "./symbol-history.js";
import type { SymbolKernel } from "./symbol-kernel.js";

/** What a source symbol was: only "new" ones are kept. */
export type SourceFate = "new" | "duplicate" | "stale" | "invalid";

/** What a repair symbol was: "useful" ones became an equation, or solved one; "redundant" ones say nothing new. */
export type RepairFate = "useful" | "redundant" | "stale" | "invalid";

/**
 * A repair symbol as a frame gives it: bytes[start..end), by default all of `bytes`; the bitmap has at least ceil(span
 * / 8) bytes. `members` is counted anew, not trusted.
 */
export type RepairFields = Omit<RepairSymbol, "members"> & { members?: number; start?: number; end?: number };

export interface RepairDecoderOptions {
  /** The first symbol of the stream; earlier ones are stale. Default 0. */
  firstSeq?: Seq;
  /**
   * Symbols behind the newest that are kept, 1..1024, default 128. A receiver that waits for a symbol needs its wait
   * covered as well.
   */
  historySymbols?: number;
  /** Equations held, 1..64, default 64; the oldest is dropped beyond. */
  equations?: number;
  /** How far ahead of the newest known a symbol may be, 1..2^30, default 256; further is "invalid". */
  aheadSymbols?: number;
  /** Where symbols and equations are kept; by default a pool of its own. */
  pool?: BlockPool;
  /** Default: the host's fastest. */
  kernel?: SymbolKernel;
}

export class RepairDecoder {
  readonly #pool: BlockPool;
  readonly #history: SymbolHistory;
  readonly #system: EquationSystem;
  readonly #aheadSymbols: number;
  readonly #kernel: SymbolKernel;
  /**
   * Members of the repair at hand: those that are not known, and of those that are, blocks, lengths and coefficients.
   */
  readonly #unknownSeqs = new Uint32Array(ENCODING_WINDOW_SYMBOLS_MAX);
  readonly #knownBlocks: Block[] = [];
  readonly #knownLengths = new Uint16Array(ENCODING_WINDOW_SYMBOLS_MAX);
  readonly #knownCoefficients = new Uint8Array(ENCODING_WINDOW_SYMBOLS_MAX);
  #knownCount = 0;
  readonly #polled: { seq: Seq; symbol: Uint8Array } = { seq: 0, symbol: new Uint8Array(0) };
  #contradictionCount = 0;

  /** @throws TypeError, RangeError */
  constructor(options: RepairDecoderOptions = {}) {
    const firstSeq = checkInteger("firstSeq", options.firstSeq ?? 0, 0, 0xffffffff);
    const symbols = checkInteger(
      "historySymbols",
      options.historySymbols ?? DECODER_HISTORY_SYMBOLS,
      1,
      DECODER_HISTORY_SYMBOLS_MAX,
    );
    const equations = checkInteger("equations", options.equations ?? EQUATIONS_MAX, 1, EQUATIONS_MAX);
    this.#aheadSymbols = checkInteger("aheadSymbols", options.aheadSymbols ?? DECODER_AHEAD_SYMBOLS, 1, 2 ** 30);
    this.#pool = options.pool ?? new BlockPool();
    this.#history = new SymbolHistory(firstSeq, symbols, this.#pool);
    this.#kernel = options.kernel ?? HOST_KERNEL;
    this.#system = new EquationSystem(equations, this.#pool, this.#kernel);
  }

  /** Equations that wait for more. */
  get equationCount(): number {
    return this.#system.count;
  }

  /** Unknown symbols that they name. */
  get unknowns(): number {
    return this.#system.unknowns;
  }

  /**
   * Equations dropped because they contradicted the others or gave something that is no symbol: a false repair or
   * source.
   */
  get contradictions(): number {
    return this.#contradictionCount;
  }

  /** Whether the symbol is known, received or recovered, and still in the history. */
  has(seq: Seq): boolean {
    return this.#history.has(seq);
  }

  /** The known symbol's bytes, header included: a view, valid until the symbol leaves the history. */
  get(seq: Seq): Uint8Array | undefined {
    return this.#history.view(seq);
  }

  /**
   * The known symbol as the start of a block, which is its own until the symbol leaves the history; `bytesOf` gives its
   * length.
   */
  block(seq: Seq): Block | undefined {
    return this.#history.block(seq);
  }

  /** The known symbol's length in bytes, header included; 0 when it is unknown. */
  bytesOf(seq: Seq): number {
    return this.#history.bytesOf(seq);
  }

  /** Adds a received symbol, header included: bytes[start..end), copied. Never throws on what a peer may send. */
  addSource(seq: Seq, bytes: Uint8Array, start = 0, end = bytes.length): SourceFate {
    if (!isSymbol(bytes, start, end) || seqDiff(seq, this.#history.newest) > this.#aheadSymbols) return "invalid";
    if (seqDiff(seq, this.#history.oldest) < 0) return "stale";
    if (this.#history.has(seq)) return "duplicate";
    const block = this.#pool.acquireCopy(bytes, start, end);
    this.#history.store(seq, block, end - start, false);
    if (this.#system.count === 0) return "new";
    if (this.#system.substitute(seq, block, end - start) === "contradiction") this.#contradictionCount++;
    this.#settle();
    return "new";
  }

  /** Adds a repair symbol; its bytes are copied. Never throws on what a peer may send. */
  addRepair(repair: RepairFields): RepairFate {
    if (!this.#isWellFormed(repair)) return "invalid";
    if (seqDiff(repair.base, this.#history.oldest) < 0) return "stale";
    if (seqDiff(seqAdd(repair.base, repair.span - 1), this.#history.newest) > this.#aheadSymbols) return "invalid";
    const start = repair.start ?? 0,
      end = repair.end ?? repair.bytes.length;
    const unknowns = this.#sortMembers(repair, end - start);
    if (unknowns < 0) return "invalid";
    if (unknowns === 0) return "redundant";
    this.#system.makeRoom(this.#unknownSeqs, unknowns);
    const block = this.#pool.acquireCopy(repair.bytes, start, end);
    this.#kernel.addMultiples(block, this.#knownBlocks, this.#knownLengths, this.#knownCoefficients, this.#knownCount);
    const equation = this.#system.begin(block, end - start);
    for (let i = 0; i < unknowns; i++)
      this.#system.setCoefficient(equation, this.#unknownSeqs[i]!, coefficient(repair.row, this.#unknownSeqs[i]!));
    const fate = this.#system.insert(equation);
    if (fate === "contradiction") this.#contradictionCount++;
    this.#settle();
    return fate === "contradiction" ? "invalid" : fate;
  }

  /**
   * A symbol that was recovered since, each once, oldest first; undefined when there is no more. The object is reused
   * by the next call; the symbol is a view, valid until it leaves the history. One that leaves the history unpolled is
   * forgotten.
   */
  pollRecovered(): { seq: Seq; symbol: Uint8Array } | undefined {
    const seq = this.pollRecoveredSeq();
    if (seq === undefined) return undefined;
    this.#polled.seq = seq;
    this.#polled.symbol = this.#history.view(seq)!;
    return this.#polled;
  }

  /** As `pollRecovered`, without a view of the symbol: `block` and `bytesOf` give it. */
  pollRecoveredSeq(): Seq | undefined {
    return this.#history.pollRecovered();
  }

  /**
   * Moves the history up to seq, when that is newer: symbols that came by another path, and are no members of repairs
   * to come.
   */
  advanceTo(seq: Seq): void {
    this.#history.advance(seq);
    this.#settle();
  }

  /** Forgets all symbols and equations; the symbols up to the newest are stale from now on. */
  clear(): void {
    this.#system.clear();
    this.#history.clear();
  }

  #isWellFormed(repair: RepairFields): boolean {
    const { row, base, span, bitmap, bytes } = repair;
    // Comparisons that NaN and fractions fail as well.
    if (base >>> 0 !== base || !(row >= 0 && row <= CAUCHY_ROW_MAX && (row | 0) === row)) return false;
    if (!(span >= 1 && span <= REPAIR_SPAN_MAX && (span | 0) === span)) return false;
    const length = (repair.end ?? bytes.length) - (repair.start ?? 0);
    if (!(length >= SYMBOL_HEADER_BYTES && length <= SYMBOL_BYTES_MAX)) return false;
    const bitmapBytes = (span + 7) >> 3;
    if (bitmap.length < bitmapBytes || !isMember(repair, 0) || !isMember(repair, span - 1)) return false;
    for (let offset = span; offset < bitmapBytes * 8; offset++) if (isMember(repair, offset)) return false;
    return true;
  }

  /**
   * Tells the known members from the others; returns how many the others are, or -1 when there are too many members or
   * one is longer than the repair.
   */
  #sortMembers(repair: RepairFields, repairBytes: number): number {
    let unknowns = 0;
    this.#knownCount = 0;
    for (let offset = 0; offset < repair.span; offset++) {
      if (!isMember(repair, offset)) continue;
      if (unknowns + this.#knownCount === ENCODING_WINDOW_SYMBOLS_MAX) return -1;
      const seq = seqAdd(repair.base, offset);
      const block = this.#history.block(seq);
      if (block === undefined) {
        this.#unknownSeqs[unknowns++] = seq;
        continue;
      }
      const bytes = this.#history.bytesOf(seq);
      if (bytes > repairBytes) return -1;
      this.#knownBlocks[this.#knownCount] = block;
      this.#knownLengths[this.#knownCount] = bytes;
      this.#knownCoefficients[this.#knownCount++] = coefficient(repair.row, seq);
    }
    return unknowns;
  }

  /** Moves what is solved into the history, then drops the equations that the history has passed. */
  #settle(): void {
    for (let equation = this.#system.solved(); equation; equation = this.#system.solved()) {
      const seq = this.#system.unknownOf(equation);
      const symbolBytes = paddedSymbolBytes(equation.block.bytes, equation.bytes);
      if (symbolBytes === 0) this.#contradictionCount++;
      const wanted = symbolBytes > 0 && seqDiff(seq, this.#history.oldest) >= 0;
      const block = equation.block;
      this.#system.remove(equation, wanted);
      if (wanted) this.#history.store(seq, block, symbolBytes, true);
    }
    this.#system.dropBefore(this.#history.oldest);
  }
}

function isMember(repair: RepairFields, offset: number): boolean {
  return ((repair.bitmap[offset >> 3]! >> (offset & 7)) & 1) === 1;
}
