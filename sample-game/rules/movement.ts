/**
 * Movement of one player: pure, so that a client can predict its own player with the very same code.
 * It knows the map, but no other player and no projectile.
 */
import { WALLS } from "./arena-map.js";
import {
  ARENA_HEIGHT,
  ARENA_WIDTH,
  BUTTON_DASH,
  DASH_COOLDOWN_TICKS,
  DASH_SPEED,
  DASH_TICKS,
  MOVE_MAX,
  PLAYER_RADIUS,
  PLAYER_SPEED,
} from "./constants.js";
import { overlapsWall, toAngle, toRadians } from "./geometry.js";
import { cleanInput } from "./input.js";
import type { Motion, PlayerInput } from "./types.js";

/**
 * One step of one player.
 * @param dt seconds; scales distances. Timers count steps, so keep dt at STEP_S in a game.
 * @returns a new Motion; neither argument is changed. Alive or not is the caller's business.
 */
export function movePlayer(player: Readonly<Motion>, input: Readonly<PlayerInput>, dt: number): Motion {
  const { moveX, moveY, aim, buttons } = cleanInput(input);
  const startsDash = (buttons & BUTTON_DASH) !== 0 && player.dashClock === 0;
  const dashClock = startsDash ? DASH_COOLDOWN_TICKS : player.dashClock;
  const standing = moveX === 0 && moveY === 0;
  const dashAngle = startsDash ? (standing ? aim : toAngle(moveX, moveY)) : player.dashAngle;

  let stepX = (moveX / MOVE_MAX) * PLAYER_SPEED * dt;
  let stepY = (moveY / MOVE_MAX) * PLAYER_SPEED * dt;
  if (isDashing(dashClock)) {
    stepX = Math.cos(toRadians(dashAngle)) * DASH_SPEED * dt;
    stepY = Math.sin(toRadians(dashAngle)) * DASH_SPEED * dt;
  }
  // One axis after the other: a player who runs into a wall at an angle slides along it.
  const x = slideX(player.x, player.y, stepX);
  const y = slideY(x, player.y, stepY);
  return { x, y, aim, dashClock: Math.max(0, dashClock - 1), dashAngle };
}

/** Is a player with this dashClock in the middle of a dash? */
export function isDashing(dashClock: number): boolean {
  return dashClock > DASH_COOLDOWN_TICKS - DASH_TICKS;
}

function slideX(x: number, y: number, step: number): number {
  let moved = clamp(x + step, PLAYER_RADIUS, ARENA_WIDTH - PLAYER_RADIUS);
  for (const wall of WALLS) {
    if (!overlapsWall(moved, y, PLAYER_RADIUS, wall)) continue;
    moved = step > 0 ? wall.x - PLAYER_RADIUS : wall.x + wall.width + PLAYER_RADIUS;
  }
  return moved;
}

function slideY(x: number, y: number, step: number): number {
  let moved = clamp(y + step, PLAYER_RADIUS, ARENA_HEIGHT - PLAYER_RADIUS);
  for (const wall of WALLS) {
    if (!overlapsWall(x, moved, PLAYER_RADIUS, wall)) continue;
    moved = step > 0 ? wall.y - PLAYER_RADIUS : wall.y + wall.height + PLAYER_RADIUS;
  }
  return moved;
}

function clamp(value: number, low: number, high: number): number {
  return Math.min(high, Math.max(low, value));
}
