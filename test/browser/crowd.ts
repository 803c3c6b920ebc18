/**
 * Fills an arena to its bounds by its own rules: players without connections who walk about, have rapid fire for good, and shoot
 * where a shot flies longest; so that all shots that may be in the air are. Also times what a tick costs the server.
 */
import {
  BUTTON_FIRE,
  MOVE_MAX,
  PICKUP_RAPID_TICKS,
  PLAYER_RADIUS,
  PROJECTILE_RADIUS,
  PROJECTILE_SPEED,
  STEP_S,
  TURN,
} from "../../sample-game/rules/constants.js";
import { toRadians } from "../../sample-game/rules/geometry.js";
import type { Player, PlayerInput, World } from "../../sample-game/rules/types.js";
import { addPlayer } from "../../sample-game/rules/world.js";
import type { ArenaRoom } from "../../sample-game/server/arena-room.js";
import { traceShot } from "../../sample-game/web/motion/shot-path.js";

/** Directions that a player looks into before it shoots. */
const DIRECTIONS = 16;
/** A player walks a circle in so many ticks. */
const CIRCLE_TICKS = 240;

export interface Crowd {
  /** Of all ticks and all patches so far, sorted, ms: inputs and rules, without what the crowd thinks; the state brought up to date, encoded and sent. */
  stepTimes(): number[];
  patchTimes(): number[];
}

/** What of the room is private to all but this: there is no connection that could ask for it. */
interface OpenRoom {
  readonly world: World;
  takeInput(id: string): PlayerInput;
  step(): void;
  broadcastPatch(): boolean;
}

/** Adds so many players, for as long as the room lasts. */
export function fillArena(arenaRoom: ArenaRoom, count: number): Crowd {
  const room = arenaRoom as unknown as OpenRoom;
  const names = Array.from({ length: count }, (_, i) => `crowd ${i + 1}`);
  for (const name of names) addPlayer(room.world, name, name, true);
  const takeInput = room.takeInput.bind(room);
  let thoughtMs = 0;
  room.takeInput = (id) => {
    const index = names.indexOf(id);
    const player = room.world.players.get(id);
    if (index < 0 || player === undefined) return takeInput(id);
    const startMs = performance.now();
    const input = crowdInput(room.world, player, index);
    thoughtMs += performance.now() - startMs;
    return input;
  };
  return { stepTimes: time(room, "step", () => thoughtMs), patchTimes: time(room, "broadcastPatch", () => 0) };
}

function crowdInput(world: World, player: Player, index: number): PlayerInput {
  player.rapidClock = PICKUP_RAPID_TICKS;
  const walk = 2 * Math.PI * (world.tick / CIRCLE_TICKS + index / 7);
  // Aims anew only when it shoots: that is when it matters.
  const aim = player.alive && player.fireClock <= 1 ? freestDirection(world, player) : player.aim;
  return {
    moveX: Math.trunc(MOVE_MAX * Math.cos(walk)),
    moveY: Math.trunc(MOVE_MAX * Math.sin(walk)),
    aim,
    buttons: BUTTON_FIRE,
  };
}

/** Where a shot would fly longest before it meets a wall or somebody. */
function freestDirection(world: World, player: Player): number {
  let best = player.aim;
  let longest = -1;
  for (let i = 0; i < DIRECTIONS; i++) {
    const angle = (i * TURN) / DIRECTIONS;
    const ticks = Math.min(traceShot(player.x, player.y, angle).ticks, ticksToSomebody(world, player, angle));
    if (ticks <= longest) continue;
    longest = ticks;
    best = angle;
  }
  return best;
}

function ticksToSomebody(world: World, player: Player, angle: number): number {
  const speed = PROJECTILE_SPEED * STEP_S;
  const [cos, sin] = [Math.cos(toRadians(angle)), Math.sin(toRadians(angle))];
  let ticks = Infinity;
  for (const other of world.players.values()) {
    if (!other.alive || other === player) continue;
    const [x, y] = [other.x - player.x, other.y - player.y];
    const ahead = x * cos + y * sin;
    // Somebody who walks may be beside by then: twice the width.
    if (ahead > 0 && Math.abs(y * cos - x * sin) < 2 * (PLAYER_RADIUS + PROJECTILE_RADIUS))
      ticks = Math.min(ticks, ahead / speed);
  }
  return ticks;
}

/** Times every call of a method from now on. @param elsewhereMs what of the time so far is not its own. */
function time<Name extends "step" | "broadcastPatch">(
  room: OpenRoom,
  name: Name,
  elsewhereMs: () => number,
): () => number[] {
  const times: number[] = [];
  const original = (room[name] as () => boolean).bind(room);
  (room as Record<Name, () => boolean>)[name] = () => {
    const startMs = performance.now() - elsewhereMs();
    const result = original();
    times.push(performance.now() - elsewhereMs() - startMs);
    return result;
  };
  return () => [...times].sort((a, b) => a - b);
}
