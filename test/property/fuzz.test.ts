/**
 * The fuzzers of test/fuzz, small: `npm run fuzz` gives each arm a million datagrams and three wraps. SEED=n replays one seed, FUZZ=n gives n datagrams.
 * What each arm shows is said in path-arms.ts and hostile-arm.ts.
 */
import { describe, expect, it } from "vitest";
import { usedBytes } from "../sim/heap.js";
import { runHostileArm } from "../fuzz/hostile-arm.js";
import { runPathArm } from "../fuzz/path-arms.js";
import { seeds } from "../sim/random.js";

const DATAGRAMS = Number(process.env.FUZZ ?? 12_000);
const GROWTH_BYTES_MAX = 4 * 2 ** 20;

/** Bytes that stay in use after `run`, its result included, once it has run for a first time. */
function growth(run: () => unknown): number {
  run();
  const before = usedBytes(),
    kept = run();
  return kept === undefined ? NaN : usedBytes() - before;
}

describe("hostile datagrams", () => {
  for (const seed of seeds(1)) {
    it(`that the keys did not seal, or sealed once, are never delivered (SEED=${seed})`, { timeout: 120_000 }, () => {
      const { counts } = runPathArm("sealed", seed, DATAGRAMS);
      for (const fate of ["opened", "malformed", "unauthentic", "replayed"])
        expect(counts[fate], fate).toBeGreaterThan(DATAGRAMS / 20);
      expect(counts.messages).toBeGreaterThan(DATAGRAMS / 20);
    });

    it(`that the format rejects leave no trace (SEED=${seed})`, { timeout: 120_000 }, () => {
      const { counts } = runPathArm("malformed", seed, DATAGRAMS);
      expect(counts.malformed).toBeGreaterThan(DATAGRAMS / 10);
      expect(counts.messages).toBeGreaterThan(DATAGRAMS / 20);
    });

    it(
      `of an authenticated attacker who breaks no rule cost bounded work, answers and memory (SEED=${seed})`,
      { timeout: 120_000 },
      () => {
        const { counts, microsecondsMean } = runHostileArm(seed, DATAGRAMS, true);
        expect(counts["victim: sent"]).toBeLessThan(1.5 * DATAGRAMS);
        expect(counts["victim: sentBytes"]).toBeLessThan(counts.bytes!);
        expect(microsecondsMean).toBeLessThan(500);
        expect(growth(() => runHostileArm(seed, DATAGRAMS / 2, true))).toBeLessThan(GROWTH_BYTES_MAX);
      },
    );

    it(`of one who breaks them end the session or nothing (SEED=${seed})`, { timeout: 120_000 }, () => {
      const { counts, microsecondsMean } = runHostileArm(seed, DATAGRAMS, false);
      expect(counts.datagramsMalformed).toBeGreaterThan(DATAGRAMS / 20);
      expect(Object.keys(counts).filter((name) => name.startsWith("failed")).length).toBeGreaterThan(1);
      expect(microsecondsMean).toBeLessThan(500);
    });
  }
});
