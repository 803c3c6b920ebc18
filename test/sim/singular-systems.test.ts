/** How often repair symbols that should do fail: Gaussian elimination over many random systems, by arithmetic without tables. SEED=n replays. */

import { describe, expect, it } from "vitest";
import { seqAdd } from "../../plugin/core/seq.js";
import { makeRandom, testSeed } from "../unit/fec-support.js";
import { coefficientByDefinition, slowInv, slowMul } from "../unit/fec-oracle.js";

describe("singular systems", () => {
  const RUNS = 20_000;

  /** The share of square systems without a solution, among those that have one for some coefficients. */
  function singularShare(size: number, full: boolean, xor: boolean, random: () => number): number {
    let singular = 0;
    let systems = 0;
    while (systems < RUNS) {
      const base = Math.floor(random() * 2 ** 32);
      const gaps = Array.from({ length: size }, () => 1 + Math.floor(random() * 3));
      const seqs = gaps.map((_, i) =>
        seqAdd(
          base,
          gaps.slice(0, i).reduce((a, b) => a + b, 0),
        ),
      );
      const firstRow = Math.floor(random() * 127);
      const [starts, ends] = [0, 1].map(() =>
        Array.from({ length: size }, () => Math.floor(random() * size)).sort((a, b) => a - b),
      ) as [number[], number[]];
      const covers = (row: number, column: number) => full || (column >= starts[row]! && column <= ends[row]!);
      const matrix = (entry: (row: number, column: number) => number) =>
        seqs.map((_, row) => seqs.map((__, column) => (covers(row, column) ? entry(row, column) : 0)));
      // A staircase: row i covers starts[i]..ends[i], both ends moving on. It can have full rank only when it has its diagonal.
      if (!seqs.every((_, i) => covers(i, i))) continue;
      systems++;
      const rank = rankOf(
        matrix((row, column) => (xor ? 1 : coefficientByDefinition(1 + ((firstRow + row) % 127), seqs[column]!))),
      );
      if (rank < size) singular++;
    }
    return singular / RUNS;
  }

  function rankOf(matrix: number[][]): number {
    let rank = 0;
    for (let column = 0; column < matrix.length; column++) {
      const pivot = matrix.findIndex((row, i) => i >= rank && row[column] !== 0);
      if (pivot < 0) continue;
      [matrix[rank], matrix[pivot]] = [matrix[pivot]!, matrix[rank]!];
      const scale = slowInv(matrix[rank]![column]!);
      for (let i = rank + 1; i < matrix.length; i++) {
        const factor = slowMul(matrix[i]![column]!, scale);
        if (factor !== 0) matrix[i] = matrix[i]!.map((value, j) => value ^ slowMul(factor, matrix[rank]![j]!));
      }
      rank++;
    }
    return rank;
  }

  it("are none in full windows and few in staircase windows, where XOR has many", () => {
    const random = makeRandom(testSeed("singular", 6));
    const report: string[] = [];
    for (const size of [2, 3, 4]) {
      const full = singularShare(size, true, false, random);
      const staircase = singularShare(size, false, false, random);
      const xor = singularShare(size, false, true, random);
      report.push(
        `${size} unknowns: full ${(full * 100).toFixed(3)} %, staircase ${(staircase * 100).toFixed(3)} %, XOR staircase ${(xor * 100).toFixed(1)} %`,
      );
      expect(full).toBe(0);
      expect(staircase).toBeLessThan(size === 2 ? 1e-9 : 0.005);
      expect(xor).toBeGreaterThan(0.1);
    }
    console.log(report.join("\n"));
  });
});
