/** When and where the page shows other players: the clock of ticks, and positions between snapshots. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { TURN } from "../../sample-game/rules/constants.js";
import { createRandom } from "../../sample-game/rules/random.js";
import { EXTRAPOLATE_TICKS, LATENESS_MAX_MS, SNAPSHOTS_MAX, STEP_MS } from "../../sample-game/web/motion/limits.js";
import { mixAngles, Snapshots } from "../../sample-game/web/motion/snapshots.js";
import { TickClock } from "../../sample-game/web/motion/tick-clock.js";

/** Patches of every `interval` ticks, each late by jitter(), in order; a frame every 1000/60 ms. Gives the render ticks by frame. */
function run(patches: number, interval: number, jitterMs: () => number) {
  const clock = new TickClock(interval * STEP_MS);
  const arrivals: { tick: number; ms: number }[] = [];
  let lastMs = 0;
  for (let i = 0; i < patches; i++) {
    const tick = i * interval;
    lastMs = Math.max(lastMs, 1000 + tick * STEP_MS + jitterMs());
    arrivals.push({ tick, ms: lastMs });
  }
  const frames: { ms: number; renderTick: number; presentTick: number; newest: number }[] = [];
  let next = 0;
  for (let ms = 1000; ms < lastMs; ms += STEP_MS) {
    while (arrivals[next] !== undefined && arrivals[next]!.ms <= ms)
      clock.onPatch(arrivals[next]!.tick, arrivals[next++]!.ms);
    clock.advance(ms);
    if (clock.newestTick >= 0)
      frames.push({
        ms,
        renderTick: clock.renderTick(ms),
        presentTick: clock.presentTick(ms),
        newest: clock.newestTick,
      });
  }
  return { clock, frames };
}

describe("the clock of ticks", () => {
  it("runs evenly at one tick per tick when patches come evenly, at 60 and at 20 Hz", () => {
    for (const interval of [1, 3]) {
      const { frames, clock } = run(200, interval, () => 0);
      const late = frames.slice(60);
      for (let i = 1; i < late.length; i++) expect(late[i]!.renderTick - late[i - 1]!.renderTick).toBeCloseTo(1, 1);
      expect(clock.delayMs).toBeCloseTo((interval + 0.5) * STEP_MS, 0);
      // Everything shown has arrived: nothing is extrapolated.
      for (const { renderTick, newest } of late) expect(renderTick).toBeLessThanOrEqual(newest + 0.01);
    }
  });

  it("never goes back and never skips more than its slew, whatever the jitter", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 2 ** 31 }),
        fc.double({ min: 0, max: 150, noNaN: true }),
        (seed, jitter) => {
          const random = createRandom(seed);
          const { frames } = run(240, 1, () => random.next() * jitter);
          for (let i = 1; i < frames.length; i++) {
            const advanced = frames[i]!.renderTick - frames[i - 1]!.renderTick;
            expect(advanced).toBeGreaterThan(0.8);
            expect(advanced).toBeLessThan(1.2);
          }
        },
      ),
      { numRuns: 60 },
    );
  });

  it("waits longer when patches jitter, so that nine of ten frames have what they show, and not longer than its bound", () => {
    const random = createRandom(5);
    const { frames, clock } = run(600, 1, () => random.next() * 60);
    const late = frames.slice(300);
    const known = late.filter(({ renderTick, newest }) => renderTick <= newest);
    expect(known.length / late.length).toBeGreaterThan(0.9);
    expect(clock.delayMs).toBeGreaterThan(40);
    const wild = run(600, 1, () => random.next() * 1000);
    expect(wild.clock.delayMs).toBeLessThanOrEqual(LATENESS_MAX_MS + 3 * STEP_MS);
  });

  it("jumps after an outage of seconds instead of chasing", () => {
    const clock = new TickClock(STEP_MS);
    for (let tick = 0; tick < 60; tick++) clock.onPatch(tick, tick * STEP_MS);
    clock.advance(60 * STEP_MS);
    // The server paused for two seconds: all further ticks are later by that much.
    for (let tick = 60; tick < 400; tick++) {
      clock.onPatch(tick, tick * STEP_MS + 2000);
      clock.advance(tick * STEP_MS + 2000);
    }
    const nowMs = 400 * STEP_MS + 2000;
    clock.advance(nowMs);
    expect(clock.presentTick(nowMs)).toBeCloseTo(400, 0);
  });

  it("ignores a patch that is not newer", () => {
    const clock = new TickClock(STEP_MS);
    clock.onPatch(10, 1000);
    clock.onPatch(10, 5000);
    clock.onPatch(9, 9000);
    clock.advance(1000);
    expect(clock.presentTick(1000)).toBeCloseTo(10);
  });
});

describe("snapshots", () => {
  function line(ticks: number, step = 5): Snapshots {
    const snapshots = new Snapshots();
    for (let tick = 0; tick < ticks; tick++) snapshots.add(tick, tick * step, 100, 0);
    return snapshots;
  }
  const at = (snapshots: Snapshots, tick: number) => {
    const pose = { x: NaN, y: NaN, aim: NaN };
    return snapshots.sample(tick, pose) ? pose : undefined;
  };

  it("lie on the line between two ticks", () => {
    expect(at(new Snapshots(), 1)).toBeUndefined();
    fc.assert(
      fc.property(fc.double({ min: 0, max: 9, noNaN: true }), (tick) => {
        expect(at(line(10), tick)!.x).toBeCloseTo(tick * 5);
      }),
    );
  });

  it("go on for a moment when nothing comes, then stand", () => {
    const snapshots = line(10);
    expect(at(snapshots, 9 + EXTRAPOLATE_TICKS)!.x).toBeCloseTo(45 + 5 * EXTRAPOLATE_TICKS);
    expect(at(snapshots, 200)!.x).toBeCloseTo(45 + 5 * EXTRAPOLATE_TICKS);
  });

  it("bridge a gap of lost patches in a straight line", () => {
    const snapshots = new Snapshots();
    snapshots.add(0, 0, 0, 0);
    snapshots.add(6, 60, 30, 0);
    expect(at(snapshots, 3)).toMatchObject({ x: 30, y: 15 });
  });

  it("do not drag a player across the arena when it respawns, nor extrapolate the jump", () => {
    const snapshots = line(5);
    snapshots.add(5, 1500, 900, 0);
    expect(at(snapshots, 4.9)).toMatchObject({ x: 20, y: 100 });
    expect(at(snapshots, 5)).toMatchObject({ x: 1500, y: 900 });
    expect(at(snapshots, 7)).toMatchObject({ x: 1500, y: 900 });
  });

  it("keep a bounded past, and show the oldest known for what is before it", () => {
    const snapshots = line(100);
    expect(at(snapshots, 0)!.x).toBe((100 - SNAPSHOTS_MAX) * 5);
  });

  it("take no older or doubled tick", () => {
    const snapshots = line(5);
    snapshots.add(4, 999, 999, 0);
    snapshots.add(2, 999, 999, 0);
    expect(at(snapshots, 4)).toMatchObject({ x: 20, y: 100 });
  });

  it("turn the short way round", () => {
    expect(mixAngles(TURN - 100, 100, 0.5)).toBeCloseTo(0);
    expect(mixAngles(100, TURN - 100, 0.5) % TURN).toBeCloseTo(0);
    expect(mixAngles(0, TURN / 4, 0.5)).toBeCloseTo(TURN / 8);
  });
});
