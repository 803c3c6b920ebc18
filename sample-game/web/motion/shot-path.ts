/** The whole flight of a shot, known when it is fired: straight, until a wall, the arena's edge or its age ends it. */
import { WALLS } from "../../rules/arena-map.js";
import { ARENA_HEIGHT, ARENA_WIDTH, PROJECTILE_LIFE_TICKS, PROJECTILE_SPEED, STEP_S } from "../../rules/constants.js";
import { toRadians, wallEntry } from "../../rules/geometry.js";

export interface ShotPath {
  readonly x: number;
  readonly y: number;
  readonly angle: number;
  /** u per tick. */
  readonly stepX: number;
  readonly stepY: number;
  /** Ticks from the shot to its end, with fraction, if it meets nobody. */
  readonly ticks: number;
  /** What ends it then. */
  readonly end: "wall" | "age";
}

/** @param x, y, angle where it was fired, u and parts of a turn. */
export function traceShot(x: number, y: number, angle: number): ShotPath {
  const radians = toRadians(angle);
  const stepX = Math.cos(radians) * PROJECTILE_SPEED * STEP_S;
  const stepY = Math.sin(radians) * PROJECTILE_SPEED * STEP_S;
  const from = { x, y };
  const to = { x: x + stepX * PROJECTILE_LIFE_TICKS, y: y + stepY * PROJECTILE_LIFE_TICKS };
  let share = Math.min(1, edge(x, stepX, ARENA_WIDTH), edge(y, stepY, ARENA_HEIGHT));
  for (const wall of WALLS) share = Math.min(share, wallEntry(from, to, wall) ?? 1);
  return { x, y, angle, stepX, stepY, ticks: share * PROJECTILE_LIFE_TICKS, end: share < 1 ? "wall" : "age" };
}

/** Share of the whole way at which one coordinate leaves 0..size. */
function edge(start: number, step: number, size: number): number {
  if (step === 0) return 1;
  return Math.max(0, ((step > 0 ? size : 0) - start) / (step * PROJECTILE_LIFE_TICKS));
}
