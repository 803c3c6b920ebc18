/**
 * The data of the pure world. Plain objects: no class, no schema, no I/O.
 * The server's schema (server/schema.ts) mirrors the part that players see.
 */
import type { Random } from "./random.js";

/** What one player asks for in one tick. Out-of-range values are clamped by cleanInput. */
export interface PlayerInput {
  /** Stick, -127..127; a vector longer than 127 is shortened to it. */
  moveX: number;
  moveY: number;
  /** Where the player aims, 0..65535 (TURN = one turn). */
  aim: number;
  /** BUTTON_* bits. */
  buttons: number;
}

/** Everything that movePlayer needs and changes: enough to predict one's own player. */
export interface Motion {
  /** Centre, u. */
  x: number;
  y: number;
  /** 0..65535. */
  aim: number;
  /** Ticks until the next dash may start, 0..DASH_COOLDOWN_TICKS; dashing during the first DASH_TICKS of it. */
  dashClock: number;
  /** Direction of the last dash, 0..65535. */
  dashAngle: number;
}

export interface Player extends Motion {
  readonly id: string;
  readonly name: string;
  /** 0..PLAYERS_MAX - 1, the lowest free one at the join. */
  readonly slot: number;
  /** Played by a program, as it said of itself; for the eye only. */
  readonly bot: boolean;
  alive: boolean;
  hp: number;
  shield: number;
  score: number;
  deaths: number;
  /** Ticks until the next shot. */
  fireClock: number;
  /** Ticks of rapid fire left. */
  rapidClock: number;
  /** Ticks until respawn; 0 while alive. */
  respawnClock: number;
}

export interface Projectile {
  /** 0..PROJECTILE_IDS - 1. */
  readonly id: number;
  readonly ownerId: string;
  readonly ownerSlot: number;
  /** Where and when it was fired: with `angle`, all that a client needs to draw it. */
  readonly originX: number;
  readonly originY: number;
  readonly bornTick: number;
  readonly angle: number;
  x: number;
  y: number;
}

export type PickupKind = "health" | "rapid" | "shield";

export interface Pickup {
  readonly id: string;
  readonly kind: PickupKind;
  readonly x: number;
  readonly y: number;
  /** Ticks until it is back; 0 = it can be taken. */
  returnClock: number;
}

/** Axis-aligned obstacle, u. */
export interface Wall {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

export interface Point {
  readonly x: number;
  readonly y: number;
}

export interface World {
  /** Steps done. */
  tick: number;
  readonly players: Map<string, Player>;
  readonly projectiles: Map<number, Projectile>;
  readonly pickups: Map<string, Pickup>;
  nextProjectileId: number;
  readonly random: Random;
}

/** What happened in a step that the state alone does not tell. */
export type WorldEvent =
  | { kind: "kill"; killerId: string; victimId: string }
  | { kind: "respawn"; playerId: string }
  | { kind: "pickup"; playerId: string; pickup: PickupKind };
