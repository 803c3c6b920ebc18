/** The simulation bench itself: the bound against hand-computed cases and theory, the figures' determinism, the verdicts. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { SeededRandom } from "colyseus-fec/netem";
import { describe, expect, it } from "vitest";
import { verdict, type Run } from "../../bench/sim/bars.js";
import { sourceKbps } from "../../bench/sim/bottleneck.js";
import { extraDelays, runBound } from "../../bench/sim/bound.js";
import { DEFAULT_CELL, SCHEMES, capped, schemeOf } from "../../bench/sim/cell.js";
import { GreedyFlow } from "../../bench/sim/greedy-flow.js";
import { replaceSection } from "../../bench/sim/results.js";
import { runCell } from "../../bench/sim/run-cell.js";
import { runSteps } from "../../bench/sim/run-steps.js";
import { EMPTY_RESULT, distribution } from "../../bench/sim/statistics.js";
import { World } from "../sim/world.js";

const link = (name: "off" | "slidingOne" | "adaptive") => ({
  kind: "cell" as const,
  cell: { ...DEFAULT_CELL, patches: 1000 },
  scheme: SCHEMES[name],
});

describe("the bound", () => {
  it("is the first datagram of its own or a later tick that arrives", () => {
    // 100 Hz, RTT 20: ticks at 0, 10, ... arrive 10 ms later; 1, 2 and 4 are lost, and 4 is the last.
    const arrivals = Float64Array.from([10, Infinity, Infinity, 40, Infinity]);
    expect([...extraDelays({ hz: 100, rttMs: 20 }, arrivals)]).toEqual([0, 20, 10, 0, 10]);
  });

  it("waits n ticks with the probability that n datagrams are lost in a row", () => {
    const { mean, p50, p99, p999, dropped } = runBound({ ...DEFAULT_CELL, loss: 0.1, patches: 60_000 }, false);
    const tickMs = 1000 / 60;
    expect(dropped).toBeCloseTo(0.1, 2);
    expect(mean / ((tickMs * 0.1) / 0.9)).toBeGreaterThan(0.93);
    expect(mean / ((tickMs * 0.1) / 0.9)).toBeLessThan(1.07);
    // More than one tick in a hundredth of the cases, more than two in a thousandth, on the edge in both.
    expect(p50).toBe(0);
    expect([1, 2]).toContain(Math.round(p99 / tickMs));
    expect([2, 3]).toContain(Math.round(p999 / tickMs));
  });

  it("is not beaten by any scheme whose repairs ride with the patches", () => {
    const bound = runBound({ ...DEFAULT_CELL, patches: 8000 }, false);
    const best = runCell({ kind: "cell", cell: { ...DEFAULT_CELL, patches: 8000 }, scheme: SCHEMES.slidingOne });
    expect(best.mean).toBeGreaterThanOrEqual(bound.mean * 0.9);
    expect(best.p999).toBeGreaterThanOrEqual(bound.p999 - 17);
  });
});

describe("the figures", () => {
  it("are the same for the same seed, others for another", () => {
    expect(runCell(link("adaptive"))).toEqual(runCell(link("adaptive")));
    const other = { ...link("adaptive"), cell: { ...link("adaptive").cell, seed: 2 } };
    expect(runCell(other).mean).not.toBe(runCell(link("adaptive")).mean);
  });

  it("order the schemes as theory does: bound, repair of every patch, off; TCP last", () => {
    const means = [
      runBound(link("off").cell, false),
      runCell(link("slidingOne")),
      runCell(link("off")),
      runCell({ ...link("off"), scheme: SCHEMES.tcp }),
    ].map((r) => r.mean);
    expect(means).toEqual([...means].sort((a, b) => a - b));
  });

  it("are quantiles by nearest rank", () => {
    const random = new SeededRandom(1),
      samples = Float64Array.from({ length: 1000 }, (_, i) => i);
    samples.sort(() => random.next() - 0.5);
    expect(distribution(samples)).toEqual({ mean: 499.5, p50: 500, p95: 950, p99: 990, p999: 999, max: 999 });
  });
});

describe("a verdict", () => {
  const run = (scheme: Run["scheme"], p99: number, overhead: number): Run => ({
    scheme,
    result: { ...EMPTY_RESULT, p99, overhead },
  });

  it("is met within half a millisecond of the bar and within its cap, by the cheapest", () => {
    const runs = [
      run(SCHEMES.adaptive, 16.7, 0.8),
      run(capped(0.5), 17.4, 0.49),
      run(SCHEMES.slidingHalf, 50, 0.4),
      run(SCHEMES.bound, 0, 0),
    ];
    expect(verdict({ overheadMax: 0.5, p99: 17 }, runs)).toEqual([
      "met: adaptive, cap 50 %: 0.0 / 17.4 / 0.0 at 49.0 %",
      "no fixed schedule",
      "",
    ]);
    expect(verdict({ overheadMax: 0.45, p99: 17 }, runs)).toEqual([
      "missed: none within the cap",
      "no fixed schedule",
      "sliding 0.5: 0.0 / 50.0 / 0.0 at 40.0 %",
    ]);
    expect(verdict({ overheadMax: 0.45, p99: 50 }, runs)[1]).toBe("sliding 0.5: 0.0 / 50.0 / 0.0 at 40.0 %");
  });
});

describe("schemes", () => {
  it("are found by key, name, cap or as a repair option, and refused by name", () => {
    expect(schemeOf("slidingHalf")).toBe(SCHEMES.slidingHalf);
    expect(schemeOf("sliding 0.5")).toBe(SCHEMES.slidingHalf);
    expect(schemeOf("cap:0.35")).toEqual(capped(0.35));
    expect(schemeOf('{"schedule":"generation","groupSize":8}')).toMatchObject({
      kind: "link",
      repair: { schedule: "generation", groupSize: 8 },
    });
    expect(() => schemeOf("tpc")).toThrow(/expected one of off, xor/);
  });
});

describe("the section of a Markdown file", () => {
  it("is put before the first section, and later in its own place, nothing else changed", () => {
    const folder = mkdtempSync(join(tmpdir(), "bench-sim-")),
      file = join(folder, "results.md");
    try {
      writeFileSync(file, "# Results\n\nText.\n\n## One\n\nMore.\n");
      replaceSection(file, "## Simulation\n\nold\n");
      const old = readFileSync(file, "utf8");
      expect(old).toMatch(/^# Results\n\nText.\n\n<!--.*-->\n## Simulation\n\nold\n\n<!--.*-->\n\n## One\n\nMore.\n$/);
      replaceSection(file, "## Simulation\n\nnew\n");
      expect(readFileSync(file, "utf8")).toBe(old.replace("old", "new"));
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});

describe("the competing flow", () => {
  it("fills a bottleneck alone, and leaves the game its rate", () => {
    const fill = (hz: number): { crossKbps: number; delivered: number } => {
      const cross = new GreedyFlow(20, 52),
        kbps = 4 * sourceKbps(DEFAULT_CELL);
      const world = new World({
        up: { delayMs: 20 },
        down: { delayMs: 20, rateKbps: kbps, queueBytes: 16_000, overheadBytes: 52 },
        crossTraffic: cross,
        link: { repair: "off" },
      });
      world.openPath();
      world.play(hz, 20_000, () => world.server.send(new Uint8Array(165)));
      cross.stop();
      world.settle(5000);
      return { crossKbps: (cross.receivedBytes * 8) / 20_000 / kbps, delivered: world.client.delivered.length };
    };
    // 1448 of 1500 bytes are payload.
    expect(fill(0.1).crossKbps).toBeGreaterThan(0.9);
    expect(fill(0.1).crossKbps).toBeLessThan(0.98);
    expect(fill(60).delivered).toBe(1200);
    expect(fill(60).crossKbps).toBeGreaterThan(0.5);
  });
});

describe("a step response", () => {
  it("has a point each second, with the loss of its phase", () => {
    const { points, firstRepairMs, firstLossMs } = runSteps({
      kind: "steps",
      cell: { ...DEFAULT_CELL, loss: 0 },
      scheme: SCHEMES.slidingHalf,
      phases: [
        { loss: 0, seconds: 2 },
        { loss: 0.3, seconds: 3 },
      ],
      runs: 2,
    });
    expect(points.map((p) => p.loss)).toEqual([0, 0, 0.3, 0.3, 0.3]);
    expect(points[1]!.p99Ms).toBeCloseTo(0, 6);
    expect(points[4]!.p99Ms).toBeGreaterThan(16);
    expect(points[4]!.measuredLoss).toBeGreaterThan(0.02);
    for (const p of points) expect(p.repairs).toBeCloseTo(0.5, 1);
    expect(firstRepairMs[1]!.every((ms) => ms < 100)).toBe(true);
    expect(firstLossMs[0]).toEqual([Infinity, Infinity]);
    for (const ms of firstLossMs[1]!) {
      expect(Math.round(ms)).toBeGreaterThanOrEqual(0);
      expect(ms).toBeLessThan(1000);
    }
  });
});
