/**
 * The coefficient of a symbol in a repair symbol (docs/WIRE-FORMAT.md section 2.2): row 0 is XOR, the others are Cauchy
 * rows. No seed and no random source: both ends compute it from what the frame says.
 */

import type { Seq } from "../seq.js";
import { inv } from "./field.js";

/** The row whose coefficients are all 1. */
export const XOR_ROW = 0;

/** The last Cauchy row; the first is 1. */
export const CAUCHY_ROW_MAX = 127;

/**
 * The coefficient, 1..255, of symbol `seq` in row 0..127: 1 / ((128 | row) xor (seq mod 128)), or 1 in row 0.
 * Never zero, since 128 | row has the top bit and seq mod 128 has not. Rows of another number are the caller's to
 * refuse.
 */
export function coefficient(row: number, seq: Seq): number {
  return row === XOR_ROW ? 1 : inv((0x80 | row) ^ (seq & 0x7f));
}
