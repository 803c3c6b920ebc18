import { describe, expect, test } from "vitest";
import { TokenBucket } from "../../plugin/host/token-bucket.js";
import { SessionBudget, UDP_BUDGET_DEFAULT, type UdpBudgetOptions } from "../../plugin/channels/udp/udp-budget.js";

const OPTIONS: UdpBudgetOptions = {
  session: { perSecond: 10, burst: 5 },
  strangers: { perSecond: 20, burst: 10 },
  common: { perSecond: 100, burst: 50 },
  datagrams: { perSecond: 100, burst: 30 },
  challenges: { perSecond: 1, burst: 2 },
};

/** How many of `offered` datagrams the budget lets through, all of them garbage. */
function garbage(budget: SessionBudget, atPeer: boolean, offered: number, nowMs: number): number {
  let passed = 0;
  for (let i = 0; i < offered; i++) {
    if (budget.refusal(atPeer, nowMs) !== undefined) continue;
    budget.chargeGarbage(atPeer, nowMs);
    passed++;
  }
  return passed;
}

describe("the budgets of a UDP endpoint", () => {
  test("a bucket gives its burst, then its rate, and saves up no more than its burst", () => {
    const bucket = new TokenBucket({ perSecond: 10, burst: 3 }, 0);
    const drain = (nowMs: number): number => {
      let count = 0;
      while (bucket.has(nowMs)) {
        bucket.take();
        count++;
      }
      return count;
    };
    expect([drain(0), drain(50), drain(100), drain(1100), drain(60_000)]).toEqual([3, 0, 1, 3, 3]);
  });

  test("a clock that runs back gives nothing", () => {
    const bucket = new TokenBucket({ perSecond: 10, burst: 1 }, 1000);
    bucket.take();
    expect(bucket.has(0)).toBe(false);
  });

  test("garbage uses up its place's share, then the common one, and leaves every other place of every session its share", () => {
    const common = new TokenBucket(OPTIONS.common, 0);
    const [one, two] = [new SessionBudget(OPTIONS, common, 0), new SessionBudget(OPTIONS, common, 0)];
    expect(garbage(one, false, 1000, 0)).toBe(10 + 50);
    expect(one.refusal(false, 0)).toBe("overBudget");
    expect([garbage(one, true, 1000, 0), garbage(two, false, 1000, 0), garbage(two, true, 1000, 0)]).toEqual([
      5, 10, 5,
    ]);
    expect(garbage(one, true, 1000, 1000)).toBe(5 + 50);
    expect(garbage(two, true, 1000, 1000)).toBe(5);
  });

  test("garbage does not count as datagrams, nor datagrams as garbage", () => {
    const budget = new SessionBudget(OPTIONS, new TokenBucket(OPTIONS.common, 0), 0);
    expect(garbage(budget, true, 1000, 0)).toBe(5 + 50);
    const other = new SessionBudget(OPTIONS, new TokenBucket(OPTIONS.common, 0), 0);
    let taken = 0;
    while (other.refusal(true, 0) === undefined) {
      other.chargeDatagram();
      taken++;
    }
    expect([taken, other.refusal(true, 0), other.refusal(false, 0)]).toEqual([30, "overRate", "overRate"]);
    expect(garbage(other, true, 1000, 10)).toBe(5 + 50);
  });

  test("challenges have a rate and a burst", () => {
    const budget = new SessionBudget(OPTIONS, new TokenBucket(OPTIONS.common, 0), 0);
    expect([0, 0, 0, 999, 1000, 1000].map((nowMs) => budget.takeChallenge(nowMs))).toEqual([
      true,
      true,
      false,
      false,
      true,
      false,
    ]);
  });

  test("the default takes 2000 datagrams a second of a session after 4000, and 4000 of garbage after 4000 beside its own", () => {
    const budget = new SessionBudget(UDP_BUDGET_DEFAULT, new TokenBucket(UDP_BUDGET_DEFAULT.common, 0), 0);
    const datagrams = (nowMs: number): number => {
      let taken = 0;
      for (; budget.refusal(true, nowMs) === undefined; taken++) budget.chargeDatagram();
      return taken;
    };
    expect([datagrams(0), datagrams(1000), datagrams(1500)]).toEqual([4000, 2000, 1000]);
    const other = new SessionBudget(UDP_BUDGET_DEFAULT, new TokenBucket(UDP_BUDGET_DEFAULT.common, 0), 0);
    expect([garbage(other, true, 10_000, 0), garbage(other, false, 10_000, 0)]).toEqual([4000 + 200, 100]);
    expect(garbage(other, true, 10_000, 1000)).toBe(4000 + 50);
  });

  test("the default never refuses a client with inputs at 128 Hz, two repairs for each and 500 answers a second, nor what waited for a second", () => {
    const budget = new SessionBudget(UDP_BUDGET_DEFAULT, new TokenBucket(UDP_BUDGET_DEFAULT.common, 0), 0);
    let refused = 0;
    for (let ms = 0; ms < 60_000; ms++) {
      const stalled = ms % 10_000 > 9_000;
      const count = stalled ? 0 : ms % 10_000 === 0 ? 884 : ms % 8 < 7 ? 1 : 0;
      for (let i = 0; i < count; i++) {
        if (budget.refusal(true, ms) !== undefined) refused++;
        budget.chargeDatagram();
      }
    }
    expect(refused).toBe(0);
  });
});
