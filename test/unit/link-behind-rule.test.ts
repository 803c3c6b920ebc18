/** The README's onLinkBehind, as it stands there, between real BacklogMonitors and simulated links. */

import ts from "typescript";
import { expect, test } from "vitest";
import type { LinkBehindReport } from "../../plugin/server/backlog-monitor.js";
import { World } from "./backlog-world.js";
import { samples } from "./readme-samples.js";

const FULL_RATE_MS = 1000 / 60;

/** What one patch takes of a link that carries so many a second, bytes per second: World's patches have 300. */
const carrying = (hz: number) => hz * 300;

interface Client {
  readonly sessionId: string;
}

interface Arena {
  patchRate: number;
  onLinkBehind(client: Client, report: LinkBehindReport): void;
  onLeave?(client: Client): void;
}

/** The sample's room, over as little of core's Room as it uses. */
function createArena(): Arena {
  const sample = samples.find((code) => code.includes("onLinkBehind"))!;
  const { outputText } = ts.transpileModule(sample, {
    compilerOptions: { target: ts.ScriptTarget.ES2022, module: ts.ModuleKind.ESNext },
  });
  const Room = class {
    patchRate = FULL_RATE_MS;
  };
  return new (
    new Function("Room", `${outputText.replace(/^import .*$/gm, "")}; return Arena;`)(Room) as new () => Arena
  )();
}

/** Plays for so long, ms; returns the patch interval at every tick. */
function play(arena: Arena, worlds: readonly World[], ms: number): number[] {
  const intervals: number[] = [];
  for (let nowMs = 0; nowMs < ms; nowMs += arena.patchRate) {
    intervals.push(arena.patchRate);
    worlds.forEach((world, i) => {
      const before = world.reports.length;
      world.tickMs = arena.patchRate;
      world.tick();
      for (const report of world.reports.slice(before)) arena.onLinkBehind({ sessionId: `${i}` }, report);
    });
  }
  return intervals;
}

const meanOf = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;

test.each([40, 30, 20, 10])("over a link that carries %i patches a second it settles near that", (hz) => {
  const arena = createArena(),
    world = new World(carrying(hz), 2000);
  play(arena, [world], 15_000);
  const { sheds } = world;
  const settled = play(arena, [world], 45_000);
  expect(meanOf(settled)).toBeGreaterThan(0.9 * (1000 / hz));
  expect(meanOf(settled)).toBeLessThan(1.3 * (1000 / hz));
  expect(world.sheds).toBe(sheds);
});

test("with many clients it settles near what the slowest carries", () => {
  const arena = createArena(),
    worlds = [60, 55, 50, 45, 40, 30, 30, 20].map((hz) => new World(carrying(hz), 2000));
  play(arena, worlds, 15_000);
  const settled = play(arena, worlds, 45_000);
  expect(meanOf(settled)).toBeGreaterThan(0.9 * (1000 / 20));
  expect(meanOf(settled)).toBeLessThan(1.3 * (1000 / 20));
});

test("a link that carries nothing slows it to 5 patches a second at most, and one that carries all again ends that", () => {
  const arena = createArena(),
    world = new World(carrying(100), 2000);
  play(arena, [world], 5000);
  expect(arena.patchRate).toBe(FULL_RATE_MS);
  world.rate = 0;
  expect(Math.max(...play(arena, [world], 20_000))).toBeLessThanOrEqual(200);
  world.rate = carrying(1000);
  play(arena, [world], 10_000);
  expect(arena.patchRate).toBe(FULL_RATE_MS);
});

test("it is back at the full rate once the last client that is behind keeps up or leaves, and not before", () => {
  for (const end of ["keeps up", "leaves"]) {
    const arena = createArena(),
      worlds = [new World(carrying(20), 2000), new World(carrying(20), 2000)] as const;
    play(arena, worlds, 10_000);
    worlds[0].rate = carrying(1000);
    play(arena, worlds, 5000);
    expect(worlds[0].reports.at(-1)!.state).toBe("level");
    expect(arena.patchRate).toBeGreaterThan(30);
    if (end === "leaves") arena.onLeave!({ sessionId: "1" });
    else worlds[1].rate = carrying(1000);
    play(arena, worlds.slice(0, end === "leaves" ? 1 : 2), 5000);
    expect(arena.patchRate).toBe(FULL_RATE_MS);
  }
});
