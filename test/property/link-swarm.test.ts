/**
 * The swarm, small: thousands of short random worlds (test/sim/random-world.ts). SEED=n replays one, SWARM=n runs n of them (default 2500, some 12 s of one core; `npm run test:fast`
 * takes 300); `npm run swarm -- --minutes 60` runs them on all cores.
 */
import { describe, expect, it } from "vitest";
import { playRandomWorld, type WorldCounts } from "../sim/random-world.js";
import { seeds } from "../sim/random.js";

const WORLDS_PER_TEST = 100;

describe("random worlds", () => {
  const all = seeds(Number(process.env.SWARM ?? 2500));
  const sums: Partial<Record<keyof WorldCounts, number>> = {};
  for (let at = 0; at < all.length; at += WORLDS_PER_TEST) {
    const some = all.slice(at, at + WORLDS_PER_TEST);
    it(
      `deliver in order, exactly once, mend and fall silent: SEED=${some[0]}..${some.at(-1)}`,
      { timeout: 120_000 },
      () => {
        for (const seed of some) {
          try {
            for (const [key, value] of Object.entries(playRandomWorld(seed)))
              sums[key as keyof WorldCounts] = (sums[key as keyof WorldCounts] ?? 0) + value;
          } catch (error) {
            throw new Error(`SEED=${seed}: ${(error as Error).message}`, { cause: error });
          }
        }
      },
    );
  }

  // One seed that is replayed, or a few, cannot reach every way: the sums say something of the full run alone.
  it.runIf(all.length >= 1000)("reach every way that a symbol can go", () => {
    for (const [key, value] of Object.entries(sums)) expect(value, key).toBeGreaterThan(all.length / 20);
  });
});
