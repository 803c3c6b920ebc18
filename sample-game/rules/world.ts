/**
 * The world as a whole: making one, players in and out, and the fixed step.
 * Deterministic: the same seed, joins and inputs give the same world, bit for bit.
 */
import { PICKUP_SPOTS, SPAWN_POINTS } from "./arena-map.js";
import { HP_MAX, NAME_LENGTH_MAX, PLAYERS_MAX } from "./constants.js";
import { distance } from "./geometry.js";
import { IDLE_INPUT } from "./input.js";
import { movePlayer } from "./movement.js";
import { stepPickups } from "./pickups.js";
import { advanceProjectiles, fireIfAsked } from "./projectiles.js";
import { type Random, randomIndex } from "./random.js";
import type { Player, PlayerInput, Point, World, WorldEvent } from "./types.js";

/** Spots that a respawn looks at; the one farthest from any living player is taken. */
const SPAWN_CANDIDATES = 4;

export function createWorld(random: Random): World {
  const pickups = new Map(PICKUP_SPOTS.map((spot, index) => [`${index}`, { id: `${index}`, ...spot, returnClock: 0 }]));
  return { tick: 0, players: new Map(), projectiles: new Map(), pickups, nextProjectileId: 0, random };
}

/**
 * Adds a player at a spawn spot.
 * @param name cut to NAME_LENGTH_MAX characters; an empty one becomes "player <slot>".
 * @throws RangeError when the id is taken or PLAYERS_MAX are in.
 */
export function addPlayer(world: World, id: string, name: string, bot = false): Player {
  if (world.players.has(id)) throw new RangeError(`"id" expected one that is not in the arena, got ${id}`);
  const slot = freeSlot(world);
  const player: Player = {
    id,
    slot,
    bot,
    name: [...name.trim()].slice(0, NAME_LENGTH_MAX).join("") || `player ${slot}`,
    ...chooseSpawn(world),
    aim: 0,
    dashClock: 0,
    dashAngle: 0,
    alive: true,
    hp: HP_MAX,
    shield: 0,
    score: 0,
    deaths: 0,
    fireClock: 0,
    rapidClock: 0,
    respawnClock: 0,
  };
  world.players.set(id, player);
  return player;
}

/** Removes a player; its shots fly on. */
export function removePlayer(world: World, id: string): void {
  world.players.delete(id);
}

/**
 * One fixed step: moves, shots, hits, pickups, respawns, in this order, players in the order of joining.
 * @param inputs by player id; a player without one stands still.
 * @param dt seconds, STEP_S in a game; see movePlayer.
 * @returns what happened, in order. The world is changed in place.
 */
export function step(world: World, inputs: ReadonlyMap<string, PlayerInput>, dt: number): WorldEvent[] {
  const events: WorldEvent[] = [];
  for (const player of world.players.values()) {
    const input = inputs.get(player.id) ?? { ...IDLE_INPUT, aim: player.aim };
    if (player.alive) stepAlive(world, player, input, dt);
    else stepDead(world, player, events);
  }
  advanceProjectiles(world, dt, events);
  stepPickups(world, events);
  world.tick += 1;
  return events;
}

/** Players by score, then fewer deaths, then slot: the leaderboard. */
export function rank<T extends { score: number; deaths: number; slot: number }>(players: Iterable<T>): T[] {
  return [...players].sort((a, b) => b.score - a.score || a.deaths - b.deaths || a.slot - b.slot);
}

function stepAlive(world: World, player: Player, input: PlayerInput, dt: number): void {
  Object.assign(player, movePlayer(player, input, dt));
  fireIfAsked(world, player, input.buttons);
  player.rapidClock = Math.max(0, player.rapidClock - 1);
}

function stepDead(world: World, player: Player, events: WorldEvent[]): void {
  player.respawnClock -= 1;
  if (player.respawnClock > 0) return;
  Object.assign(player, chooseSpawn(world), {
    alive: true,
    hp: HP_MAX,
    shield: 0,
    respawnClock: 0,
    dashClock: 0,
    fireClock: 0,
    rapidClock: 0,
  });
  events.push({ kind: "respawn", playerId: player.id });
}

function chooseSpawn(world: World): Point {
  let best = SPAWN_POINTS[0]!;
  let bestDistance = -1;
  for (let i = 0; i < SPAWN_CANDIDATES; i++) {
    const spot = SPAWN_POINTS[randomIndex(world.random, SPAWN_POINTS.length)]!;
    let nearest = Infinity;
    for (const player of world.players.values()) {
      if (player.alive) nearest = Math.min(nearest, distance(player, spot));
    }
    if (nearest <= bestDistance) continue;
    best = spot;
    bestDistance = nearest;
  }
  return { x: best.x, y: best.y };
}

function freeSlot(world: World): number {
  const taken = new Set([...world.players.values()].map((player) => player.slot));
  for (let slot = 0; slot < PLAYERS_MAX; slot++) {
    if (!taken.has(slot)) return slot;
  }
  throw new RangeError(`"players" expected at most ${PLAYERS_MAX}, got one more`);
}
