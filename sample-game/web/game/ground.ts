/**
 * The arena that never changes: grid, border and walls. The floor itself is what the canvas is cleared with, and only what lies
 * outside is painted: on a machine that draws in software, one quad over the whole canvas costs more than all players.
 */
import { Container, Graphics } from "pixi.js";
import { SPAWN_POINTS, WALLS } from "../../rules/arena-map.js";
import { ARENA_HEIGHT, ARENA_WIDTH } from "../../rules/constants.js";
import { COLORS } from "./theme.js";

const GRID_UNITS = 100;
/** How high walls seem, u. */
const WALL_HEIGHT = 10;
/** How far the outside is painted, u: beyond any camera. */
const OUTSIDE = 3000;

export function createGround(): Container {
  const ground = new Container({ isRenderGroup: true });
  for (const part of [createFloor(), createWalls(), createOutside()]) {
    // With the sprites' shader, which tells apart as few textures as it is told; see TEXTURES_PER_BATCH.
    part.context.batchMode = "batch";
    ground.addChild(part);
  }
  return ground;
}

function createFloor(): Graphics {
  const floor = new Graphics();
  for (let x = GRID_UNITS; x < ARENA_WIDTH; x += GRID_UNITS) floor.rect(x - 0.75, 0, 1.5, ARENA_HEIGHT);
  for (let y = GRID_UNITS; y < ARENA_HEIGHT; y += GRID_UNITS) floor.rect(0, y - 0.75, ARENA_WIDTH, 1.5);
  floor.fill(COLORS.grid);
  for (let x = GRID_UNITS; x < ARENA_WIDTH; x += GRID_UNITS) {
    for (let y = GRID_UNITS; y < ARENA_HEIGHT; y += GRID_UNITS)
      floor.rect(x - 7, y - 1.5, 14, 3).rect(x - 1.5, y - 7, 3, 14);
  }
  floor.fill(COLORS.gridCross);
  floor.circle(ARENA_WIDTH / 2, ARENA_HEIGHT / 2, 190).stroke({ width: 3, color: COLORS.gridCross });
  for (const { x, y } of SPAWN_POINTS) floor.circle(x, y, 34).stroke({ width: 2, color: COLORS.gridCross });
  return floor;
}

function createWalls(): Graphics {
  const walls = new Graphics();
  for (const { x, y, width, height } of WALLS)
    walls.rect(x + 4, y + 6, width + 4, height + 8).fill({ color: COLORS.shadow, alpha: 0.35 });
  for (const { x, y, width, height } of WALLS) walls.roundRect(x, y, width, height, 3).fill(COLORS.wallSide);
  for (const { x, y, width, height } of WALLS) {
    walls
      .roundRect(x, y, width, height - WALL_HEIGHT, 3)
      .fill(COLORS.wallTop)
      .stroke({ width: 2, color: COLORS.wallEdge, alignment: 1 });
  }
  return walls;
}

function createOutside(): Graphics {
  const outside = new Graphics();
  outside
    .rect(-OUTSIDE, -OUTSIDE, ARENA_WIDTH + 2 * OUTSIDE, OUTSIDE)
    .rect(-OUTSIDE, ARENA_HEIGHT, ARENA_WIDTH + 2 * OUTSIDE, OUTSIDE);
  outside.rect(-OUTSIDE, 0, OUTSIDE, ARENA_HEIGHT).rect(ARENA_WIDTH, 0, OUTSIDE, ARENA_HEIGHT).fill(COLORS.outside);
  outside.rect(-6, -6, ARENA_WIDTH + 12, 6).rect(-6, ARENA_HEIGHT, ARENA_WIDTH + 12, 6);
  outside.rect(-6, 0, 6, ARENA_HEIGHT).rect(ARENA_WIDTH, 0, 6, ARENA_HEIGHT).fill(COLORS.border);
  return outside;
}
