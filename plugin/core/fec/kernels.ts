/**
 * The loops over whole symbols: add, multiply-and-add, and scale in GF(2^8), four bytes at a time.
 * They work on Int32Array views that their owner made once (see block-pool.ts), since a view made per call costs more
 * than the loop; a symbol at an unaligned offset is first copied into a block (a native memcpy, 27 ns at 200 B). Each
 * byte of a word is treated alike, so the host's byte order does not matter.
 *
 * Where the host has WebAssembly SIMD, symbols go through simd-kernel.ts instead; these serve elsewhere, and short runs
 * of coefficients.
 *
 * Measured by bench/kernels.ts (Node 20.20, MB/s at 200 B / 1200 B): xorInto 8200 / 7400 (bytewise 1060 / 1140, views
 * made per call 300 / 940; BigUint64Array 12000 / 11500, but it wants a third view of every block, and allocates until
 * it is optimized); mulAddInto 1540 / 1650 (bytewise 620 / 660, bits by Math.imul 1210 / 1320); SIMD, copies included,
 * 6800 / 13800.
 */

import { PRODUCTS } from "./field.js";

/**
 * A binding of this module: module loaders that turn imports into getters (vitest's) would call one per byte otherwise.
 */
const products = PRODUCTS;

/** The number of 32-bit words that hold `bytes` bytes. */
export function wordsOf(bytes: number): number {
  return (bytes + 3) >> 2;
}

/** Adds source to target: target[i] ^= source[i] for the first `words` words. */
export function xorInto(target: Int32Array, source: Int32Array, words: number): void {
  let i = 0;
  for (; i + 8 <= words; i += 8) {
    target[i]! ^= source[i]!;
    target[i + 1]! ^= source[i + 1]!;
    target[i + 2]! ^= source[i + 2]!;
    target[i + 3]! ^= source[i + 3]!;
    target[i + 4]! ^= source[i + 4]!;
    target[i + 5]! ^= source[i + 5]!;
    target[i + 6]! ^= source[i + 6]!;
    target[i + 7]! ^= source[i + 7]!;
  }
  for (; i < words; i++) target[i]! ^= source[i]!;
}

/** Adds coefficient (0..255) times source to target, byte by byte, over the first `words` words. */
export function mulAddInto(target: Int32Array, source: Int32Array, coefficient: number, words: number): void {
  if (coefficient === 1) return xorInto(target, source, words);
  const row = coefficient << 8;
  let i = 0;
  for (; i + 2 <= words; i += 2) {
    const a = source[i]!;
    const b = source[i + 1]!;
    target[i]! ^=
      products[row | (a & 255)]! |
      (products[row | ((a >>> 8) & 255)]! << 8) |
      (products[row | ((a >>> 16) & 255)]! << 16) |
      (products[row | (a >>> 24)]! << 24);
    target[i + 1]! ^=
      products[row | (b & 255)]! |
      (products[row | ((b >>> 8) & 255)]! << 8) |
      (products[row | ((b >>> 16) & 255)]! << 16) |
      (products[row | (b >>> 24)]! << 24);
  }
  if (i < words) target[i]! ^= scaledWord(source[i]!, row);
}

/** Multiplies the first `words` words of target by coefficient (0..255), byte by byte. */
export function scaleInPlace(target: Int32Array, coefficient: number, words: number): void {
  if (coefficient === 1) return;
  const row = coefficient << 8;
  for (let i = 0; i < words; i++) target[i] = scaledWord(target[i]!, row);
}

/** Whether the first `words` words are all zero. */
export function isZero(words32: Int32Array, words: number): boolean {
  for (let i = 0; i < words; i++) if (words32[i] !== 0) return false;
  return true;
}

function scaledWord(word: number, row: number): number {
  return (
    products[row | (word & 255)]! |
    (products[row | ((word >>> 8) & 255)]! << 8) |
    (products[row | ((word >>> 16) & 255)]! << 16) |
    (products[row | (word >>> 24)]! << 24)
  );
}
