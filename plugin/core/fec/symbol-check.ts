/**
 * Whether bytes are a source symbol (docs/WIRE-FORMAT.md section 2.1): a u16 header with payload length and flags, then
 * the payload. The length is inside what repair protects, so a recovered symbol has its true length (the way of RFC
 * 8681 section 3.3), and a solution that is no symbol shows that an equation was false.
 */

import { SYMBOL_BYTES_MAX, SYMBOL_HEADER_BYTES, SYMBOL_PAYLOAD_BYTES_MAX } from "../limits.js";
import { SYMBOL_LENGTH_MASK, SYMBOL_RESERVED } from "../symbol.js";

/**
 * The whole length in bytes, by its header, of the source symbol at bytes[start..end), or 0 when no valid header is
 * there.
 */
export function symbolBytesByHeader(bytes: Uint8Array, start = 0, end = bytes.length): number {
  if (end - start < SYMBOL_HEADER_BYTES) return 0;
  const header = bytes[start]! | (bytes[start + 1]! << 8);
  const payloadBytes = header & SYMBOL_LENGTH_MASK;
  if ((header & SYMBOL_RESERVED) !== 0 || payloadBytes > SYMBOL_PAYLOAD_BYTES_MAX) return 0;
  return SYMBOL_HEADER_BYTES + payloadBytes;
}

/** Whether bytes[start..end) is exactly one source symbol: a valid header and as much payload as it says. */
export function isSymbol(bytes: Uint8Array, start: number, end: number): boolean {
  return end - start <= SYMBOL_BYTES_MAX && end > start && symbolBytesByHeader(bytes, start, end) === end - start;
}

/**
 * The length of the source symbol that fills the first `length` bytes together with zeros after it, or 0: what solving
 * an equation must give.
 */
export function paddedSymbolBytes(bytes: Uint8Array, length: number): number {
  const symbolBytes = symbolBytesByHeader(bytes);
  if (symbolBytes > length) return 0;
  for (let i = symbolBytes; i < length; i++) if (bytes[i] !== 0) return 0;
  return symbolBytes;
}
