/**
 * What a bot wants this tick: a pure function of what it sees, what it remembers and a seeded random source.
 * Plays like a hasty human: fetches what it needs, else goes for the nearest enemy, shoots with lead, dodges by dashing.
 */
import { WALLS } from "../rules/arena-map.js";
import {
  BUTTON_DASH,
  BUTTON_FIRE,
  MOVE_MAX,
  PLAYER_RADIUS,
  PROJECTILE_RADIUS,
  PROJECTILE_SPEED,
  STEP_S,
  TURN,
} from "../rules/constants.js";
import { crossesWall, distance, distanceToSegment, toAngle, toRadians } from "../rules/geometry.js";
import { positionAfter } from "../rules/projectiles.js";
import { type Random, randomIndex } from "../rules/random.js";
import type { PickupKind, PlayerInput, Point } from "../rules/types.js";

export interface SeenEnemy extends Point {
  readonly id: string;
  /** u/s, as far as it could be told. */
  readonly velocityX: number;
  readonly velocityY: number;
}

export interface SeenSelf extends Point {
  readonly hp: number;
  readonly shield: number;
  readonly rapid: boolean;
  readonly canDash: boolean;
}

/** The arena as one bot sees it, in units; only what is alive, can be taken, or can hurt. */
export interface BotSight {
  readonly tick: number;
  /** undefined while dead. */
  readonly self: SeenSelf | undefined;
  readonly enemies: readonly SeenEnemy[];
  readonly pickups: readonly (Point & { kind: PickupKind })[];
  readonly shots: readonly (Point & { angle: number })[];
}

export interface BotMemory {
  readonly aim: number;
  /** +1 or -1: the side to which it circles, and around obstacles. */
  readonly side: 1 | -1;
  /** Until this tick it walks into detourAngle, to get around an obstacle. */
  readonly detourUntilTick: number;
  readonly detourAngle: number;
  /** Where it was when it last looked whether it is stuck. */
  readonly lookedAt: Point & { tick: number };
}

export interface Decision {
  readonly input: PlayerInput;
  readonly memory: BotMemory;
}

/** Beyond this a bot does not shoot, u. */
const FIRE_RANGE = 700;
/** Closer than this to its enemy it circles instead of approaching, u. */
const CIRCLE_RANGE = 220;
/** Below this health it fetches health first. */
const LOW_HP = 45;
/** How far it goes for a pickup that it does not need badly, u. */
const PICKUP_RANGE = 350;
/** How far ahead it sees a shot that will hit, s. */
const DODGE_AHEAD_S = 0.3;
/** Largest error of its aim, parts of a turn: 5 degrees. */
const AIM_ERROR = TURN / 72;
const LOOK_EVERY_TICKS = 20;
/** Moved less than this between two looks: stuck, u. */
const STUCK_DISTANCE = 25;
const DETOUR_TICKS = 35;

export function initialMemory(random: Random): BotMemory {
  return {
    aim: 0,
    side: random.next() < 0.5 ? 1 : -1,
    detourUntilTick: 0,
    detourAngle: 0,
    lookedAt: { x: -Infinity, y: -Infinity, tick: 0 },
  };
}

export function decide(sight: BotSight, memory: BotMemory, random: Random): Decision {
  const { self } = sight;
  if (self === undefined) return { input: stand(memory.aim), memory };
  const enemy = nearest(self, sight.enemies);
  const goal = chooseGoal(self, sight, enemy);
  const next = avoidBeingStuck(sight.tick, self, goal, memory, random);
  const aim = enemy === undefined ? memory.aim : aimAt(self, enemy, random);

  let heading = goal === undefined ? undefined : toAngle(goal.x - self.x, goal.y - self.y);
  if (goal !== undefined && goal === enemy && distance(self, goal) < CIRCLE_RANGE) {
    heading = turned(heading!, (next.side * TURN) / 4);
  }
  if (sight.tick < next.detourUntilTick) heading = next.detourAngle;

  let buttons = 0;
  if (enemy !== undefined && distance(self, enemy) < FIRE_RANGE && seesPoint(self, enemy)) buttons |= BUTTON_FIRE;
  const danger = self.canDash ? sight.shots.find((shot) => willHit(shot, self)) : undefined;
  if (danger !== undefined) {
    heading = turned(danger.angle, (next.side * TURN) / 4);
    buttons |= BUTTON_DASH;
  }
  return { input: { ...stick(heading), aim, buttons }, memory: { ...next, aim } };
}

/** Health when it is low, a pickup that is near and useful, else the nearest enemy. */
function chooseGoal(self: SeenSelf, sight: BotSight, enemy: SeenEnemy | undefined): Point | undefined {
  const health = nearest(
    self,
    sight.pickups.filter(({ kind }) => kind === "health"),
  );
  if (self.hp < LOW_HP && health !== undefined) return health;
  const wanted = sight.pickups.filter(
    ({ kind }) => (kind === "rapid" && !self.rapid) || (kind === "shield" && self.shield === 0),
  );
  const bonus = nearest(self, wanted);
  if (bonus !== undefined && distance(self, bonus) < PICKUP_RANGE) return bonus;
  return enemy;
}

/** Every LOOK_EVERY_TICKS: a bot with a goal that has hardly moved walks off sideways for a while. */
function avoidBeingStuck(
  tick: number,
  self: Point,
  goal: Point | undefined,
  memory: BotMemory,
  random: Random,
): BotMemory {
  if (tick < memory.lookedAt.tick + LOOK_EVERY_TICKS) return memory;
  const looked = { ...memory, lookedAt: { x: self.x, y: self.y, tick } };
  if (goal === undefined || distance(self, memory.lookedAt) >= STUCK_DISTANCE) return looked;
  const side = random.next() < 0.3 ? (-memory.side as 1 | -1) : memory.side;
  const spread = TURN / 8 + randomIndex(random, TURN / 4);
  const detourAngle = turned(toAngle(goal.x - self.x, goal.y - self.y), side * spread);
  return { ...looked, side, detourAngle, detourUntilTick: tick + DETOUR_TICKS };
}

/** Aims at where the enemy will be when the shot arrives, with a human error. */
function aimAt(self: Point, enemy: SeenEnemy, random: Random): number {
  const flightS = distance(self, enemy) / PROJECTILE_SPEED;
  const x = enemy.x + enemy.velocityX * flightS - self.x;
  const y = enemy.y + enemy.velocityY * flightS - self.y;
  return turned(toAngle(x, y), Math.round((random.next() * 2 - 1) * AIM_ERROR));
}

function willHit(shot: Point & { angle: number }, self: Point): boolean {
  const reach = PLAYER_RADIUS + PROJECTILE_RADIUS;
  return distanceToSegment(self, positionAfter(shot, STEP_S), positionAfter(shot, DODGE_AHEAD_S)) < reach;
}

function seesPoint(from: Point, to: Point): boolean {
  return !WALLS.some((wall) => crossesWall(from, to, wall, PROJECTILE_RADIUS));
}

function nearest<T extends Point>(from: Point, points: readonly T[]): T | undefined {
  let best: T | undefined;
  for (const point of points) {
    if (best === undefined || distance(from, point) < distance(from, best)) best = point;
  }
  return best;
}

function stand(aim: number): PlayerInput {
  return { moveX: 0, moveY: 0, aim, buttons: 0 };
}

/** Full deflection into a direction; whole numbers, as the input travels. */
function stick(heading: number | undefined): { moveX: number; moveY: number } {
  if (heading === undefined) return { moveX: 0, moveY: 0 };
  return {
    moveX: Math.round(Math.cos(toRadians(heading)) * MOVE_MAX),
    moveY: Math.round(Math.sin(toRadians(heading)) * MOVE_MAX),
  };
}

function turned(angle: number, by: number): number {
  return (((angle + Math.round(by)) % TURN) + TURN) % TURN;
}
