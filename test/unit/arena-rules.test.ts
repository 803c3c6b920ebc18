import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { PICKUP_SPOTS, SPAWN_POINTS, WALLS } from "../../sample-game/rules/arena-map.js";
import {
  ARENA_HEIGHT,
  ARENA_WIDTH,
  BUTTON_DASH,
  BUTTON_FIRE,
  DASH_COOLDOWN_TICKS,
  DASH_TICKS,
  FIRE_TICKS,
  HP_MAX,
  MOVE_MAX,
  PICKUP_HEALTH,
  PICKUP_RETURN_TICKS,
  PLAYER_RADIUS,
  PLAYER_SPEED,
  PLAYERS_MAX,
  POSITION_SCALE,
  PROJECTILE_DAMAGE,
  PROJECTILE_LIFE_TICKS,
  PROJECTILES_MAX,
  RAPID_FIRE_TICKS,
  RESPAWN_TICKS,
  SHIELD_MAX,
  STEP_S,
  TURN,
} from "../../sample-game/rules/constants.js";
import { overlapsWall } from "../../sample-game/rules/geometry.js";
import { hashWorld } from "../../sample-game/rules/hash.js";
import { movePlayer } from "../../sample-game/rules/movement.js";
import { createRandom, randomIndex } from "../../sample-game/rules/random.js";
import type { Motion, Player, PlayerInput, World, WorldEvent } from "../../sample-game/rules/types.js";
import { addPlayer, createWorld, rank, removePlayer, step } from "../../sample-game/rules/world.js";

const IDLE: PlayerInput = { moveX: 0, moveY: 0, aim: 0, buttons: 0 };
const RIGHT: PlayerInput = { ...IDLE, moveX: MOVE_MAX };
const OPEN_SPOT = { x: 1000, y: 200 };

function world(players = 0, seed = 1): World {
  const made = createWorld(createRandom(seed));
  for (let i = 0; i < players; i++) addPlayer(made, `p${i}`, `player ${i}`);
  return made;
}

/** A shooter left of a victim on open ground, far from pickups. */
function duel(): { arena: World; shooter: Player; victim: Player } {
  const arena = world(2);
  const [shooter, victim] = [...arena.players.values()] as [Player, Player];
  Object.assign(shooter, OPEN_SPOT);
  Object.assign(victim, { x: OPEN_SPOT.x + 120, y: OPEN_SPOT.y });
  return { arena, shooter, victim };
}

function run(arena: World, ticks: number, inputs: Record<string, PlayerInput> = {}): WorldEvent[] {
  const events: WorldEvent[] = [];
  for (let i = 0; i < ticks; i++) events.push(...step(arena, new Map(Object.entries(inputs)), STEP_S));
  return events;
}

function randomGame(seed: number, players: number, ticks: number): World {
  const arena = world(players, seed);
  const random = createRandom(seed + 1);
  for (let tick = 0; tick < ticks; tick++) {
    const inputs = [...arena.players.keys()].map((id): [string, PlayerInput] => [
      id,
      {
        moveX: randomIndex(random, 255) - 127,
        moveY: randomIndex(random, 255) - 127,
        aim: randomIndex(random, TURN),
        buttons: randomIndex(random, 4),
      },
    ]);
    step(arena, new Map(inputs), STEP_S);
  }
  return arena;
}

describe("the arena's map", () => {
  it("keeps spawn and pickup spots clear of walls and borders", () => {
    for (const { x, y } of [...SPAWN_POINTS, ...PICKUP_SPOTS]) {
      expect(
        WALLS.some((wall) => overlapsWall(x, y, PLAYER_RADIUS, wall)),
        `${x}, ${y}`,
      ).toBe(false);
      expect(x >= PLAYER_RADIUS && x <= ARENA_WIDTH - PLAYER_RADIUS, `${x}`).toBe(true);
      expect(y >= PLAYER_RADIUS && y <= ARENA_HEIGHT - PLAYER_RADIUS, `${y}`).toBe(true);
    }
  });

  it("fits int16 positions", () => {
    expect(Math.max(ARENA_WIDTH, ARENA_HEIGHT) * POSITION_SCALE).toBeLessThan(32768);
  });
});

describe("movement", () => {
  const motion: Motion = { ...OPEN_SPOT, aim: 0, dashClock: 0, dashAngle: 0 };

  it("walks at PLAYER_SPEED, on diagonals too", () => {
    expect(movePlayer(motion, RIGHT, STEP_S).x - motion.x).toBeCloseTo(PLAYER_SPEED * STEP_S, 9);
    const diagonal = movePlayer(motion, { ...IDLE, moveX: MOVE_MAX, moveY: MOVE_MAX }, STEP_S);
    expect(Math.hypot(diagonal.x - motion.x, diagonal.y - motion.y)).toBeCloseTo(PLAYER_SPEED * STEP_S, 9);
  });

  it("changes neither argument", () => {
    movePlayer(Object.freeze({ ...motion }), Object.freeze({ ...RIGHT, buttons: BUTTON_DASH }), STEP_S);
  });

  it("stops at a wall and slides along it", () => {
    const wall = WALLS[1]!;
    let at: Motion = { ...motion, x: wall.x - PLAYER_RADIUS - 2, y: wall.y + 150 };
    for (let i = 0; i < 10; i++) at = movePlayer(at, { ...IDLE, moveX: 90, moveY: -90 }, STEP_S);
    expect(at.x).toBe(wall.x - PLAYER_RADIUS);
    expect(at.y).toBeLessThan(wall.y + 120);
  });

  it("dashes for DASH_TICKS, faster than walking, and not again before the cooldown is over", () => {
    let at = motion;
    const speeds: number[] = [];
    for (let i = 0; i < DASH_COOLDOWN_TICKS + 1; i++) {
      const next = movePlayer(at, { ...IDLE, buttons: BUTTON_DASH, aim: (TURN / 4) * 3 }, STEP_S);
      speeds.push(Math.hypot(next.x - at.x, next.y - at.y));
      at = { ...next, ...OPEN_SPOT };
    }
    const dashing = speeds.map((speed) => speed > PLAYER_SPEED * STEP_S);
    expect(dashing.slice(0, DASH_TICKS)).toEqual(Array(DASH_TICKS).fill(true));
    expect(dashing.slice(DASH_TICKS, DASH_COOLDOWN_TICKS).some(Boolean)).toBe(false);
    expect(dashing[DASH_COOLDOWN_TICKS]).toBe(true);
  });

  it("stays a number, inside and out of walls, whatever the inputs are", () => {
    const wild = fc.oneof(fc.double(), fc.constantFrom(Number.NaN, Infinity, -Infinity, 1e308, -1e308), fc.integer());
    const input = fc.record({ moveX: wild, moveY: wild, aim: wild, buttons: wild });
    const start = fc.constantFrom(...SPAWN_POINTS);
    fc.assert(
      fc.property(start, fc.array(input, { maxLength: 60 }), (point, inputs) => {
        let at: Motion = { ...motion, ...point };
        for (const one of inputs) at = movePlayer(at, one, STEP_S);
        expect(Object.values(at).every(Number.isFinite)).toBe(true);
        expect(WALLS.some((wall) => overlapsWall(at.x, at.y, PLAYER_RADIUS - 1e-6, wall))).toBe(false);
        expect(at.x >= PLAYER_RADIUS && at.x <= ARENA_WIDTH - PLAYER_RADIUS).toBe(true);
        expect(at.y >= PLAYER_RADIUS && at.y <= ARENA_HEIGHT - PLAYER_RADIUS).toBe(true);
      }),
    );
  });
});

describe("the world", () => {
  it("is the same for the same seed and inputs, bit for bit", () => {
    const hash = hashWorld(randomGame(7, 8, 600));
    expect(hashWorld(randomGame(7, 8, 600))).toBe(hash);
    expect(hashWorld(randomGame(8, 8, 600))).not.toBe(hash);
  });

  it("keeps its bounds under random play: no NaN, health and clocks in range, at most PROJECTILES_MAX shots", () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 2 ** 32 - 1 }), fc.integer({ min: 0, max: 30 }), (seed, players) => {
        const arena = randomGame(seed, players, 120);
        expect(arena.projectiles.size).toBeLessThanOrEqual(PROJECTILES_MAX);
        for (const player of arena.players.values()) {
          expect(
            Object.values(player)
              .filter((value) => typeof value === "number")
              .every(Number.isFinite),
          ).toBe(true);
          expect(player.hp >= 0 && player.hp <= HP_MAX && player.alive === player.hp > 0).toBe(true);
          expect(player.dashClock >= 0 && player.dashClock <= DASH_COOLDOWN_TICKS).toBe(true);
        }
        for (const shot of arena.projectiles.values()) {
          expect(Number.isFinite(shot.x) && Number.isFinite(shot.y)).toBe(true);
          expect(arena.tick - shot.bornTick).toBeLessThanOrEqual(PROJECTILE_LIFE_TICKS + 1);
        }
      }),
      { numRuns: 25 },
    );
  });

  it("gives the lowest free slot, cuts names, refuses doubles and a full arena", () => {
    const arena = world(3);
    removePlayer(arena, "p1");
    expect(addPlayer(arena, "new", "  a name that is far too long  ")).toMatchObject({
      slot: 1,
      name: "a name that is f",
    });
    expect(addPlayer(arena, "nameless", " ").name).toBe("player 3");
    expect(() => addPlayer(arena, "new", "x")).toThrow(RangeError);
    for (let i = 4; i < PLAYERS_MAX; i++) addPlayer(arena, `more${i}`, "x");
    expect(() => addPlayer(arena, "one too many", "x")).toThrow(RangeError);
  });

  it("ranks by score, then fewer deaths, then slot", () => {
    const order = rank([
      { score: 1, deaths: 0, slot: 0 },
      { score: 5, deaths: 4, slot: 3 },
      { score: 5, deaths: 4, slot: 2 },
      { score: 5, deaths: 1, slot: 4 },
    ]);
    expect(order.map(({ slot }) => slot)).toEqual([4, 2, 3, 0]);
  });
});

describe("shots", () => {
  it("leave at most every FIRE_TICKS, with rapid fire every RAPID_FIRE_TICKS", () => {
    const count = (rapidClock: number): number => {
      const arena = world(1);
      Object.assign(arena.players.get("p0")!, OPEN_SPOT, { rapidClock });
      run(arena, 60, { p0: { ...IDLE, aim: TURN / 4, buttons: BUTTON_FIRE } });
      return arena.nextProjectileId;
    };
    expect(count(0)).toBe(60 / FIRE_TICKS);
    expect(count(60)).toBe(60 / RAPID_FIRE_TICKS);
  });

  it("damage the first player on their way, shield first, and never their owner", () => {
    const { arena, shooter, victim } = duel();
    victim.shield = PROJECTILE_DAMAGE - 5;
    run(arena, 1, { p0: { ...IDLE, buttons: BUTTON_FIRE } });
    run(arena, 20);
    expect(victim).toMatchObject({ shield: 0, hp: HP_MAX - 5 });
    expect(shooter.hp).toBe(HP_MAX);
    expect(arena.projectiles.size).toBe(0);
  });

  it("kill, score, and the dead respawn with full health after RESPAWN_TICKS", () => {
    const { arena, shooter, victim } = duel();
    victim.hp = PROJECTILE_DAMAGE;
    const events = run(arena, 20, { p0: { ...IDLE, buttons: BUTTON_FIRE } });
    expect(events).toContainEqual({ kind: "kill", killerId: "p0", victimId: "p1" });
    expect(victim).toMatchObject({ alive: false, hp: 0, deaths: 1 });
    expect(shooter.score).toBe(1);
    arena.projectiles.clear();
    const clock = victim.respawnClock;
    expect(clock).toBeLessThanOrEqual(RESPAWN_TICKS);
    expect(run(arena, clock - 1)).toEqual([]);
    expect(victim.alive).toBe(false);
    expect(run(arena, 1)).toEqual([{ kind: "respawn", playerId: "p1" }]);
    expect(victim).toMatchObject({ alive: true, hp: HP_MAX, shield: 0, dashClock: 0 });
  });

  it("count for nobody when their owner has left", () => {
    const { arena, victim } = duel();
    victim.hp = 1;
    run(arena, 1, { p0: { ...IDLE, buttons: BUTTON_FIRE } });
    removePlayer(arena, "p0");
    expect(run(arena, 20)).toEqual([{ kind: "kill", killerId: "p0", victimId: "p1" }]);
  });

  it("end at walls, at the border and of age", () => {
    const wall = WALLS[0]!;
    const arena = world(1);
    Object.assign(arena.players.get("p0")!, { x: wall.x - 60, y: wall.y + 10 });
    run(arena, 1, { p0: { ...IDLE, buttons: BUTTON_FIRE } });
    run(arena, 6);
    expect(arena.projectiles.size).toBe(0);
    Object.assign(arena.players.get("p0")!, { x: 100, y: 100, fireClock: 0 });
    run(arena, 1, { p0: { ...IDLE, aim: TURN / 2, buttons: BUTTON_FIRE } });
    run(arena, 8);
    expect(arena.projectiles.size).toBe(0);
    Object.assign(arena.players.get("p0")!, { x: 30, y: 30, fireClock: 0 });
    run(arena, 1, { p0: { ...IDLE, buttons: BUTTON_FIRE } });
    run(arena, PROJECTILE_LIFE_TICKS - 1);
    expect(arena.projectiles.size).toBe(1);
    run(arena, 1);
    expect(arena.projectiles.size).toBe(0);
  });

  it("are at most PROJECTILES_MAX; one beyond costs no cooldown", () => {
    const arena = world(1);
    const player = arena.players.get("p0")!;
    const shot = { ownerId: "x", ownerSlot: 9, originX: 30, originY: 30, bornTick: 0, angle: 0, x: 30, y: 1150 };
    for (let id = 0; id < PROJECTILES_MAX; id++) arena.projectiles.set(id + 1000, { id: id + 1000, ...shot });
    run(arena, 1, { p0: { ...IDLE, buttons: BUTTON_FIRE } });
    expect(arena.nextProjectileId).toBe(0);
    expect(player.fireClock).toBe(0);
  });
});

describe("pickups", () => {
  it("give what they promise, only to those who can use it, and come back", () => {
    const arena = world(1);
    const player = arena.players.get("p0")!;
    const health = [...arena.pickups.values()].find(({ kind }) => kind === "health")!;
    Object.assign(player, { x: health.x, y: health.y });
    expect(run(arena, 1)).toEqual([]);
    player.hp = HP_MAX - PICKUP_HEALTH - 10;
    expect(run(arena, 1)).toEqual([{ kind: "pickup", playerId: "p0", pickup: "health" }]);
    expect(player.hp).toBe(HP_MAX - 10);
    expect(run(arena, PICKUP_RETURN_TICKS)).toEqual([]);
    expect(run(arena, 1)).toEqual([{ kind: "pickup", playerId: "p0", pickup: "health" }]);
    expect(player.hp).toBe(HP_MAX);
  });

  it("are left by the dead; shields and rapid fire work", () => {
    const arena = world(1);
    const player = arena.players.get("p0")!;
    for (const kind of ["shield", "rapid"] as const) {
      const pickup = [...arena.pickups.values()].find((one) => one.kind === kind)!;
      Object.assign(player, { x: pickup.x, y: pickup.y, alive: false, respawnClock: 10 });
      expect(run(arena, 1)).toEqual([]);
      Object.assign(player, { alive: true, respawnClock: 0 });
      expect(run(arena, 1)).toHaveLength(1);
    }
    expect(player.shield).toBe(SHIELD_MAX);
    expect(player.rapidClock).toBeGreaterThan(0);
  });
});
