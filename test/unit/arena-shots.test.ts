/** Where the page shows shots, against the rules' own flight. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { ProjectileView } from "../../sample-game/protocol/arena-view.js";
import {
  ARENA_HEIGHT,
  ARENA_WIDTH,
  POSITION_SCALE,
  PROJECTILE_LIFE_TICKS,
  PROJECTILE_SPEED,
  STEP_S,
  TURN,
} from "../../sample-game/rules/constants.js";
import { createRandom } from "../../sample-game/rules/random.js";
import { WALLS } from "../../sample-game/rules/arena-map.js";
import { overlapsWall } from "../../sample-game/rules/geometry.js";
import { createWorld, step } from "../../sample-game/rules/world.js";
import { GHOST_GRACE_MS, PAUSE_MS, SHOT_BLEND_MS, SHOT_TAIL_MS, STEP_MS } from "../../sample-game/web/motion/limits.js";
import { Scene } from "../../sample-game/web/motion/scene.js";
import { traceShot } from "../../sample-game/web/motion/shot-path.js";
import { type ShotEnd, type ShotListener, Shots, type ShownShot } from "../../sample-game/web/motion/shots.js";

const STEP_UNITS = PROJECTILE_SPEED * STEP_S;

/** Ticks until the rules remove a shot that meets nobody. */
function livesTicks(x: number, y: number, angle: number): number {
  const world = createWorld(createRandom(1));
  world.projectiles.set(0, { id: 0, ownerId: "", ownerSlot: 0, originX: x, originY: y, bornTick: 0, angle, x, y });
  while (world.projectiles.size > 0) step(world, new Map(), STEP_S);
  return world.tick;
}

describe("the path of a shot", () => {
  it("ends in the tick in which the rules end it", () => {
    const place = fc.record({
      x: fc.integer({ min: 0, max: ARENA_WIDTH }),
      y: fc.integer({ min: 0, max: ARENA_HEIGHT }),
      angle: fc.integer({ min: 0, max: TURN - 1 }),
    });
    fc.assert(
      fc.property(place, ({ x, y, angle }) => {
        fc.pre(!WALLS.some((wall) => overlapsWall(x, y, 1, wall)));
        const path = traceShot(x, y, angle);
        const lives = livesTicks(x, y, angle);
        if (path.end === "age") expect(lives).toBeGreaterThanOrEqual(PROJECTILE_LIFE_TICKS);
        else expect(Math.abs(lives - Math.max(1, Math.ceil(path.ticks)))).toBeLessThanOrEqual(1);
      }),
      { numRuns: 500 },
    );
  });
});

interface Seen extends ShotListener {
  readonly begun: ShownShot[];
  readonly ends: ShotEnd[];
}

function listener(): Seen {
  const begun: ShownShot[] = [];
  const ends: ShotEnd[] = [];
  return { begun, ends, onBegin: (shot) => begun.push({ ...shot }), onEnd: (end) => ends.push(end) };
}

/** In the free middle of the lower part, flying right: 1100 u of free way. */
const FREE: ProjectileView = { owner: 3, x: 900 * POSITION_SCALE, y: 1130 * POSITION_SCALE, angle: 0, bornTick: 100 };
const shown = (shots: Shots): ShownShot[] => {
  const list: ShownShot[] = [];
  shots.forEach((shot) => list.push({ ...shot }));
  return list;
};
const timing = (presentTick: number, lagTicks = 3) => ({
  tick: Math.floor(presentTick),
  presentTick,
  lagTicks,
  nowMs: presentTick * STEP_MS,
});

describe("shots of others", () => {
  it("leave the muzzle on the delayed time line of their owner, and reach the server's present within the blend", () => {
    const shots = new Shots();
    const seen = listener();
    shots.onPatch(new Map([["a", FREE]]), timing(101), -1);
    let before = -Infinity;
    for (let tick = 101; tick < 130; tick += 0.5) {
      shots.advance(tick, tick * STEP_MS, 0, seen);
      const [shot] = shown(shots);
      if (tick < 102.5) expect(shot).toBeUndefined();
      if (shot === undefined) continue;
      expect(shot.x).toBeGreaterThanOrEqual(before);
      before = shot.x;
      if ((tick - 101) * STEP_MS > SHOT_BLEND_MS) expect(shot.x).toBeCloseTo(900 + (tick - 100) * STEP_UNITS);
    }
    expect(seen.begun).toHaveLength(1);
    expect(seen.begun[0]!.x).toBeLessThan(900 + STEP_UNITS);
    expect(seen.ends).toEqual([]);
  });

  it("that met a player end where the server says, even if that is still ahead of what is shown", () => {
    const shots = new Shots();
    const seen = listener();
    shots.onPatch(new Map([["a", FREE]]), timing(101), -1);
    shots.advance(108, 108 * STEP_MS, 0, seen);
    shots.onPatch(new Map(), timing(109, 3), -1);
    for (let tick = 109; tick < 125; tick += 0.5) shots.advance(tick, tick * STEP_MS, 0, seen);
    expect(seen.ends).toMatchObject([{ kind: "player", owner: 3 }]);
    expect(seen.ends[0]!.x).toBeCloseTo(900 + 9 * STEP_UNITS, 0);
    expect(shots.count).toBe(0);
  });

  it("stop at a wall by themselves, once, whether the server's word comes before or after", () => {
    // The wall at x 700..740, y 120..380.
    const shot: ProjectileView = { ...FREE, x: 600 * POSITION_SCALE, y: 200 * POSITION_SCALE };
    for (const removedTick of [107, 108, 109, 130]) {
      const shots = new Shots();
      const seen = listener();
      const state = new Map([["a", shot]]);
      for (let tick = 101; tick < 140; tick += 0.5) {
        if (tick === removedTick) state.clear();
        if (Number.isInteger(tick)) shots.onPatch(state, timing(tick), -1);
        shots.advance(tick, tick * STEP_MS, 0, seen);
        for (const { x } of shown(shots)) expect(x).toBeLessThanOrEqual(700.01);
      }
      expect(seen.ends).toMatchObject([{ kind: "wall" }]);
      expect(seen.ends[0]!.x).toBeCloseTo(700, 0);
      expect(shots.count).toBe(0);
    }
  });

  it("are told from older ones whose number they reuse", () => {
    const shots = new Shots();
    shots.onPatch(new Map([["a", FREE]]), timing(101), -1);
    shots.onPatch(new Map([["a", { ...FREE, bornTick: 500, x: 1000 * POSITION_SCALE }]]), timing(503, 0), -1);
    shots.advance(503, 503 * STEP_MS, 0, listener());
    expect(shown(shots)[0]!.x).toBeCloseTo(1000 + 3 * STEP_UNITS);
  });
});

describe("while no frame is drawn", () => {
  /** Twenty shots a second, each in the air for 40 ticks. */
  const LIFE_TICKS = 40;
  const fly = (state: Map<string, ProjectileView>, tick: number): void => {
    if (tick % 3 === 0) state.set(`${tick}`, { ...FREE, bornTick: tick });
    state.delete(`${tick - LIFE_TICKS}`);
  };

  it("shots that ended are kept no longer than their tail", () => {
    const shots = new Shots();
    const state = new Map<string, ProjectileView>();
    for (let tick = 0; tick < 3600; tick++) {
      fly(state, tick);
      shots.onPatch(state, timing(tick), -1);
      expect(shots.count).toBeLessThanOrEqual(Math.ceil((LIFE_TICKS + SHOT_TAIL_MS / STEP_MS + 1) / 3));
    }
  });

  it("nothing that happens is news to the first frame after it, and everything to the next ones", () => {
    const scene = new Scene({ focusId: "", patchMs: STEP_MS });
    const projectiles = new Map<string, ProjectileView>();
    const patch = (tick: number): void => {
      fly(projectiles, tick);
      scene.onState(
        { tick, patchMs: tick, checkTick: 0, frozen: false, players: new Map(), projectiles, pickups: new Map() },
        tick * STEP_MS,
      );
    };
    const frame = (tick: number): number => {
      scene.advance(tick * STEP_MS, 0, 0);
      return scene.events.splice(0).length;
    };
    let tick = 0;
    let seen = 0;
    for (; tick < 120; tick++) {
      patch(tick);
      seen += frame(tick);
    }
    expect(seen).toBeGreaterThan(0);
    for (const endTick = tick + 3600; tick < endTick; tick++) patch(tick);
    expect(frame(tick)).toBe(0);
    seen = 0;
    for (const endTick = tick + LIFE_TICKS; tick < endTick; tick++) {
      patch(tick);
      seen += frame(tick);
    }
    // As many begin and end as in any other such time.
    expect(seen).toBeGreaterThan(LIFE_TICKS / 3);
    expect(seen).toBeLessThan(LIFE_TICKS);
  });

  it("frames that are merely rare still show every end", () => {
    const shots = new Shots();
    const seen = listener();
    const state = new Map<string, ProjectileView>();
    const frameTicks = Math.floor(PAUSE_MS / STEP_MS / 2);
    for (let tick = 0; tick < 600; tick++) {
      fly(state, tick);
      shots.onPatch(state, timing(tick), -1);
      if (tick % frameTicks === 0) shots.advance(tick, tick * STEP_MS, 0, seen);
    }
    shots.onPatch(new Map(), timing(601), -1);
    shots.advance(601, 601 * STEP_MS, 0, seen);
    shots.advance(630, 630 * STEP_MS, 0, seen);
    expect(seen.ends).toHaveLength(200);
  });
});

describe("own shots", () => {
  /** Fires at tick 100 of the own time line, which is 8 ticks ahead of the server's; the server's shot is seen 8 later. */
  function fired(origin = 900) {
    const shots = new Shots();
    shots.predict(900, 1130, 0, 3, 100 * STEP_MS);
    shots.advance(100, 100 * STEP_MS, 130, listener());
    return { shots, truth: { ...FREE, x: origin * POSITION_SCALE, bornTick: 108 } };
  }

  it("fly at once, and go on without a jump when the server's shot replaces them", () => {
    const { shots, truth } = fired(910);
    let before = shown(shots)[0]!.x;
    for (let tick = 100.5; tick < 145; tick += 0.5) {
      if (tick === 116) shots.onPatch(new Map([["a", truth]]), timing(116), 3);
      shots.advance(tick, tick * STEP_MS, 130, listener());
      const list = shown(shots);
      expect(list).toHaveLength(1);
      const advanced = list[0]!.x - before;
      before = list[0]!.x;
      // Half a tick is 6.7 u; blending slows it for a while, never stops it.
      expect(advanced).toBeGreaterThan(0.5);
      expect(advanced).toBeLessThan(8);
    }
    expect(before).toBeCloseTo(910 + (144.5 - 108) * STEP_UNITS);
  });

  it("vanish if the server never fires them", () => {
    const { shots } = fired();
    shots.advance(200, 100 * STEP_MS + 130 + GHOST_GRACE_MS + 1, 130, listener());
    expect(shots.count).toBe(0);
  });

  it("that reached a wall before the server's shot was seen are shown to end once", () => {
    const shots = new Shots();
    const seen = listener();
    shots.predict(660, 200, 0, 3, 100 * STEP_MS);
    for (let tick = 100; tick < 140; tick++) {
      const state =
        tick >= 116 && tick < 119
          ? new Map([["a", { ...FREE, x: 660 * POSITION_SCALE, y: 200 * POSITION_SCALE, bornTick: 108 }]])
          : new Map();
      shots.onPatch(state, timing(tick), 3);
      shots.advance(tick, tick * STEP_MS, 130, seen);
    }
    expect(seen.ends).toMatchObject([{ kind: "wall" }]);
    expect(shots.count).toBe(0);
  });
});
