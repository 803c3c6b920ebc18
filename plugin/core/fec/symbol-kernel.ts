/**
 * What the code does to whole symbols: sums of multiples in GF(2^8) over blocks. One interface, two implementations:
 * PURE_KERNEL here, over the loops of kernels.ts, and the SIMD one of simd-kernel.ts; both give the same bytes. Lengths
 * are in bytes; a block's bytes from there to its end are zero, so both may work on a little more (block-pool.ts).
 */

import type { Block } from "./block-pool.js";
import { mulAddInto, scaleInPlace, wordsOf } from "./kernels.js";

export interface SymbolKernel {
  /**
   * target += the sum of coefficients[i] x sources[i] over i < count; coefficients 0..255, those of 0 are passed over.
   * No source is longer than target's block.
   */
  addMultiples(
    target: Block,
    sources: readonly Block[],
    lengths: Uint16Array,
    coefficients: Uint8Array,
    count: number,
  ): void;
  /** target += coefficient (1..255) x source. */
  addMultiple(target: Block, source: Block, bytes: number, coefficient: number): void;
  /** target = coefficient (1..255) x target. */
  scale(target: Block, bytes: number, coefficient: number): void;
}

/** Four bytes at a time in JavaScript: for every host. */
export const PURE_KERNEL: SymbolKernel = {
  addMultiples(target, sources, lengths, coefficients, count) {
    for (let i = 0; i < count; i++) {
      if (coefficients[i] !== 0) mulAddInto(target.words, sources[i]!.words, coefficients[i]!, wordsOf(lengths[i]!));
    }
  },
  addMultiple(target, source, bytes, coefficient) {
    mulAddInto(target.words, source.words, coefficient, wordsOf(bytes));
  },
  scale(target, bytes, coefficient) {
    scaleInPlace(target.words, coefficient, wordsOf(bytes));
  },
};
