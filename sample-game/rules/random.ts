/**
 * Seeded random numbers: mulberry32, 32 bits of state. Good for games and tests, not for secrets.
 */

export interface Random {
  /** Uniform in [0, 1). */
  next(): number;
  /** The whole state: a hash of a world includes it. */
  readonly state: number;
}

/** @param seed any integer; only its low 32 bits count. */
export function createRandom(seed: number): Random {
  let state = seed >>> 0;
  return {
    get state() {
      return state;
    },
    next() {
      state = (state + 0x6d2b79f5) >>> 0;
      let mixed = Math.imul(state ^ (state >>> 15), state | 1);
      mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
      return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
    },
  };
}

/** An integer in 0..count - 1. */
export function randomIndex(random: Random, count: number): number {
  return Math.floor(random.next() * count);
}
