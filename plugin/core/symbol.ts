/**
 * Source symbols, and what a repair symbol is. A source symbol: a header of length and flags, then the payload
 * (docs/WIRE-FORMAT.md section 2.1, after RFC 8681).
 */
import { SYMBOL_HEADER_BYTES } from "./limits.js";
import type { Seq } from "./seq.js";

/** Symbol header, u16: bits 0..11 the payload's length, then FIRST and LAST. */
export const SYMBOL_LENGTH_MASK = 0x0fff;
export const SYMBOL_FIRST = 0x1000;
export const SYMBOL_LAST = 0x2000;
export const SYMBOL_RESERVED = 0xc000;

/** Writes the source symbol over message[start..end) to the front of `target`. Returns its bytes, header included. */
export function writeSymbol(
  target: Uint8Array,
  message: Uint8Array,
  start: number,
  end: number,
  first: boolean,
  last: boolean,
): number {
  writeSymbolHeader(target, end - start, first, last);
  target.set(end - start === message.length ? message : message.subarray(start, end), SYMBOL_HEADER_BYTES);
  return SYMBOL_HEADER_BYTES + end - start;
}

/** Writes the header of a source symbol with `payloadBytes` of payload to the front of `target`. */
export function writeSymbolHeader(target: Uint8Array, payloadBytes: number, first: boolean, last: boolean): void {
  const header = payloadBytes | (first ? SYMBOL_FIRST : 0) | (last ? SYMBOL_LAST : 0);
  target[0] = header;
  target[1] = header >>> 8;
}

/** A source symbol over message[start..end), in a buffer of its own. */
export function makeSymbol(message: Uint8Array, start: number, end: number, first: boolean, last: boolean): Uint8Array {
  const symbol = new Uint8Array(SYMBOL_HEADER_BYTES + end - start);
  writeSymbol(symbol, message, start, end, first, last);
  return symbol;
}

/** Whether the symbol that starts at bytes[start] is the first of its message. */
export function symbolIsFirst(bytes: Uint8Array, start = 0): boolean {
  return (bytes[start + 1]! & (SYMBOL_FIRST >> 8)) !== 0;
}

/** Whether the symbol that starts at bytes[start] is the last of its message. */
export function symbolIsLast(bytes: Uint8Array, start = 0): boolean {
  return (bytes[start + 1]! & (SYMBOL_LAST >> 8)) !== 0;
}

/** The payload of the symbol that is the first symbolBytes of `symbol`: a view. */
export function symbolPayload(symbol: Uint8Array, symbolBytes = symbol.length): Uint8Array {
  return symbol.subarray(SYMBOL_HEADER_BYTES, symbolBytes);
}

/** The parts joined into one array. */
export function concat(parts: readonly Uint8Array[]): Uint8Array {
  let length = 0;
  for (const part of parts) length += part.length;
  const whole = new Uint8Array(length);
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

/** One repair symbol and the symbols that it combines. */
export interface RepairSymbol {
  /** 0 = XOR, 1..127 = Cauchy. */
  row: number;
  /** The first member. */
  base: Seq;
  /** Sequence numbers from the first member to the last, both included, 1..128. */
  span: number;
  /** 16 bytes; bit i (least significant first) is set if base + i is a member. */
  bitmap: Uint8Array;
  /** Number of members, 1..32. */
  members: number;
  /** The repair symbol, as long as the longest member. */
  bytes: Uint8Array;
}
