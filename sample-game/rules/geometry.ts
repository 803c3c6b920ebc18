/**
 * Shapes and angles: free functions over plain numbers, u and parts of a turn.
 */
import { TURN } from "./constants.js";
import type { Point, Wall } from "./types.js";

/** Parts of a turn to radians. */
export function toRadians(angle: number): number {
  return (angle / TURN) * 2 * Math.PI;
}

/** Direction of (x, y) as a whole part of a turn, 0..65535; 0 for the zero vector. */
export function toAngle(x: number, y: number): number {
  return Math.round((Math.atan2(y, x) / (2 * Math.PI)) * TURN + TURN) % TURN;
}

export function distance(a: Point, b: Point): number {
  return Math.hypot(a.x - b.x, a.y - b.y);
}

/** Does a square of half side `radius` around (x, y) overlap the wall? Touching is not overlapping. */
export function overlapsWall(x: number, y: number, radius: number, wall: Wall): boolean {
  return (
    x + radius > wall.x && x - radius < wall.x + wall.width && y + radius > wall.y && y - radius < wall.y + wall.height
  );
}

/** Distance of `point` from the segment from `from` to `to`, u. */
export function distanceToSegment(point: Point, from: Point, to: Point): number {
  const dx = to.x - from.x;
  const dy = to.y - from.y;
  const lengthSquared = dx * dx + dy * dy;
  if (lengthSquared === 0) return distance(point, from);
  const along = ((point.x - from.x) * dx + (point.y - from.y) * dy) / lengthSquared;
  const share = Math.min(1, Math.max(0, along));
  return Math.hypot(point.x - from.x - share * dx, point.y - from.y - share * dy);
}

/** Does the segment from `from` to `to` pass through the wall grown by `margin`? */
export function crossesWall(from: Point, to: Point, wall: Wall, margin = 0): boolean {
  return wallEntry(from, to, wall, margin) !== undefined;
}

/** The share of the way from `from` to `to`, 0..1, at which it enters the wall grown by `margin`; undefined if it does not. (Slab method.) */
export function wallEntry(from: Point, to: Point, wall: Wall, margin = 0): number | undefined {
  const inX = slab(from.x, to.x - from.x, wall.x - margin, wall.x + wall.width + margin);
  const inY = slab(from.y, to.y - from.y, wall.y - margin, wall.y + wall.height + margin);
  const entry = Math.max(inX[0], inY[0], 0);
  return entry < Math.min(inX[1], inY[1], 1) ? entry : undefined;
}

/** The shares of the way between which start + share * delta lies within low..high. */
function slab(start: number, delta: number, low: number, high: number): readonly [number, number] {
  if (delta === 0) return start > low && start < high ? [-Infinity, Infinity] : [Infinity, -Infinity];
  const a = (low - start) / delta;
  const b = (high - start) / delta;
  return a < b ? [a, b] : [b, a];
}
