/**
 * The arena's synchronised state and its input, as compact as the rules allow. Units: rules/constants.ts.
 * Projectiles fly straight: they are sent once, when fired, and each reader computes where they are.
 */
import { schema, t } from "@colyseus/schema";

export const PlayerState = schema(
  {
    name: t.string(),
    slot: t.uint8(),
    bot: t.boolean(),
    /** Sixteenths of a unit (POSITION_SCALE). */
    x: t.int16(),
    y: t.int16(),
    /**
     * Where the player looks, AIM_STEP parts of a turn. Only for the eye, and a newer one makes an older one worthless:
     * so it rides the unreliable channel, and the room sends it again now and then in case the last one was lost.
     * On a plain WebSocket it keeps its value of the join, as every unreliable field does in Colyseus.
     */
    aim: t.uint8().unreliable(),
    /** With dashAngle, all that movePlayer needs beyond the position. */
    dashClock: t.uint8(),
    dashAngle: t.uint16(),
    alive: t.boolean(),
    hp: t.uint8(),
    shield: t.uint8(),
    score: t.uint16(),
    deaths: t.uint16(),
    /** Has rapid fire. */
    rapid: t.boolean(),
  },
  "Player",
);
export type PlayerState = InstanceType<typeof PlayerState>;

export const ProjectileState = schema(
  {
    /** The owner's slot. */
    owner: t.uint8(),
    /** Where it was fired, sixteenths of a unit. */
    x: t.int16(),
    y: t.int16(),
    angle: t.uint16(),
    bornTick: t.uint32(),
  },
  "Projectile",
);
export type ProjectileState = InstanceType<typeof ProjectileState>;

export const PickupState = schema(
  {
    /** Index in PICKUP_KINDS (protocol/arena-view.ts). */
    kind: t.uint8(),
    x: t.int16(),
    y: t.int16(),
    ready: t.boolean(),
  },
  "Pickup",
);
export type PickupState = InstanceType<typeof PickupState>;

export const ArenaState = schema(
  {
    /** Steps done when the patch was encoded. */
    tick: t.uint32(),
    /** When the patch was encoded, see protocol/patch-clock.ts. */
    patchMs: t.uint16(),
    /** The last tick whose state the room hashed; a client that sees it equal `tick` hashes too, to compare later. */
    checkTick: t.uint32(),
    /** The game is over for good: nothing changes any more. */
    frozen: t.boolean(),
    /** By session id. */
    players: t.map(PlayerState),
    /** By id in base 36. */
    projectiles: t.map(ProjectileState),
    pickups: t.map(PickupState),
  },
  "Arena",
);
export type ArenaState = InstanceType<typeof ArenaState>;

/** One per tick and client; the same fields as PlayerInput. */
export const ArenaInput = schema(
  { moveX: t.int8(), moveY: t.int8(), aim: t.uint16(), buttons: t.uint8() },
  "ArenaInput",
);
export type ArenaInput = InstanceType<typeof ArenaInput>;
