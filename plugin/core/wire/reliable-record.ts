/**
 * Records of the reliable path that carry messages: SYMBOL, UNRELIABLE and DATAGRAM (docs/WIRE-FORMAT.md section 1).
 */
import type { Seq } from "../seq.js";
import {
  RECORD_DATAGRAM,
  RECORD_FIRST,
  RECORD_LAST,
  RECORD_SYMBOL,
  RECORD_UNRELIABLE,
  SYMBOL_RECORD_HEADER_BYTES,
  UNRELIABLE_RECORD_HEADER_BYTES,
} from "./constants.js";

export interface SymbolRecord {
  kind: "symbol";
  first: boolean;
  last: boolean;
  seq: Seq;
  /** A view of the record. */
  payload: Uint8Array;
}

export interface UnreliableRecord {
  kind: "unreliable";
  barrier: Seq;
  /** A view of the record. */
  payload: Uint8Array;
}

export interface DatagramRecord {
  kind: "datagram";
  /** A view of the record: a datagram as a channel would have brought it. */
  payload: Uint8Array;
}

export function encodeDatagramRecord(datagram: Uint8Array): Uint8Array {
  const record = new Uint8Array(1 + datagram.length);
  record[0] = RECORD_DATAGRAM;
  record.set(datagram, 1);
  return record;
}

export function encodeSymbolRecord(seq: Seq, first: boolean, last: boolean, payload: Uint8Array): Uint8Array {
  const record = new Uint8Array(SYMBOL_RECORD_HEADER_BYTES + payload.length);
  record[0] = RECORD_SYMBOL;
  record[1] = (first ? RECORD_FIRST : 0) | (last ? RECORD_LAST : 0);
  writeU32(record, 2, seq);
  record.set(payload, SYMBOL_RECORD_HEADER_BYTES);
  return record;
}

export function encodeUnreliableRecord(barrier: Seq, payload: Uint8Array): Uint8Array {
  const record = new Uint8Array(UNRELIABLE_RECORD_HEADER_BYTES + payload.length);
  record[0] = RECORD_UNRELIABLE;
  writeU32(record, 1, barrier);
  record.set(payload, UNRELIABLE_RECORD_HEADER_BYTES);
  return record;
}

/** The record in `bytes`, or undefined if it is none of the three or malformed; a datagram is not looked into. */
export function readRecord(bytes: Uint8Array): SymbolRecord | UnreliableRecord | DatagramRecord | undefined {
  if (bytes[0] === RECORD_SYMBOL && bytes.length >= SYMBOL_RECORD_HEADER_BYTES) {
    const flags = bytes[1]!;
    if (flags & ~(RECORD_FIRST | RECORD_LAST)) return undefined;
    return {
      kind: "symbol",
      first: (flags & RECORD_FIRST) !== 0,
      last: (flags & RECORD_LAST) !== 0,
      seq: readU32(bytes, 2),
      payload: bytes.subarray(SYMBOL_RECORD_HEADER_BYTES),
    };
  }
  if (bytes[0] === RECORD_UNRELIABLE && bytes.length >= UNRELIABLE_RECORD_HEADER_BYTES) {
    return { kind: "unreliable", barrier: readU32(bytes, 1), payload: bytes.subarray(UNRELIABLE_RECORD_HEADER_BYTES) };
  }
  return bytes[0] === RECORD_DATAGRAM ? { kind: "datagram", payload: bytes.subarray(1) } : undefined;
}

function writeU32(bytes: Uint8Array, offset: number, value: number): void {
  for (let i = 0; i < 4; i++) bytes[offset + i] = value >>> (8 * i);
}

function readU32(bytes: Uint8Array, offset: number): number {
  return (bytes[offset]! | (bytes[offset + 1]! << 8) | (bytes[offset + 2]! << 16) | (bytes[offset + 3]! << 24)) >>> 0;
}
