/** Seeds of randomised tests: printed in the test's name, replayed with SEED=n. */
import type { SeededRandom } from "colyseus-fec/netem";

/** The seeds of a randomised test: SEED from the environment alone, or `count` fixed ones. */
export function seeds(count: number): number[] {
  const { SEED } = process.env;
  return SEED ? [Number(SEED)] : Array.from({ length: count }, (_, i) => i + 1);
}

/** A message of random bytes whose first four hold `id`, as far as it is long enough. */
export function randomMessage(random: SeededRandom, id: number, length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  for (let i = 0; i < length; i++) bytes[i] = i < 4 ? id >>> (8 * i) : random.int(256);
  return bytes;
}

/** A patch size of FEC.md section 6: lognormal, 30..600 bytes, mean about 165. */
export function patchSize(random: SeededRandom): number {
  return Math.min(600, Math.max(30, Math.round(Math.exp(4.95 + 0.55 * random.normal()))));
}
