import { describe, expect, test } from "vitest";
import { GARBAGE_SOURCES_MAX } from "../../plugin/channels/limits.js";
import { sourceKey, StrangerBudget, TokenBucket, type GarbageBudgetOptions } from "../../plugin/channels/udp/udp-budget.js";

const OPTIONS: GarbageBudgetOptions = {
  session: { perSecond: 1, burst: 1 },
  source: { perSecond: 10, burst: 5 },
  global: { perSecond: 100, burst: 5000 },
};

/** How many of `offered` datagrams from this address the budget lets through, all of them garbage. */
function garbage(budget: StrangerBudget, address: string, offered: number, nowMs: number): number {
  let passed = 0;
  for (let i = 0; i < offered; i++) {
    if (!budget.allows(address, nowMs)) continue;
    budget.charge(address, nowMs);
    passed++;
  }
  return passed;
}

describe("budgets for garbage", () => {
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

  test("one source is held to its own budget and leaves the others theirs", () => {
    const budget = new StrangerBudget(OPTIONS, 0);
    expect(garbage(budget, "192.0.2.1", 1000, 0)).toBe(5);
    expect(budget.allows("192.0.2.1", 0)).toBe(false);
    expect(budget.allows("192.0.2.2", 0)).toBe(true);
    expect(garbage(budget, "192.0.2.1", 1000, 1000)).toBe(5);
  });

  test("all sources together are held to the global budget", () => {
    const budget = new StrangerBudget(OPTIONS, 0);
    let passed = 0;
    for (let i = 0; i < 10_000; i++) passed += garbage(budget, `10.${i >> 16}.${(i >> 8) & 255}.${i & 255}`, 2, 0);
    expect(passed).toBe(5000);
  });

  test("remembers a bounded number of sources", () => {
    const budget = new StrangerBudget(OPTIONS, 0);
    for (let i = 0; i < 3000; i++) garbage(budget, `10.0.${i >> 8}.${i & 255}`, 1, 0);
    expect(budget.sourceCount).toBe(GARBAGE_SOURCES_MAX);
  });

  test.each([
    ["192.0.2.7", "192.0.2.7"],
    ["::ffff:192.0.2.7", "192.0.2.7"],
    ["2001:db8:1:2:3:4:5:6", "2001:db8:1:2"],
    ["2001:db8::5", "2001:db8:0:0"],
    ["::1", "0:0:0:0"],
    ["::", "0:0:0:0"],
    ["fe80::1%eth0", "fe80:0:0:0"],
    ["1:2:3:4:5:6:7::", "1:2:3:4"],
  ])("counts %s as source %s", (address, key) => {
    expect(sourceKey(address)).toBe(key);
  });
});
