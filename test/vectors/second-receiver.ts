/**
 * Second decoder, part 2: a receiver written only from docs/WIRE-FORMAT.md (sections 1 and 3), like second-decoder.ts.
 * No clock (nothing is held back for its barrier) and no memory bound worth the name: it judges captures, it is no product.
 */
import {
  coefficient,
  type Feedback,
  type Frame,
  inverse,
  Malformed,
  multiply,
  readDatagram,
  readRecord,
  type Repair,
  sourceSymbol,
} from "./second-decoder.js";

interface SymbolParts {
  first: boolean;
  last: boolean;
  payload: Uint8Array;
}

/** Sum of coefficient x symbol over `terms` (by sequence) equals `sum`. */
interface Equation {
  terms: Map<number, number>;
  sum: number[];
}

/** Ordered symbols this far ahead of the next expected one are not kept, sections 1 and 3.1. */
const AHEAD_MAX = 256;
/** Equations this far behind the newest symbol are given up, only to keep the naive elimination fast. */
const EQUATION_AGE_MAX = 512;

/** a - b for 32-bit sequence numbers, RFC 1982. */
export function distance32(a: number, b: number): number {
  return (a - b) | 0;
}

/** The number of 32 bits that ends in the `bits` bits `low` and is nearest to `near`; the tie is behind. */
export function nearest32(low: number, near: number, bits: 16 | 24): number {
  const all = 2 ** bits,
    half = all / 2;
  const difference = ((((low - near) % all) + all + half) % all) - half;
  return (near + difference) >>> 0;
}

/** The symbols of one stream that are known, and equations over those that are not. */
class SymbolStore {
  readonly known = new Map<number, SymbolParts>();
  newest: number;
  /** Equations that contradict the symbols they name: none, if the sender obeys the document. */
  contradictions = 0;
  #equations: Equation[] = [];

  constructor(firstSeq: number) {
    this.newest = firstSeq;
  }

  add(seq: number, parts: SymbolParts): void {
    this.known.set(seq, parts);
    if (distance32(seq, this.newest) > 0) this.newest = seq;
  }

  addRepair(frame: Repair, base: number): void {
    const terms = new Map(frame.members.map((i) => [(base + i) >>> 0, coefficient(frame.row, (base + i) >>> 0)]));
    this.#equations.push({ terms, sum: [...frame.bytes] });
  }

  /** Solves what can be solved now. Every symbol found goes to `found`, which may refuse to keep it. */
  solve(found: (seq: number, parts: SymbolParts) => void): void {
    for (const equation of this.#equations) this.#substituteKnown(equation);
    eliminate(this.#equations);
    for (const { terms, sum } of this.#equations) {
      if (terms.size === 0 && sum.some((byte) => byte !== 0)) this.contradictions++;
      if (terms.size !== 1) continue;
      const [[seq, factor]] = [...terms] as [[number, number]];
      const parts = partsOf(scaled(sum, inverse(factor)));
      if (parts) found(seq, parts);
      else this.contradictions++;
    }
    this.#equations = this.#equations.filter(
      ({ terms }) =>
        terms.size > 1 && [...terms.keys()].every((seq) => distance32(this.newest, seq) < EQUATION_AGE_MAX),
    );
  }

  #substituteKnown({ terms, sum }: Equation): void {
    for (const [seq, factor] of [...terms]) {
      const parts = this.known.get(seq);
      if (!parts) continue;
      sourceSymbol(parts.first, parts.last, parts.payload).forEach((byte, i) => {
        sum[i] = (sum[i] ?? 0) ^ multiply(factor, byte);
      });
      terms.delete(seq);
    }
  }
}

/** One direction of a session, as its receiver sees it. */
export class SecondReceiver {
  /** Messages in the order of their delivery; of the unreliable ones, the order means nothing. */
  readonly ordered: Uint8Array[] = [];
  readonly unreliable: Uint8Array[] = [];
  /** The sequence of each ordered message's FIRST symbol, and each unreliable message's barrier. */
  readonly firstSeqs: number[] = [];
  readonly barriers: { seq: number; byRecord: boolean }[] = [];
  readonly feedback: Feedback[] = [];
  /** Reasons of the datagrams dropped whole. */
  readonly dropped: string[] = [];
  /** The close code, once the session has to end. */
  closeCode: number | undefined;
  /** Numbers of the datagrams received, counted on past 2^16, and the largest of them. */
  readonly datagrams = new Set<number>();
  largest: number;
  next: number;
  readonly #ordered: SymbolStore;
  readonly #unreliable: SymbolStore;
  readonly #unreliableDone = new Set<number>();
  readonly #cameByItself = new Set<number>();
  #open: Uint8Array[] | undefined;

  /** `first`: the first sequence of both streams and the first datagram number, as agreed beforehand. */
  constructor(first = 0) {
    this.next = first;
    this.largest = first - 1;
    this.#ordered = new SymbolStore(first);
    this.#unreliable = new SymbolStore(first);
  }

  get contradictions(): number {
    return this.#ordered.contradictions + this.#unreliable.contradictions;
  }

  /** True if the ordered symbol `seq` was received, recovered or retransmitted. */
  has(seq: number): boolean {
    return this.#ordered.known.has(seq >>> 0);
  }

  /** True if it came in a SOURCE frame or a SYMBOL record. */
  cameByItself(seq: number): boolean {
    return this.#cameByItself.has(seq >>> 0);
  }

  handleDatagram(bytes: Uint8Array): void {
    if (this.closeCode !== undefined) return;
    let datagram;
    try {
      datagram = readDatagram(bytes);
    } catch (error) {
      if (!(error instanceof Malformed)) throw error;
      this.dropped.push(error.message);
      return;
    }
    this.#noteDatagram(datagram.number16);
    this.#takeFrames(datagram.frames);
  }

  #takeFrames(frames: readonly Frame[]): void {
    for (const frame of frames) {
      if (frame.kind === "feedback") this.feedback.push(frame);
      if (frame.kind === "source" && frame.stream === 0)
        this.#takeOrdered(nearest32(frame.seq24, this.next, 24), frame, true);
      if (frame.kind === "source" && frame.stream === 1)
        this.#takeUnreliable(nearest32(frame.seq24, this.#unreliable.newest, 24), frame);
      if (frame.kind === "repair" && frame.stream === 0)
        this.#ordered.addRepair(frame, nearest32(frame.base24, this.next, 24));
      if (frame.kind === "repair" && frame.stream === 1)
        this.#unreliable.addRepair(frame, nearest32(frame.base24, this.#unreliable.newest, 24));
      this.#advance();
    }
  }

  handleRecord(bytes: Uint8Array): void {
    if (this.closeCode !== undefined) return;
    let record;
    try {
      record = readRecord(bytes);
    } catch (error) {
      if (!(error instanceof Malformed)) throw error;
      this.closeCode = 1002;
      return;
    }
    if (record.kind === "datagram") this.#takeCarried(record.payload);
    if (record.kind === "unreliable") {
      this.unreliable.push(record.payload);
      this.barriers.push({ seq: record.barrier, byRecord: true });
    }
    if (record.kind !== "symbol") return;
    if (distance32(record.seq, this.next) >= AHEAD_MAX) this.closeCode = 1002;
    else this.#takeOrdered(record.seq, record, true);
    this.#advance();
  }

  /** Section 1: a datagram that may be old, but must be one. */
  #takeCarried(bytes: Uint8Array): void {
    let datagram;
    try {
      datagram = readDatagram(bytes);
    } catch (error) {
      if (!(error instanceof Malformed)) throw error;
      this.closeCode = 1002;
      return;
    }
    this.#noteDatagram(datagram.number16);
    this.#takeFrames(datagram.frames);
  }

  #noteDatagram(number16: number): void {
    const near = this.largest + 1;
    const number = near + distance32(nearest32(number16, near, 16), near >>> 0);
    this.datagrams.add(number);
    this.largest = Math.max(this.largest, number);
  }

  #takeOrdered(seq: number, parts: SymbolParts, byItself: boolean): void {
    const ahead = distance32(seq, this.next);
    if (byItself && ahead < AHEAD_MAX) this.#cameByItself.add(seq);
    if (ahead >= 0 && ahead < AHEAD_MAX && !this.#ordered.known.has(seq)) this.#ordered.add(seq, parts);
  }

  #takeUnreliable(seq: number, parts: SymbolParts): void {
    if (this.#unreliable.known.has(seq)) return;
    this.#unreliable.add(seq, parts);
    this.#deliverUnreliable(seq);
  }

  #advance(): void {
    this.#ordered.solve((seq, parts) => this.#takeOrdered(seq, parts, false));
    this.#unreliable.solve((seq, parts) => this.#takeUnreliable(seq, parts));
    for (
      let parts = this.#ordered.known.get(this.next);
      parts && this.closeCode === undefined;
      parts = this.#ordered.known.get(this.next)
    ) {
      this.#deliver(parts);
      this.next = (this.next + 1) >>> 0;
    }
  }

  #deliver({ first, last, payload }: SymbolParts): void {
    const emptyPart = payload.length === 0 && !(first && last);
    if (first !== (this.#open === undefined) || emptyPart) {
      this.closeCode = 1002;
      return;
    }
    if (first) this.firstSeqs.push(this.next);
    this.#open = [...(this.#open ?? []), payload];
    if (!last) return;
    this.ordered.push(concat(this.#open));
    this.#open = undefined;
  }

  /** Delivers the message that symbol `seq` completes: a run of consecutive symbols from FIRST to LAST. */
  #deliverUnreliable(seq: number): void {
    const at = (n: number) => this.#unreliable.known.get(n >>> 0);
    let from = seq,
      to = seq;
    while (at(from)?.first === false && at(from - 1)?.last === false) from--;
    while (at(to)?.last === false && at(to + 1)?.first === false) to++;
    if (!at(from)?.first || !at(to)?.last || this.#unreliableDone.has(from >>> 0)) return;
    this.#unreliableDone.add(from >>> 0);
    const message = concat(Array.from({ length: to - from + 1 }, (_, i) => at(from + i)!.payload));
    if (at(from)!.payload.length < 2) return;
    this.unreliable.push(message.slice(2));
    this.barriers.push({ seq: nearest32(message[0]! + message[1]! * 256, this.next, 16), byRecord: false });
  }
}

/** Gauss-Jordan over all equations: afterwards the unknown that leads one of them is in no other. */
function eliminate(equations: readonly Equation[]): void {
  for (const pivot of equations) {
    const [lead] = pivot.terms.keys();
    if (lead === undefined) continue;
    for (const other of equations) {
      if (other === pivot || !other.terms.has(lead)) continue;
      const factor = multiply(other.terms.get(lead)!, inverse(pivot.terms.get(lead)!));
      for (const [seq, value] of pivot.terms) {
        const sum = (other.terms.get(seq) ?? 0) ^ multiply(factor, value);
        if (sum === 0) other.terms.delete(seq);
        else other.terms.set(seq, sum);
      }
      // Symbols are zero-padded without end, so sums of unequal length add up.
      pivot.sum.forEach((byte, i) => {
        other.sum[i] = (other.sum[i] ?? 0) ^ multiply(factor, byte);
      });
    }
  }
}

function scaled(sum: readonly number[], factor: number): number[] {
  return sum.map((byte) => multiply(factor, byte));
}

/** Takes a source symbol apart; undefined if it is none: reserved bits, a length that is too long, or padding that is not zero. */
function partsOf(symbol: readonly number[]): SymbolParts | undefined {
  const header = symbol[0]! + symbol[1]! * 256,
    length = header & 0xfff;
  if (header >= 1 << 14 || length > 1200 || length > symbol.length - 2) return undefined;
  if (symbol.slice(2 + length).some((byte) => byte !== 0)) return undefined;
  return {
    first: (header >> 12) % 2 === 1,
    last: (header >> 13) % 2 === 1,
    payload: Uint8Array.from(symbol.slice(2, 2 + length)),
  };
}

function concat(parts: readonly Uint8Array[]): Uint8Array {
  return Uint8Array.from(parts.flatMap((part) => [...part]));
}
