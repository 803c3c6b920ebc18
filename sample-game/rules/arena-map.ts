/**
 * The one map: walls, spawn spots and pickup spots, u. Point-symmetric, so that no side is better.
 * Thinnest wall 40 u: above the 15 u of a dash tick, so nothing tunnels.
 */
import { ARENA_HEIGHT, ARENA_WIDTH } from "./constants.js";
import type { PickupKind, Point, Wall } from "./types.js";

const HALF_THE_WALLS: readonly Wall[] = [
  { x: 300, y: 250, width: 240, height: 40 },
  { x: 300, y: 290, width: 40, height: 200 },
  { x: 700, y: 120, width: 40, height: 260 },
  { x: 640, y: 560, width: 160, height: 80 },
  { x: 260, y: 760, width: 40, height: 240 },
  { x: 460, y: 900, width: 260, height: 40 },
];

export const WALLS: readonly Wall[] = [
  ...HALF_THE_WALLS,
  ...HALF_THE_WALLS.map(({ x, y, width, height }) => ({
    x: ARENA_WIDTH - x - width,
    y: ARENA_HEIGHT - y - height,
    width,
    height,
  })),
  { x: 960, y: 520, width: 80, height: 160 },
];

export const SPAWN_POINTS: readonly Point[] = [
  { x: 100, y: 100 },
  { x: 1000, y: 100 },
  { x: 1900, y: 100 },
  { x: 100, y: 600 },
  { x: 1900, y: 600 },
  { x: 100, y: 1100 },
  { x: 1000, y: 1100 },
  { x: 1900, y: 1100 },
  { x: 560, y: 480 },
  { x: 1440, y: 720 },
];

export const PICKUP_SPOTS: readonly (Point & { kind: PickupKind })[] = [
  { kind: "health", x: 420, y: 400 },
  { kind: "health", x: 1580, y: 800 },
  { kind: "health", x: 1000, y: 300 },
  { kind: "health", x: 1000, y: 900 },
  { kind: "rapid", x: 880, y: 600 },
  { kind: "rapid", x: 1120, y: 600 },
  { kind: "shield", x: 180, y: 880 },
  { kind: "shield", x: 1820, y: 320 },
];
