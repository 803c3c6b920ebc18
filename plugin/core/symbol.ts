/** Source symbols: a header of length and flags, then the payload (docs/WIRE-FORMAT.md section 2.1, after RFC 8681). */
import { SYMBOL_HEADER_BYTES } from "./limits.js";

/** Symbol header, u16: bits 0..11 the payload's length, then FIRST and LAST. */
export const SYMBOL_LENGTH_MASK = 0x0fff;
export const SYMBOL_FIRST = 0x1000;
export const SYMBOL_LAST = 0x2000;
export const SYMBOL_RESERVED = 0xc000;

/** A source symbol over message[start..end), in a buffer of its own. */
export function makeSymbol(message: Uint8Array, start: number, end: number, first: boolean, last: boolean): Uint8Array {
  const symbol = new Uint8Array(SYMBOL_HEADER_BYTES + end - start);
  const header = (end - start) | (first ? SYMBOL_FIRST : 0) | (last ? SYMBOL_LAST : 0);
  symbol[0] = header;
  symbol[1] = header >>> 8;
  for (let i = start, at = SYMBOL_HEADER_BYTES; i < end; i++, at++) symbol[at] = message[i]!;
  return symbol;
}

export function symbolIsFirst(symbol: Uint8Array): boolean {
  return (symbol[1]! & (SYMBOL_FIRST >> 8)) !== 0;
}

export function symbolIsLast(symbol: Uint8Array): boolean {
  return (symbol[1]! & (SYMBOL_LAST >> 8)) !== 0;
}

/** The payload: a view of the symbol. */
export function symbolPayload(symbol: Uint8Array): Uint8Array {
  return symbol.subarray(SYMBOL_HEADER_BYTES);
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
