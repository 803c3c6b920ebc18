/**
 * Writes one datagram, frame by frame, into a buffer that it reuses (docs/WIRE-FORMAT.md section 2).
 * Decides nothing: the caller chooses the frames and asks `room` before it writes one.
 */
import { FrontViews } from "../front-views.js";
import { SYMBOL_BYTES_MAX } from "../limits.js";
import type { Seq } from "../seq.js";
import type { RepairSymbol } from "../symbol.js";
import {
  DATAGRAM_HEADER_BYTES,
  FEEDBACK_FRAME_HEADER_BYTES,
  FrameType,
  REPAIR_DENSE,
  REPAIR_FRAME_HEADER_BYTES,
  SOURCE_FRAME_HEADER_BYTES,
  SOURCE_RETRANSMITTED,
  WIRE_VERSION,
  type StreamId,
} from "./constants.js";

/** What a FEEDBACK frame says; section 2.3. Bitmaps are read up to their byte counts. */
export interface Feedback {
  largest: number;
  bitmapBytes: number;
  bitmap: Uint8Array;
  ackDelayMs: number;
  queueDelayMs: number;
  next: Seq;
  symbolBytes: number;
  symbolBitmap: Uint8Array;
}

/**
 * Room past the MTU, so that a symbol in a larger buffer is copied with what follows it: no view of its part is needed.
 */
const SLACK_BYTES = SYMBOL_BYTES_MAX + 128;

export class DatagramWriter {
  readonly #bytes: Uint8Array;
  readonly #views: FrontViews;
  #offset = 0;

  /** @param mtuBytes largest datagram that the channel carries, bytes. */
  constructor(readonly mtuBytes: number) {
    this.#bytes = new Uint8Array(mtuBytes + SLACK_BYTES);
    this.#views = new FrontViews(this.#bytes);
  }

  /** Bytes still free. */
  get room(): number {
    return this.mtuBytes - this.#offset;
  }

  /** True if nothing but the header was written. */
  get empty(): boolean {
    return this.#offset <= DATAGRAM_HEADER_BYTES;
  }

  begin(number: number, nowMs: number): void {
    this.#bytes[0] = WIRE_VERSION;
    this.#offset = 1;
    this.#u16(number);
    this.#u16(Math.floor(nowMs));
  }

  /** Writes a SOURCE frame; the symbol, header and payload, is the first symbolBytes of `symbol`, by default all. */
  source(stream: StreamId, seq: Seq, symbol: Uint8Array, retransmitted: boolean, symbolBytes = symbol.length): void {
    this.#u8((FrameType.source << 4) | stream | (retransmitted ? SOURCE_RETRANSMITTED : 0));
    this.#u24(seq);
    this.#copy(symbol, symbolBytes);
  }

  repair(stream: StreamId, repair: RepairSymbol): void {
    const dense = repair.members === repair.span;
    this.#u8((FrameType.repair << 4) | stream | (dense ? REPAIR_DENSE : 0));
    this.#u8(repair.row);
    this.#u24(repair.base);
    this.#u8(repair.span);
    if (!dense) this.#copy(repair.bitmap, (repair.span + 7) >> 3);
    this.#u16(repair.bytes.length);
    this.#copy(repair.bytes, repair.bytes.length);
  }

  feedback(feedback: Feedback): void {
    this.#u8((FrameType.feedback << 4) | feedback.bitmapBytes);
    this.#u16(feedback.largest);
    this.#copy(feedback.bitmap, feedback.bitmapBytes);
    this.#u8(Math.min(255, Math.max(0, Math.round(feedback.ackDelayMs))));
    this.#u8(Math.min(255, Math.max(0, Math.round(feedback.queueDelayMs))));
    this.#u24(feedback.next);
    this.#u8(feedback.symbolBytes);
    this.#copy(feedback.symbolBitmap, feedback.symbolBytes);
  }

  ping(): void {
    this.#u8(FrameType.ping << 4);
  }

  /** The datagram: a view that the next `begin` overwrites. */
  end(): Uint8Array {
    return this.#views.of(this.#offset);
  }

  #u8(value: number): void {
    this.#bytes[this.#offset++] = value;
  }

  #u16(value: number): void {
    this.#bytes[this.#offset++] = value;
    this.#bytes[this.#offset++] = value >>> 8;
  }

  #u24(value: number): void {
    this.#u16(value);
    this.#bytes[this.#offset++] = value >>> 16;
  }

  /**
   * Writes source[0..length). What a native copy takes beyond that is overwritten by the next frame, or lies past the
   * end.
   */
  #copy(source: Uint8Array, length: number): void {
    const at = this.#offset;
    if (length <= 16) for (let i = 0; i < length; i++) this.#bytes[at + i] = source[i]!;
    else if (at + source.length <= this.#bytes.length) this.#bytes.set(source, at);
    else this.#bytes.set(source.subarray(0, length), at);
    this.#offset = at + length;
  }
}

/** Bytes of a SOURCE frame around a symbol of `symbolBytes`. */
export function sourceFrameBytes(symbolBytes: number): number {
  return SOURCE_FRAME_HEADER_BYTES + symbolBytes;
}

/** Bytes of the REPAIR frame that carries `repair`. */
export function repairFrameBytes(repair: RepairSymbol): number {
  const bitmapBytes = repair.members === repair.span ? 0 : (repair.span + 7) >> 3;
  return REPAIR_FRAME_HEADER_BYTES + bitmapBytes + repair.bytes.length;
}

/** Bytes of the FEEDBACK frame that carries `feedback`. */
export function feedbackFrameBytes(feedback: Feedback): number {
  return FEEDBACK_FRAME_HEADER_BYTES + feedback.bitmapBytes + feedback.symbolBytes;
}
