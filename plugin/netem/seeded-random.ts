/**
 * A small seeded random source: xoshiro128** 1.1 (Blackman and Vigna 2018), its state filled by splitmix32.
 * Integer arithmetic only, so that every engine draws the same numbers. Not for secrets.
 */

import { SEED_MAX } from "./limits.js";
import { describe } from "./options-error.js";

const TWO_POW_32 = 0x1_0000_0000;
const GOLDEN_RATIO_32 = 0x9e37_79b9;

/** Deterministic random numbers: the same seed gives the same sequence on every machine. */
export class SeededRandom {
  private s0: number;
  private s1: number;
  private s2: number;
  private s3: number;

  /**
   * @param seed an integer in 0..2^32 - 1.
   * @throws RangeError for any other seed.
   */
  constructor(seed: number) {
    requireSeed(seed);
    this.s0 = mix32(seed + GOLDEN_RATIO_32);
    this.s1 = mix32(seed + 2 * GOLDEN_RATIO_32);
    this.s2 = mix32(seed + 3 * GOLDEN_RATIO_32);
    // mix32 is a bijection: four different inputs cannot all map to zero, the one state that xoshiro cannot leave.
    this.s3 = mix32(seed + 4 * GOLDEN_RATIO_32);
  }

  /** The next number, uniform in 0 (included) to 1 (excluded), in steps of 2^-32. */
  next(): number {
    return this.uint32() / TWO_POW_32;
  }

  /**
   * The next integer, uniform in 0..n - 1 up to a bias of n / 2^32.
   * @throws RangeError when n is not an integer in 1..2^32.
   */
  int(n: number): number {
    if (!Number.isInteger(n) || n < 1 || n > TWO_POW_32) {
      throw new RangeError(`"n" expected an integer in 1..2^32, got ${describe(n)}`);
    }
    return Math.floor(this.next() * n);
  }

  /**
   * The next number of a normal distribution with mean 0 and standard deviation 1, within -6..6.
   * The sum of twelve uniforms (Irwin-Hall): unlike Box-Muller it needs no logarithm, whose last bit engines differ in.
   */
  normal(): number {
    let sum = -6;
    for (let i = 0; i < 12; i++) sum += this.next();
    return sum;
  }

  private uint32(): number {
    const result = Math.imul(rotateLeft(Math.imul(this.s1, 5), 7), 9) >>> 0;
    const shifted = this.s1 << 9;
    this.s2 ^= this.s0;
    this.s3 ^= this.s1;
    this.s1 ^= this.s2;
    this.s0 ^= this.s3;
    this.s2 ^= shifted;
    this.s3 = rotateLeft(this.s3, 11);
    return result;
  }
}

/**
 * A seed for the index-th independent stream of one seed, such as a direction or a session.
 * Both are integers in 0..2^32 - 1. @throws RangeError for others.
 */
export function deriveSeed(seed: number, index: number): number {
  requireSeed(seed);
  requireSeed(index, "index");
  return mix32(mix32(seed + GOLDEN_RATIO_32) ^ mix32(index + 2 * GOLDEN_RATIO_32));
}

function requireSeed(seed: number, name = "seed"): void {
  if (!Number.isInteger(seed) || seed < 0 || seed > SEED_MAX) {
    throw new RangeError(`"${name}" expected an integer in 0..2^32 - 1, got ${describe(seed)}`);
  }
}

/** The finalizer of splitmix32: a bijection on 32-bit integers; the input is taken modulo 2^32. */
function mix32(value: number): number {
  let z = value >>> 0;
  z = Math.imul(z ^ (z >>> 16), 0x21f0_aaad);
  z = Math.imul(z ^ (z >>> 15), 0x735a_2d97);
  return (z ^ (z >>> 15)) >>> 0;
}

function rotateLeft(value: number, bits: number): number {
  return (value << bits) | (value >>> (32 - bits));
}
