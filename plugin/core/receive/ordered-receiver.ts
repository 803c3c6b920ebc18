/**
 * The ordered stream at its receiving end: symbols of both paths and of repair, into messages, exactly once and in
 * order. Repair is the decoder's work; what to tell the sender is read by the feedback.
 */
import { RepairDecoder } from "../fec/repair-decoder.js";
import {
  CARRIED_AHEAD_BYTES_MAX,
  DECODER_HISTORY_SYMBOLS,
  FEEDBACK_SYMBOL_BYTES_MAX,
  ORDERED_WINDOW_SYMBOLS,
  SYMBOL_HEADER_BYTES,
  SYMBOL_PAYLOAD_BYTES_MAX,
} from "../limits.js";
import { seqAdd, seqDiff, seqExpand24, type Seq } from "../seq.js";
import type { LinkCounters, SampleWindow } from "../stats.js";
import type { RepairFrame, SourceFrame } from "../wire/datagram-reader.js";
import type { SymbolRecord } from "../wire/reliable-record.js";
import { makeSymbol, symbolIsFirst, symbolIsLast } from "../symbol.js";
import { MessageAssembler, type AssemblyFault } from "./message-assembler.js";

/** What a peer did that ends the session. */
export type OrderedFault = AssemblyFault | "outside the window" | "too much ahead";

interface CarriedSymbol {
  payload: Uint8Array;
  first: boolean;
  last: boolean;
}

export class OrderedReceiver {
  readonly #decoder: RepairDecoder;
  readonly #assembler: MessageAssembler;
  /** Symbols of the reliable path that wait for an earlier one. */
  readonly #carried = new Map<Seq, CarriedSymbol>();
  #carriedBytes = 0;
  #next: Seq;
  /** One past the newest symbol that came by any way. */
  #end: Seq;
  /** Local time at which each symbol was sent, as far as its first datagram told; NaN otherwise. */
  readonly #sentMs = new Float64Array(ORDERED_WINDOW_SYMBOLS).fill(NaN);
  #lastSentMs = NaN;
  #pathOpened = false;
  fault: OrderedFault | undefined;

  constructor(
    firstSeq: Seq,
    messageBytesMax: number,
    private readonly counters: LinkCounters,
    private readonly applyDelays: SampleWindow,
    private readonly deliver: (message: Uint8Array) => void,
  ) {
    this.#next = this.#end = firstSeq;
    // How far ahead a symbol may be is checked here, so the decoder need not. It keeps what waits for delivery, and
    // behind that what a repair may still name.
    this.#decoder = new RepairDecoder({
      firstSeq,
      aheadSymbols: 2 ** 30,
      historySymbols: ORDERED_WINDOW_SYMBOLS + DECODER_HISTORY_SYMBOLS,
    });
    this.#assembler = new MessageAssembler(messageBytesMax);
  }

  /** The next symbol to deliver. */
  get next(): Seq {
    return this.#next;
  }

  /** A datagram path opened: from now on repairs may name what the reliable path brings. */
  open(): void {
    this.#pathOpened = true;
  }

  /** Takes a SOURCE frame. @param sentMs when it was sent, on the local clock. */
  onSource(frame: SourceFrame, sentMs: number, nowMs: number): void {
    const { retransmitted } = frame;
    const seq = seqExpand24(frame.seq24, this.#next);
    const ahead = seqDiff(seq, this.#next);
    if (ahead >= ORDERED_WINDOW_SYMBOLS) {
      this.counters.framesIgnored++;
      return;
    }
    if (
      ahead < 0 ||
      this.#carried.has(seq) ||
      this.#decoder.addSource(seq, frame.bytes, frame.start, frame.end) !== "new"
    )
      return;
    if (retransmitted) this.counters.symbolsRetransmitted++;
    else this.counters.symbolsReceived++;
    this.#sentMs[seq % ORDERED_WINDOW_SYMBOLS] = retransmitted ? NaN : sentMs;
    this.#note(seq);
    this.#advance(nowMs);
  }

  onRepair(frame: RepairFrame, nowMs: number): void {
    const base = seqExpand24(frame.base24, this.#next);
    // A window that ends before or starts past what can still be delivered tells nothing.
    if (seqDiff(seqAdd(base, frame.span), this.#next) <= 0) return;
    if (seqDiff(seqAdd(base, frame.span - 1), this.#next) >= ORDERED_WINDOW_SYMBOLS) {
      this.counters.framesIgnored++;
      return;
    }
    frame.base = base;
    this.#decoder.addRepair(frame);
    this.#advance(nowMs);
  }

  /** Takes a SYMBOL record; its payload is copied. May set `fault`. */
  onRecord(record: SymbolRecord, nowMs: number): void {
    const ahead = seqDiff(record.seq, this.#next);
    if (ahead < 0) return;
    if (ahead >= ORDERED_WINDOW_SYMBOLS) {
      this.fault = "outside the window";
      return;
    }
    if (this.#decoder.has(record.seq) || this.#carried.has(record.seq)) return;
    this.counters.symbolsCarried++;
    if (ahead === 0 && !this.#pathOpened) {
      // The common case of a session without datagrams: nothing waits, nothing is kept.
      this.#note(record.seq);
      this.#takeNext(record.payload, 0, record.payload.length, record.first, record.last);
    } else if (record.payload.length <= SYMBOL_PAYLOAD_BYTES_MAX) {
      this.#decoder.addSource(
        record.seq,
        makeSymbol(record.payload, 0, record.payload.length, record.first, record.last),
      );
      this.#note(record.seq);
    } else if (this.#carriedBytes + record.payload.length > CARRIED_AHEAD_BYTES_MAX && ahead > 0) {
      this.fault = "too much ahead";
    } else {
      this.#carried.set(record.seq, {
        payload: Uint8Array.prototype.slice.call(record.payload),
        first: record.first,
        last: record.last,
      });
      this.#carriedBytes += record.payload.length;
      this.#note(record.seq);
    }
    this.#advance(nowMs);
  }

  /** Fills the bitmap of symbols held beyond the next; returns its bytes. */
  fillBitmap(bitmap: Uint8Array): number {
    const held = seqDiff(this.#end, this.#next) - 1;
    if (held <= 0) return 0;
    const bytes = Math.min(FEEDBACK_SYMBOL_BYTES_MAX, (held + 7) >> 3);
    bitmap.fill(0, 0, bytes);
    for (let i = 0; i < held; i++) {
      const seq = seqAdd(this.#next, 1 + i);
      if (this.#decoder.has(seq) || this.#carried.has(seq)) bitmap[i >> 3]! |= 1 << (i & 7);
    }
    return bytes;
  }

  #note(seq: Seq): void {
    if (seqDiff(seq, this.#end) >= 0) this.#end = seqAdd(seq, 1);
  }

  /** Delivers the contiguous prefix, what repair just solved included. */
  #advance(nowMs: number): void {
    for (let seq = this.#decoder.pollRecoveredSeq(); seq !== undefined; seq = this.#decoder.pollRecoveredSeq()) {
      if (seqDiff(seq, this.#next) < 0) continue;
      this.counters.symbolsRecovered++;
      this.#sentMs[seq % ORDERED_WINDOW_SYMBOLS] = NaN;
      this.#note(seq);
    }
    while (!this.fault) {
      const seq = this.#next;
      const carried = this.#carried.get(seq);
      if (carried) {
        this.#carried.delete(seq);
        this.#carriedBytes -= carried.payload.length;
        this.#takeNext(carried.payload, 0, carried.payload.length, carried.first, carried.last);
        continue;
      }
      const symbol = seqDiff(this.#end, seq) > 0 ? this.#decoder.block(seq)?.bytes : undefined;
      if (!symbol) return;
      this.#measure(seq, nowMs);
      this.#takeNext(
        symbol,
        SYMBOL_HEADER_BYTES,
        this.#decoder.bytesOf(seq),
        symbolIsFirst(symbol),
        symbolIsLast(symbol),
      );
    }
  }

  /** The next symbol's payload is bytes[start..end). */
  #takeNext(bytes: Uint8Array, start: number, end: number, first: boolean, last: boolean): void {
    this.#next = seqAdd(this.#next, 1);
    const message = this.#assembler.add(bytes, start, end, first, last);
    if (typeof message === "string") this.fault = message;
    else if (message) this.deliver(message);
  }

  /**
   * Notes how late the symbol is. One that did not come by its first datagram was sent with or after its predecessor.
   */
  #measure(seq: Seq, nowMs: number): void {
    const at = seq % ORDERED_WINDOW_SYMBOLS;
    const sentMs = this.#sentMs[at]!;
    this.#sentMs[at] = NaN;
    if (!Number.isNaN(sentMs)) this.#lastSentMs = sentMs;
    if (!Number.isNaN(this.#lastSentMs)) this.applyDelays.add(Math.max(0, nowMs - this.#lastSentMs));
  }
}
