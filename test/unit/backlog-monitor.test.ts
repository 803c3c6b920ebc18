import { describe, expect, test } from "vitest";
import { World } from "./backlog-world.js";

describe("the monitor of a client's backlog", () => {
  test("says nothing and sheds nothing on a link that carries the game", () => {
    const world = new World(7000, 2000);
    world.run(60_000);
    expect([world.reports, world.sheds, world.monitor.state]).toEqual([[], 0, "level"]);
  });

  test("at half the game's rate it sheds at 2 s, asks for a full state once the backlog is through, and reports at most once a second", () => {
    const world = new World(3000, 2000);
    world.run(60_000);
    expect(world.states.length).toBeGreaterThan(3);
    for (const { delayMs } of world.states) expect(delayMs).toBeLessThanOrEqual(250);
    expect(world.reports[0]!.state).toBe("behind");
    world.reports.forEach(({ atMs }, i) =>
      expect(atMs - (world.reports[i - 1]?.atMs ?? -Infinity)).toBeGreaterThanOrEqual(1000),
    );
    // What was sent until then takes twice as long to arrive, at half the rate.
    for (const { behindMs } of world.reports) expect(behindMs).toBeLessThan(4500);
    // What the game can act on: it sends twice what the link carries.
    for (const report of world.reports.slice(2)) {
      expect(report.sentBytesPerSecond).toBeCloseTo(6000, -3);
      expect(report.deliveredBytesPerSecond).toBeGreaterThan(2300);
      expect(report.deliveredBytesPerSecond).toBeLessThan(3700);
    }
  });

  test("reports once that the client keeps up again, after a second of it", () => {
    const world = new World(3000, 2000);
    world.run(10_000);
    world.rate = 100_000;
    const fromMs = world.nowMs;
    world.run(10_000);
    const after = world.reports.filter(({ atMs }) => atMs > fromMs + 2000);
    expect(world.reports.filter(({ state }) => state === "level")).toHaveLength(1);
    expect(world.reports.at(-1)!.state).toBe("level");
    expect(world.reports.at(-1)!.atMs - fromMs).toBeGreaterThanOrEqual(1000);
    expect(after.every(({ state }) => state === "level")).toBe(true);
  });

  test("does not send a large state again and again to a client that is behind because of it", () => {
    const world = new World(12_000, 100_000); // 17 s with patches of 6000 bytes/s behind it
    world.run(60_000);
    expect([world.states.length, world.sheds, world.monitor.state]).toEqual([0, 0, "level"]);
  });

  test("sheds nothing where it must not: without a bound, or where a full state would not do", () => {
    for (const world of [new World(3000, 2000, Infinity), new World(3000, 2000, 2000, false)]) {
      world.run(20_000);
      expect([world.sheds, world.states.length, world.monitor.state]).toEqual([0, 0, "behind"]);
      expect(world.reports.length).toBeGreaterThan(10);
    }
  });

  test("an outage of a second and a half is no reason to shed", () => {
    const world = new World(20_000, 2000);
    world.run(5000);
    world.rate = 0;
    world.run(1500);
    world.rate = 20_000;
    world.run(5000);
    expect([world.sheds, world.states.length]).toEqual([0, 0]);
    expect(world.reports.map(({ state }) => state)).toEqual(["behind", "behind", "behind", "level"]);
  });
});
