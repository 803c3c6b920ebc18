/**
 * Parses one datagram into frames (docs/WIRE-FORMAT.md section 2). A datagram is taken or dropped whole: every
 * frame is checked before the caller sees the first. Never throws. Frames are records that the next datagram reuses,
 * and say where in the datagram their symbol lies: reading allocates nothing once there are as many as a datagram ever
 * held.
 */
import { FrontViews } from "../front-views.js";
import {
  DATAGRAM_FRAMES_MAX,
  ENCODING_WINDOW_SYMBOLS_MAX,
  FEEDBACK_BITMAP_BYTES_MAX,
  FEEDBACK_SYMBOL_BYTES_MAX,
  REPAIR_SPAN_MAX,
  SYMBOL_BYTES_MAX,
  SYMBOL_HEADER_BYTES,
  SYMBOL_PAYLOAD_BYTES_MAX,
} from "../limits.js";
import { SYMBOL_LENGTH_MASK, SYMBOL_RESERVED } from "../symbol.js";
import {
  DATAGRAM_HEADER_BYTES,
  FrameType,
  REPAIR_DENSE,
  SOURCE_FRAME_HEADER_BYTES,
  SOURCE_RETRANSMITTED,
  WIRE_VERSION,
  type StreamId,
} from "./constants.js";

export interface SourceFrame {
  readonly kind: "source";
  stream: StreamId;
  retransmitted: boolean;
  /** Low 24 bits of the sequence number. */
  seq24: number;
  /** The datagram; the symbol, header and payload, is its start..end. */
  bytes: Uint8Array;
  start: number;
  end: number;
}

export interface RepairFrame {
  readonly kind: "repair";
  stream: StreamId;
  row: number;
  base24: number;
  /** Sequence number of the first member: set by the receiver of the stream, which knows what base24 is near to. */
  base: number;
  span: number;
  members: number;
  /** Bit i set: base + i is a member; also filled for DENSE frames. Zero beyond the span. */
  readonly bitmap: Uint8Array;
  /** The datagram; the repair symbol is its start..end. */
  bytes: Uint8Array;
  start: number;
  end: number;
}

export interface FeedbackFrame {
  readonly kind: "feedback";
  largest16: number;
  bitmap: Uint8Array;
  ackDelayMs: number;
  queueDelayMs: number;
  next24: number;
  symbolBitmap: Uint8Array;
}

export interface PingFrame {
  readonly kind: "ping";
}

export type Frame = SourceFrame | RepairFrame | FeedbackFrame | PingFrame;

export interface Datagram {
  number16: number;
  sentAt16: number;
  readonly frames: Frame[];
}

/** Why a datagram was dropped. */
export type Malformed =
  "too short" | "version" | "frame type" | "reserved bits" | "truncated" | "out of range" | "too many frames";

const PING: PingFrame = { kind: "ping" };
const NO_BYTES: Uint8Array = new Uint8Array(0);

/** Reads datagrams, one at a time. */
export class DatagramReader {
  readonly #datagram: Datagram = { number16: 0, sentAt16: 0, frames: [] };
  /** Records by kind, those of this datagram first; at most DATAGRAM_FRAMES_MAX of each. */
  readonly #sources: SourceFrame[] = [];
  readonly #repairs: RepairFrame[] = [];
  readonly #feedbacks: FeedbackRecord[] = [];
  #sourceCount = 0;
  #repairCount = 0;
  #feedbackCount = 0;
  #bytes: Uint8Array = NO_BYTES;
  #offset = 0;

  /**
   * Parses a datagram: its frames, valid until the next call and as long as `bytes` is not changed, or the reason why
   * it is dropped.
   */
  read(bytes: Uint8Array): Datagram | Malformed {
    if (bytes.length < DATAGRAM_HEADER_BYTES) return "too short";
    if (bytes[0] !== WIRE_VERSION) return "version";
    this.#bytes = bytes;
    this.#offset = DATAGRAM_HEADER_BYTES;
    this.#sourceCount = this.#repairCount = this.#feedbackCount = 0;
    const { frames } = this.#datagram;
    let count = 0;
    while (this.#offset < bytes.length) {
      if (count === DATAGRAM_FRAMES_MAX) return "too many frames";
      const frame = this.#readFrame();
      if (typeof frame === "string") return frame;
      frames[count++] = frame;
    }
    // Cut at the end, not emptied before: an emptied array lets go of its memory.
    frames.length = count;
    this.#datagram.number16 = u16(bytes, 1);
    this.#datagram.sentAt16 = u16(bytes, 3);
    return this.#datagram;
  }

  #readFrame(): Frame | Malformed {
    const first = this.#bytes[this.#offset]!;
    switch (first >> 4) {
      case FrameType.source:
        return this.#readSource(first);
      case FrameType.repair:
        return this.#readRepair(first);
      case FrameType.feedback:
        return this.#readFeedback(first);
      case FrameType.ping:
        if (first & 15) return "reserved bits";
        this.#offset++;
        return PING;
      default:
        return "frame type";
    }
  }

  #readSource(first: number): Frame | Malformed {
    const bytes = this.#bytes,
      offset = this.#offset;
    if (first & 12) return "reserved bits";
    const start = offset + SOURCE_FRAME_HEADER_BYTES;
    if (start + SYMBOL_HEADER_BYTES > bytes.length) return "truncated";
    const header = u16(bytes, start);
    const length = header & SYMBOL_LENGTH_MASK;
    if (header & SYMBOL_RESERVED) return "reserved bits";
    if (length > SYMBOL_PAYLOAD_BYTES_MAX) return "out of range";
    const end = start + SYMBOL_HEADER_BYTES + length;
    if (end > bytes.length) return "truncated";
    this.#offset = end;
    const frame = (this.#sources[this.#sourceCount++] ??= newSourceFrame());
    frame.stream = (first & 1) as StreamId;
    frame.retransmitted = (first & SOURCE_RETRANSMITTED) !== 0;
    frame.seq24 = u24(bytes, offset + 1);
    frame.bytes = bytes;
    frame.start = start;
    frame.end = end;
    return frame;
  }

  #readRepair(first: number): Frame | Malformed {
    const bytes = this.#bytes,
      offset = this.#offset;
    if (first & 12) return "reserved bits";
    if (offset + 6 > bytes.length) return "truncated";
    const row = bytes[offset + 1]!,
      span = bytes[offset + 5]!;
    if (row > 127 || span < 1 || span > REPAIR_SPAN_MAX) return "out of range";
    const frame = (this.#repairs[this.#repairCount++] ??= newRepairFrame());
    const { bitmap } = frame;
    bitmap.fill(0);
    let at = offset + 6;
    if (first & REPAIR_DENSE) {
      if (span > ENCODING_WINDOW_SYMBOLS_MAX) return "out of range";
      for (let i = 0; i < span; i++) bitmap[i >> 3]! |= 1 << (i & 7);
    } else {
      const bitmapBytes = (span + 7) >> 3;
      if (at + bitmapBytes > bytes.length) return "truncated";
      for (let i = 0; i < bitmapBytes; i++) bitmap[i] = bytes[at + i]!;
      at += bitmapBytes;
      const lastBit = (span - 1) & 7;
      if (!(bitmap[0]! & 1) || bitmap[bitmapBytes - 1]! >> lastBit !== 1) return "out of range";
    }
    let members = 0;
    for (let i = 0; i < span; i++) members += (bitmap[i >> 3]! >> (i & 7)) & 1;
    if (members > ENCODING_WINDOW_SYMBOLS_MAX) return "out of range";
    if (at + 2 > bytes.length) return "truncated";
    const length = u16(bytes, at);
    if (length < SYMBOL_HEADER_BYTES || length > SYMBOL_BYTES_MAX) return "out of range";
    const end = at + 2 + length;
    if (end > bytes.length) return "truncated";
    this.#offset = end;
    frame.stream = (first & 1) as StreamId;
    frame.row = row;
    frame.base = frame.base24 = u24(bytes, offset + 2);
    frame.span = span;
    frame.members = members;
    frame.bytes = bytes;
    frame.start = at + 2;
    frame.end = end;
    return frame;
  }

  #readFeedback(first: number): Frame | Malformed {
    const bytes = this.#bytes,
      offset = this.#offset;
    const bitmapBytes = first & 15;
    if (bitmapBytes > FEEDBACK_BITMAP_BYTES_MAX) return "out of range";
    const at = offset + 3 + bitmapBytes;
    if (at + 6 > bytes.length) return "truncated";
    const symbolBytes = bytes[at + 5]!;
    const end = at + 6 + symbolBytes;
    if (symbolBytes > FEEDBACK_SYMBOL_BYTES_MAX) return "out of range";
    if (end > bytes.length) return "truncated";
    if (symbolBytes > 0 && bytes[end - 1] === 0) return "out of range";
    this.#offset = end;
    const frame = (this.#feedbacks[this.#feedbackCount++] ??= new FeedbackRecord());
    frame.largest16 = u16(bytes, offset + 1);
    frame.setBitmap(bytes, offset + 3, bitmapBytes);
    frame.ackDelayMs = bytes[at]!;
    frame.queueDelayMs = bytes[at + 1]!;
    frame.next24 = u24(bytes, at + 2);
    frame.setSymbolBitmap(bytes, at + 6, symbolBytes);
    return frame;
  }
}

/** A FEEDBACK frame with bitmaps of its own. */
class FeedbackRecord implements FeedbackFrame {
  readonly kind = "feedback";
  readonly #bitmaps = new FrontViews(new Uint8Array(FEEDBACK_BITMAP_BYTES_MAX), FEEDBACK_BITMAP_BYTES_MAX + 1);
  readonly #symbolBitmaps = new FrontViews(new Uint8Array(FEEDBACK_SYMBOL_BYTES_MAX), FEEDBACK_SYMBOL_BYTES_MAX + 1);
  largest16 = 0;
  bitmap = NO_BYTES;
  ackDelayMs = 0;
  queueDelayMs = 0;
  next24 = 0;
  symbolBitmap = NO_BYTES;

  setBitmap(bytes: Uint8Array, start: number, length: number): void {
    this.bitmap = this.#bitmaps.of(length);
    for (let i = 0; i < length; i++) this.bitmap[i] = bytes[start + i]!;
  }

  setSymbolBitmap(bytes: Uint8Array, start: number, length: number): void {
    this.symbolBitmap = this.#symbolBitmaps.of(length);
    for (let i = 0; i < length; i++) this.symbolBitmap[i] = bytes[start + i]!;
  }
}

function newSourceFrame(): SourceFrame {
  return { kind: "source", stream: 0, retransmitted: false, seq24: 0, bytes: NO_BYTES, start: 0, end: 0 };
}

function newRepairFrame(): RepairFrame {
  return {
    kind: "repair",
    stream: 0,
    row: 0,
    base24: 0,
    base: 0,
    span: 0,
    members: 0,
    bitmap: new Uint8Array(REPAIR_SPAN_MAX / 8),
    bytes: NO_BYTES,
    start: 0,
    end: 0,
  };
}

function u16(bytes: Uint8Array, offset: number): number {
  return bytes[offset]! | (bytes[offset + 1]! << 8);
}

function u24(bytes: Uint8Array, offset: number): number {
  return u16(bytes, offset) | (bytes[offset + 2]! << 16);
}
