/** Whether repair causes the loss that it repairs: the test of it, on paths whose answer is known. */
import { describe, expect, it } from "vitest";
import { SeededRandom } from "colyseus-fec/netem";
import { SelfLossTest } from "../../plugin/core/control/self-loss-test.js";
import { seeds } from "../sim/random.js";

interface Path {
  withRepair: number;
  without: number;
  /** Datagrams lost in a row. */
  run?: number;
  /** Losses come by chance instead of evenly. */
  random?: SeededRandom;
}

interface Play {
  /** When repair paused and for how long, ms since the start. */
  pauses: { atMs: number; ms: number }[];
  guiltyMs: number[];
}

/** Plays a path of 60 datagrams a second, looked at ten times a second; repair starts after `startMs`. */
function play(path: Path, ms: number, startMs = 0): Play {
  const test = new SelfLossTest();
  const result: Play = { pauses: [], guiltyMs: [] };
  const recent: number[] = [];
  let outcomes = 0,
    losses = 0,
    runs = 0,
    debt = 0;
  for (let t = 0; t < ms; t += 100) {
    const pausing = test.pausing,
      run = path.run ?? 1,
      before = losses;
    outcomes += 6;
    const ratio = pausing || t < startMs ? path.without : path.withRepair;
    for (let i = 0; i < 6; i++) debt += path.random === undefined ? ratio : Number(path.random.next() < ratio);
    for (; debt >= run; debt -= run, runs++) losses += run;
    recent.push(losses - before);
    const lossOf = (looks: number): number =>
      recent.slice(-looks).reduce((sum, lost) => sum + lost, 0) / (6 * Math.min(looks, recent.length));
    const counts = {
      nowMs: t,
      srttMs: 100,
      recentLossRatio: lossOf(10),
      longLossRatio: lossOf(100),
      meanRun: run,
      runs,
      patchIntervalMs: 1000 / 60,
      outcomes,
      losses,
    };
    if (t === startMs) test.onStart(counts);
    if (t >= startMs && test.update(counts)) result.guiltyMs.push(t);
    if (test.pausing && !pausing) result.pauses.push({ atMs: t, ms: 0 });
    if (test.pausing) result.pauses.at(-1)!.ms += 100;
  }
  return result;
}

describe("SelfLossTest", () => {
  it("never pauses repair where the loss is low", () => {
    expect(play({ withRepair: 0.07, without: 0.07 }, 60_000)).toEqual({ pauses: [], guiltyMs: [] });
  });

  it("finds repair innocent of loss that stays without it, and asks again after a minute, then two", () => {
    const { pauses, guiltyMs } = play({ withRepair: 0.2, without: 0.2 }, 240_000);
    expect(guiltyMs).toEqual([]);
    expect(pauses.map((pause) => Math.round(pause.atMs / 1000))).toEqual([1, 62, 182]);
    for (const pause of pauses) expect(pause.ms).toBeLessThanOrEqual(1500);
  });

  it("convicts nobody of what chance added to the loss of a lossy path (a conviction costs fifteen seconds without repair)", () => {
    const convicted = seeds(300).filter(
      (seed) => play({ withRepair: 0.06, without: 0.06, random: new SeededRandom(seed) }, 30_000).guiltyMs.length > 0,
    );
    expect(convicted.length, `seeds ${convicted.join(", ")}`).toBeLessThanOrEqual(2);
  });

  it("rests no longer than the loss takes to tell: higher loss, sooner", () => {
    const [at10, at30] = [0.1, 0.3].map((ratio) => play({ withRepair: ratio, without: ratio }, 10_000).pauses[0]!.ms);
    expect(at10).toBeLessThanOrEqual(2500);
    expect(at30).toBeLessThan(at10!);
  });

  it("finds repair guilty within three seconds of its start where the loss came with it", () => {
    const { guiltyMs } = play({ withRepair: 0.3, without: 0.02 }, 20_000, 10_000);
    expect(guiltyMs[0]! - 10_000).toBeLessThanOrEqual(3000);
  });

  it("suspects loss that is there already once ten seconds of it speak for the present", () => {
    const { pauses } = play({ withRepair: 0.11, without: 0.11 }, 30_000, 10_000);
    expect(pauses.length).toBe(1);
  });

  it("asks again soon where the answer was not clear", () => {
    expect(play({ withRepair: 0.4, without: 0.14 }, 60_000).pauses.length).toBeGreaterThan(2);
  });

  it("takes a pause that saw too few runs of losses for no proof", () => {
    expect(play({ withRepair: 0.1, without: 0, run: 8 }, 30_000).guiltyMs).toEqual([]);
  });

  it("counts a pause in which nothing was reported for nothing", () => {
    const test = new SelfLossTest(),
      counts = {
        nowMs: 0,
        srttMs: 100,
        recentLossRatio: 0.2,
        longLossRatio: 0.2,
        meanRun: 1,
        runs: 0,
        patchIntervalMs: 1000 / 60,
        outcomes: 0,
        losses: 0,
      };
    test.onStart(counts);
    for (let t = 0; t < 20_000; t += 100) expect(test.update({ ...counts, nowMs: t })).toBe(false);
  });
});
