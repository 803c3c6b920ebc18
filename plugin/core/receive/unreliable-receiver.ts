/**
 * The unreliable stream at its receiving end: each message at most once, as soon as its symbols are there. A message
 * that was sent after an ordered one which is still missing waits for it, but not for long (docs/WIRE-FORMAT.md section
 * 3.4).
 */
import { RepairDecoder } from "../fec/repair-decoder.js";
import { DECODER_HISTORY_SYMBOLS, MESSAGE_FRAGMENTS_MAX, SYMBOL_HEADER_BYTES, UNRELIABLE_HELD_MAX } from "../limits.js";
import { seqAdd, seqDiff, seqExpand, seqExpand24, type Seq } from "../seq.js";
import type { LinkCounters } from "../stats.js";
import { BARRIER_BYTES } from "../wire/constants.js";
import type { RepairFrame, SourceFrame } from "../wire/datagram-reader.js";
import { concat, symbolIsFirst, symbolIsLast } from "../symbol.js";

/** Symbols whose taking is remembered: as many as the decoder keeps, and those ahead of a gap. */
const TAKEN_MEMORY = 2 * DECODER_HISTORY_SYMBOLS;

interface HeldMessage {
  message: Uint8Array;
  barrier: Seq;
  deadlineMs: number;
}

export class UnreliableReceiver {
  readonly #decoder: RepairDecoder;
  readonly #held: HeldMessage[] = [];
  #newest: Seq;
  /**
   * The symbols taken lately, by sequence number modulo its length: the decoder may know one before it is taken here.
   */
  readonly #taken = new Float64Array(TAKEN_MEMORY).fill(-1);
  #span = 0;
  #known = 0;

  constructor(
    firstSeq: Seq,
    private readonly messageBytesMax: number,
    private readonly counters: LinkCounters,
    private readonly deliver: (message: Uint8Array) => void,
  ) {
    this.#newest = seqAdd(firstSeq, -1);
    this.#decoder = new RepairDecoder({ firstSeq, aheadSymbols: 2 ** 23 });
  }

  /** Symbols sent to here that did not come, those still under way or under repair included. */
  get lost(): number {
    return this.#span - this.#known;
  }

  /** When a held message must go, ms. */
  get deadlineMs(): number {
    let deadlineMs = Infinity;
    for (const held of this.#held) deadlineMs = Math.min(deadlineMs, held.deadlineMs);
    return deadlineMs;
  }

  /** @param orderedNext the next ordered symbol to deliver; @param holdMs how long a message waits for its barrier. */
  onSource(frame: SourceFrame, orderedNext: Seq, holdMs: number, nowMs: number): void {
    const seq = seqExpand24(frame.seq24, this.#newest);
    if (this.#decoder.addSource(seq, frame.bytes, frame.start, frame.end) !== "new") return;
    this.counters.symbolsReceived++;
    this.#take(seq, orderedNext, holdMs, nowMs);
    this.#takeRecovered(orderedNext, holdMs, nowMs);
  }

  onRepair(frame: RepairFrame, orderedNext: Seq, holdMs: number, nowMs: number): void {
    frame.base = seqExpand24(frame.base24, this.#newest);
    this.#decoder.addRepair(frame);
    this.#takeRecovered(orderedNext, holdMs, nowMs);
  }

  /** Takes a whole message of the reliable path (copied). */
  onRecord(barrier: Seq, message: Uint8Array, orderedNext: Seq, holdMs: number, nowMs: number): void {
    this.#hold(Uint8Array.prototype.slice.call(message), barrier, orderedNext, holdMs, nowMs);
  }

  /** Delivers what no longer waits: its barrier was reached, or its time is up. */
  release(orderedNext: Seq, nowMs: number): void {
    for (let i = 0; i < this.#held.length;) {
      const held = this.#held[i]!;
      if (seqDiff(held.barrier, orderedNext) <= 0 || held.deadlineMs <= nowMs) {
        this.#held.splice(i, 1);
        this.deliver(held.message);
      } else {
        i++;
      }
    }
  }

  #takeRecovered(orderedNext: Seq, holdMs: number, nowMs: number): void {
    for (let seq = this.#decoder.pollRecoveredSeq(); seq !== undefined; seq = this.#decoder.pollRecoveredSeq()) {
      this.counters.symbolsRecovered++;
      this.#take(seq, orderedNext, holdMs, nowMs);
    }
  }

  /** A taken symbol as the start of a buffer. */
  #get(seq: Seq): Uint8Array | undefined {
    return this.#taken[seq % TAKEN_MEMORY] === seq ? this.#decoder.block(seq)?.bytes : undefined;
  }

  /** A symbol became known: its message is complete if all the others are, and that happens once. */
  #take(seq: Seq, orderedNext: Seq, holdMs: number, nowMs: number): void {
    const ahead = seqDiff(seq, this.#newest);
    if (ahead > 0) {
      this.#newest = seq;
      this.#span += ahead;
    }
    this.#known++;
    this.#taken[seq % TAKEN_MEMORY] = seq;
    let first = seq;
    for (let back = 0; ; back++) {
      const symbol = this.#get(first);
      if (!symbol || back === MESSAGE_FRAGMENTS_MAX || (back > 0 && symbolIsLast(symbol))) return;
      if (symbolIsFirst(symbol)) break;
      first = seqAdd(first, -1);
    }
    for (let i = 0; i < MESSAGE_FRAGMENTS_MAX; i++) {
      const symbol = this.#get(seqAdd(first, i));
      if (!symbol || (i > 0 && symbolIsFirst(symbol))) return;
      if (symbolIsLast(symbol)) {
        this.#takeMessage(first, i + 1, orderedNext, holdMs, nowMs);
        return;
      }
    }
  }

  /** Takes the message of the known symbols first .. first + count - 1, copied. */
  #takeMessage(first: Seq, count: number, orderedNext: Seq, holdMs: number, nowMs: number): void {
    const start = this.#decoder.block(first)!.bytes;
    let message: Uint8Array = start.slice(SYMBOL_HEADER_BYTES + BARRIER_BYTES, this.#decoder.bytesOf(first));
    if (count > 1) {
      const parts = [message];
      for (let seq = seqAdd(first, 1); parts.length < count; seq = seqAdd(seq, 1)) {
        parts.push(this.#decoder.block(seq)!.bytes.slice(SYMBOL_HEADER_BYTES, this.#decoder.bytesOf(seq)));
      }
      message = concat(parts);
    }
    if (this.#decoder.bytesOf(first) < SYMBOL_HEADER_BYTES + BARRIER_BYTES || message.length > this.messageBytesMax) {
      this.counters.framesIgnored++;
      return;
    }
    const barrier = seqExpand(start[SYMBOL_HEADER_BYTES]! | (start[SYMBOL_HEADER_BYTES + 1]! << 8), orderedNext);
    this.#hold(message, barrier, orderedNext, holdMs, nowMs);
  }

  #hold(message: Uint8Array, barrier: Seq, orderedNext: Seq, holdMs: number, nowMs: number): void {
    if (seqDiff(barrier, orderedNext) <= 0) {
      this.deliver(message);
      return;
    }
    this.#held.push({ message, barrier, deadlineMs: nowMs + holdMs });
    if (this.#held.length > UNRELIABLE_HELD_MAX) this.deliver(this.#held.shift()!.message);
  }
}
