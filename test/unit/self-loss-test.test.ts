/** Whether repair causes the loss that it repairs: the test of it, on paths whose answer is known. */
import { describe, expect, it } from "vitest";
import { SelfLossTest } from "../../plugin/core/control/self-loss-test.js";

interface Path {
  withRepair: number;
  without: number;
  /** Datagrams lost in a row. */
  run?: number;
}

/** Plays a path of 60 datagrams a second; returns the pauses and the verdicts, ms since the start. */
function play(path: Path, ms: number): { pauses: number; guiltyMs: number[] } {
  const test = new SelfLossTest();
  const guiltyMs: number[] = [];
  let pauses = 0, outcomes = 0, losses = 0, debt = 0;
  test.onStart(0);
  for (let t = 0; t < ms; t += 100) {
    const before = test.pausing;
    outcomes += 6;
    debt += 6 * (before ? path.without : path.withRepair);
    const run = path.run ?? 1;
    for (; debt >= run; debt -= run) losses += run;
    if (test.update({ nowMs: t, srttMs: 100, recentLossRatio: path.withRepair, longLossRatio: path.withRepair, meanRun: run, outcomes, losses })) guiltyMs.push(t);
    if (test.pausing && !before) pauses++;
  }
  return { pauses, guiltyMs };
}

describe("SelfLossTest", () => {
  it("never pauses repair where the loss is low", () => {
    expect(play({ withRepair: 0.07, without: 0.07 }, 60_000)).toEqual({ pauses: 0, guiltyMs: [] });
  });

  it("finds repair innocent of loss that stays without it, and does not ask again", () => {
    expect(play({ withRepair: 0.2, without: 0.2 }, 120_000)).toEqual({ pauses: 1, guiltyMs: [] });
  });

  it("finds repair guilty within ten seconds where the loss goes with it", () => {
    const { guiltyMs } = play({ withRepair: 0.3, without: 0.02 }, 10_000);
    expect(guiltyMs.length).toBeGreaterThanOrEqual(1);
    expect(guiltyMs[0]).toBeGreaterThan(3000);
  });

  it("asks again where the answer was not clear", () => {
    expect(play({ withRepair: 0.4, without: 0.24 }, 60_000).pauses).toBeGreaterThan(3);
  });

  it("takes a pause that saw too few runs of losses for no proof", () => {
    expect(play({ withRepair: 0.1, without: 0, run: 3 }, 30_000).guiltyMs).toEqual([]);
  });
});
