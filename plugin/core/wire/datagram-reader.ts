/**
 * Parses one datagram into frame views (docs/WIRE-FORMAT.md section 2). A datagram is taken or dropped whole: every
 * frame is checked before the caller sees the first. Never throws; keeps no byte of the input.
 */
import { DATAGRAM_FRAMES_MAX, ENCODING_WINDOW_SYMBOLS_MAX, FEEDBACK_BITMAP_BYTES_MAX, FEEDBACK_SYMBOL_BYTES_MAX, REPAIR_SPAN_MAX, SYMBOL_BYTES_MAX, SYMBOL_HEADER_BYTES, SYMBOL_PAYLOAD_BYTES_MAX } from "../limits.js";
import { SYMBOL_LENGTH_MASK, SYMBOL_RESERVED } from "../symbol.js";
import { DATAGRAM_HEADER_BYTES, FrameType, REPAIR_DENSE, SOURCE_RETRANSMITTED, WIRE_VERSION, type StreamId } from "./constants.js";

export interface SourceFrame {
  kind: "source";
  stream: StreamId;
  retransmitted: boolean;
  /** Low 16 bits of the sequence number. */
  seq16: number;
  /** Header and payload: a view of the datagram. */
  symbol: Uint8Array;
}

export interface RepairFrame {
  kind: "repair";
  stream: StreamId;
  row: number;
  base16: number;
  span: number;
  members: number;
  /** Bit i set: base + i is a member; also filled for DENSE frames. */
  bitmap: Uint8Array;
  bytes: Uint8Array;
}

export interface FeedbackFrame {
  kind: "feedback";
  largest16: number;
  bitmap: Uint8Array;
  ackDelayMs: number;
  queueDelayMs: number;
  next16: number;
  symbolBitmap: Uint8Array;
}

export interface PingFrame {
  kind: "ping";
}

export type Frame = SourceFrame | RepairFrame | FeedbackFrame | PingFrame;

export interface Datagram {
  number16: number;
  sentAt16: number;
  frames: Frame[];
}

/** Why a datagram was dropped. */
export type Malformed = "too short" | "version" | "frame type" | "reserved bits" | "truncated" | "out of range" | "too many frames";

const PING: PingFrame = { kind: "ping" };

/** Parses a datagram: the parsed form, views into `bytes` included, or the reason why it is dropped. */
export function readDatagram(bytes: Uint8Array): Datagram | Malformed {
  if (bytes.length < DATAGRAM_HEADER_BYTES) return "too short";
  if (bytes[0] !== WIRE_VERSION) return "version";
  const frames: Frame[] = [];
  const cursor: Cursor = { bytes, offset: DATAGRAM_HEADER_BYTES };
  while (cursor.offset < bytes.length) {
    if (frames.length === DATAGRAM_FRAMES_MAX) return "too many frames";
    const frame = readFrame(cursor);
    if (typeof frame === "string") return frame;
    frames.push(frame);
  }
  return { number16: u16(bytes, 1), sentAt16: u16(bytes, 3), frames };
}

interface Cursor {
  readonly bytes: Uint8Array;
  offset: number;
}

function readFrame(cursor: Cursor): Frame | Malformed {
  const first = cursor.bytes[cursor.offset]!;
  switch (first >> 4) {
    case FrameType.source: return readSource(cursor, first);
    case FrameType.repair: return readRepair(cursor, first);
    case FrameType.feedback: return readFeedback(cursor, first);
    case FrameType.ping:
      if (first & 15) return "reserved bits";
      cursor.offset++;
      return PING;
    default: return "frame type";
  }
}

function readSource(cursor: Cursor, first: number): Frame | Malformed {
  const { bytes, offset } = cursor;
  if (first & 12) return "reserved bits";
  if (offset + 3 + SYMBOL_HEADER_BYTES > bytes.length) return "truncated";
  const header = u16(bytes, offset + 3);
  const length = header & SYMBOL_LENGTH_MASK;
  if (header & SYMBOL_RESERVED) return "reserved bits";
  if (length > SYMBOL_PAYLOAD_BYTES_MAX) return "out of range";
  const end = offset + 3 + SYMBOL_HEADER_BYTES + length;
  if (end > bytes.length) return "truncated";
  cursor.offset = end;
  return {
    kind: "source", stream: (first & 1) as StreamId, retransmitted: (first & SOURCE_RETRANSMITTED) !== 0,
    seq16: u16(bytes, offset + 1), symbol: bytes.subarray(offset + 3, end),
  };
}

function readRepair(cursor: Cursor, first: number): Frame | Malformed {
  const { bytes, offset } = cursor;
  if (first & 12) return "reserved bits";
  if (offset + 5 > bytes.length) return "truncated";
  const row = bytes[offset + 1]!, span = bytes[offset + 4]!;
  if (row > 127 || span < 1 || span > REPAIR_SPAN_MAX) return "out of range";
  let at = offset + 5;
  const bitmap = new Uint8Array(REPAIR_SPAN_MAX / 8);
  if (first & REPAIR_DENSE) {
    if (span > ENCODING_WINDOW_SYMBOLS_MAX) return "out of range";
    for (let i = 0; i < span; i++) bitmap[i >> 3]! |= 1 << (i & 7);
  } else {
    const bitmapBytes = (span + 7) >> 3;
    if (at + bitmapBytes > bytes.length) return "truncated";
    bitmap.set(bytes.subarray(at, at + bitmapBytes));
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
  cursor.offset = end;
  return { kind: "repair", stream: (first & 1) as StreamId, row, base16: u16(bytes, offset + 2), span, members, bitmap, bytes: bytes.subarray(at + 2, end) };
}

function readFeedback(cursor: Cursor, first: number): Frame | Malformed {
  const { bytes, offset } = cursor;
  const bitmapBytes = first & 15;
  if (bitmapBytes > FEEDBACK_BITMAP_BYTES_MAX) return "out of range";
  const at = offset + 3 + bitmapBytes;
  if (at + 5 > bytes.length) return "truncated";
  const symbolBytes = bytes[at + 4]!;
  const end = at + 5 + symbolBytes;
  if (symbolBytes > FEEDBACK_SYMBOL_BYTES_MAX) return "out of range";
  if (end > bytes.length) return "truncated";
  if (symbolBytes > 0 && bytes[end - 1] === 0) return "out of range";
  cursor.offset = end;
  return {
    kind: "feedback", largest16: u16(bytes, offset + 1), bitmap: bytes.subarray(offset + 3, at),
    ackDelayMs: bytes[at]!, queueDelayMs: bytes[at + 1]!, next16: u16(bytes, at + 2), symbolBitmap: bytes.subarray(at + 5, end),
  };
}

function u16(bytes: Uint8Array, offset: number): number {
  return bytes[offset]! | (bytes[offset + 1]! << 8);
}
