import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type BotSight, decide, initialMemory } from "../../sample-game/bots/decide.js";
import { Sight } from "../../sample-game/bots/sight.js";
import { hashState } from "../../sample-game/protocol/arena-view.js";
import { patchAgeMs, patchStamp } from "../../sample-game/protocol/patch-clock.js";
import { SequenceCheck } from "../../sample-game/protocol/sequence-check.js";
import { BUTTON_DASH, BUTTON_FIRE, MOVE_MAX, STEP_S, TURN } from "../../sample-game/rules/constants.js";
import { toAngle } from "../../sample-game/rules/geometry.js";
import { createRandom } from "../../sample-game/rules/random.js";
import type { PlayerInput } from "../../sample-game/rules/types.js";
import { addPlayer, createWorld, step } from "../../sample-game/rules/world.js";
import { ArenaState } from "../../sample-game/server/schema.js";
import { syncState } from "../../sample-game/server/state-adapter.js";

const SELF = { x: 1000, y: 200, hp: 100, shield: 50, rapid: true, canDash: true };
const QUIET: BotSight = { tick: 1, self: SELF, enemies: [], pickups: [], shots: [] };

function decideOnce(sight: Partial<BotSight>, seed = 1): PlayerInput {
  const random = createRandom(seed);
  return decide({ ...QUIET, ...sight }, initialMemory(random), random).input;
}

function enemyAt(x: number, y: number) {
  return { id: "e", x, y, velocityX: 0, velocityY: 0 };
}

describe("a bot", () => {
  it("decides the same for the same sight, memory and seed", () => {
    const sight = { enemies: [enemyAt(1300, 250)] };
    expect(decideOnce(sight, 5)).toEqual(decideOnce(sight, 5));
  });

  it("stands still while dead, and without anything to do", () => {
    expect(decideOnce({ self: undefined, enemies: [enemyAt(1100, 200)] })).toMatchObject({
      moveX: 0,
      moveY: 0,
      buttons: 0,
    });
    expect(decideOnce({})).toMatchObject({ moveX: 0, moveY: 0, buttons: 0 });
  });

  it("chases the nearest enemy and shoots at it when it is in range and sight", () => {
    const input = decideOnce({ enemies: [enemyAt(1400, 200), enemyAt(1000, 900)] });
    expect(input).toMatchObject({ moveX: MOVE_MAX, moveY: 0, buttons: BUTTON_FIRE });
    expect(Math.min(input.aim, TURN - input.aim)).toBeLessThan(TURN / 60);
    expect(decideOnce({ enemies: [enemyAt(1800, 200)] }).buttons).toBe(0);
  });

  it("does not shoot at walls", () => {
    expect(decideOnce({ self: { ...SELF, x: 600, y: 200 }, enemies: [enemyAt(850, 200)] }).buttons).toBe(0);
  });

  it("leads a moving enemy", () => {
    const aim = decideOnce({ enemies: [{ ...enemyAt(1400, 200), velocityY: 300 }] }).aim;
    expect(Math.abs(aim - toAngle(400, 150))).toBeLessThan(TURN / 60);
  });

  it("fetches health first when it is low, and bonuses that are near", () => {
    const enemies = [enemyAt(1400, 200)];
    const health = { kind: "health", x: 600, y: 200 } as const;
    expect(decideOnce({ enemies, pickups: [health], self: { ...SELF, hp: 30 } }).moveX).toBe(-MOVE_MAX);
    expect(decideOnce({ enemies, pickups: [health] }).moveX).toBe(MOVE_MAX);
    const rapid = { kind: "rapid", x: 800, y: 200 } as const;
    expect(decideOnce({ enemies, pickups: [rapid], self: { ...SELF, rapid: false } }).moveX).toBe(-MOVE_MAX);
    expect(decideOnce({ enemies, pickups: [rapid] }).moveX).toBe(MOVE_MAX);
  });

  it("dashes out of the way of a shot that would hit, sideways", () => {
    const shot = { x: 850, y: 200, angle: 0 };
    const input = decideOnce({ shots: [shot] });
    expect(input.buttons & BUTTON_DASH).toBe(BUTTON_DASH);
    expect(Math.abs(input.moveY)).toBe(MOVE_MAX);
    expect(decideOnce({ shots: [shot], self: { ...SELF, canDash: false } }).buttons).toBe(0);
    expect(decideOnce({ shots: [{ ...shot, angle: TURN / 2 }] }).buttons).toBe(0);
  });

  it("walks off sideways when it is stuck", () => {
    const random = createRandom(3);
    const enemies = [enemyAt(1700, 200)];
    let memory = initialMemory(random);
    const moves = new Set<number>();
    for (let tick = 1; tick < 120; tick++) {
      const decision = decide({ ...QUIET, tick, enemies }, memory, random);
      memory = decision.memory;
      moves.add(decision.input.moveY);
    }
    expect(moves.size).toBeGreaterThan(1);
  });

  it("gives inputs in range for any sight", () => {
    const point = {
      x: fc.double({ min: 0, max: 2000, noNaN: true }),
      y: fc.double({ min: 0, max: 1200, noNaN: true }),
    };
    const sight = fc.record({
      tick: fc.nat(),
      self: fc.record({
        ...point,
        hp: fc.integer({ min: 1, max: 100 }),
        shield: fc.nat(50),
        rapid: fc.boolean(),
        canDash: fc.boolean(),
      }),
      enemies: fc.array(
        fc.record({
          id: fc.string(),
          ...point,
          velocityX: fc.integer({ min: -900, max: 900 }),
          velocityY: fc.integer(),
        }),
      ),
      pickups: fc.array(fc.record({ ...point, kind: fc.constantFrom("health", "rapid", "shield") })),
      shots: fc.array(fc.record({ ...point, angle: fc.nat(TURN - 1) })),
    });
    fc.assert(
      fc.property(sight, fc.nat(), (seen, seed) => {
        const random = createRandom(seed);
        const { input } = decide(seen, initialMemory(random), random);
        expect([input.moveX, input.moveY].every((move) => Number.isInteger(move) && Math.abs(move) <= MOVE_MAX)).toBe(
          true,
        );
        expect(Number.isInteger(input.aim) && input.aim >= 0 && input.aim < TURN).toBe(true);
      }),
    );
  });

  it("gets things done: eight of them score within 20 s of play", () => {
    const world = createWorld(createRandom(1));
    const state = new ArenaState().assign({ patchMs: 0, checkTick: 0, frozen: false });
    const bots = Array.from({ length: 8 }, (_, i) => {
      const id = `bot${i}`;
      addPlayer(world, id, id);
      const random = createRandom(100 + i);
      return { id, random, sight: new Sight(id), memory: initialMemory(random) };
    });
    for (let tick = 0; tick < 1200; tick++) {
      syncState(world, state);
      const inputs = new Map<string, PlayerInput>();
      for (const bot of bots) {
        const { input, memory } = decide(bot.sight.look(state), bot.memory, bot.random);
        bot.memory = memory;
        inputs.set(bot.id, input);
      }
      step(world, inputs, STEP_S);
    }
    const kills = [...world.players.values()].reduce((sum, { score }) => sum + score, 0);
    expect(kills).toBeGreaterThan(8);
  });
});

describe("the sequence check", () => {
  it("counts nothing wrong in 0, 1, 2, ...", () => {
    const check = new SequenceCheck();
    for (let seq = 0; seq < 100; seq++) check.add(seq);
    expect(check.faults(100)).toEqual({ missing: 0, doubled: 0, outOfOrder: 0 });
  });

  it("tells missing, doubled and out of order apart", () => {
    const check = new SequenceCheck();
    for (const seq of [0, 1, 1, 3, 2, 6, 6]) check.add(seq);
    expect(check.faults(8)).toEqual({ missing: 3, doubled: 2, outOfOrder: 2 });
  });
});

describe("the patch clock", () => {
  it("measures ages across the wrap of its 16 bits, and reads a small disagreement of clocks as 0", () => {
    expect(patchAgeMs(patchStamp(65536 * 5 - 10), 65536 * 5 + 20)).toBe(30);
    expect(patchAgeMs(patchStamp(1005), 1000)).toBe(0);
  });
});

describe("the state hash", () => {
  const make = (): ArenaState => {
    const world = createWorld(createRandom(1));
    addPlayer(world, "a", "a");
    addPlayer(world, "b", "b");
    const state = new ArenaState().assign({ patchMs: 0, checkTick: 0, frozen: false });
    syncState(world, state);
    return state;
  };

  it("sees every field that is delivered for certain, and no other", () => {
    const hash = hashState(make());
    const changes: ((state: ArenaState) => void)[] = [
      (s) => (s.tick += 1),
      (s) => (s.frozen = true),
      (s) => (s.players.get("a")!.x += 1),
      (s) => (s.players.get("b")!.alive = false),
      (s) => (s.pickups.get("0")!.ready = false),
      (s) => s.players.delete("b"),
    ];
    for (const change of changes) {
      const state = make();
      change(state);
      expect(hashState(state), `${change}`).not.toBe(hash);
    }
    const same = make();
    same.patchMs = 9;
    same.players.get("a")!.aim = 200;
    expect(hashState(same)).toBe(hash);
  });
});
