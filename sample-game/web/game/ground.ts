/**
 * The arena that never changes: floor, grid, border and walls, drawn once into one texture. A frame then costs one quad for it,
 * and the canvas needs no antialiasing.
 */
import { Container, Graphics, Rectangle, type Renderer, Sprite, type Texture } from "pixi.js";
import { SPAWN_POINTS, WALLS } from "../../rules/arena-map.js";
import { ARENA_HEIGHT, ARENA_WIDTH } from "../../rules/constants.js";
import { COLORS } from "./theme.js";

const GRID_UNITS = 100;
/** How high walls seem, u. */
const WALL_HEIGHT = 10;

/** @param resolution texels per unit. The texture is the sprite's own. */
export function createGround(renderer: Renderer, resolution: number): Sprite {
  const drawn = new Container();
  drawn.addChild(createFloor(), createWalls());
  const frame = new Rectangle(0, 0, ARENA_WIDTH, ARENA_HEIGHT);
  const texture: Texture = renderer.generateTexture({ target: drawn, frame, resolution, antialias: true });
  drawn.destroy({ children: true });
  return new Sprite(texture);
}

function createFloor(): Graphics {
  const floor = new Graphics();
  floor.rect(0, 0, ARENA_WIDTH, ARENA_HEIGHT).fill(COLORS.floor);
  for (let x = 0; x < ARENA_WIDTH; x += GRID_UNITS) {
    for (let y = 0; y < ARENA_HEIGHT; y += GRID_UNITS) {
      if (((x + y) / GRID_UNITS) % 2 === 0) floor.rect(x, y, GRID_UNITS, GRID_UNITS).fill(COLORS.floorPatch);
    }
  }
  for (let x = GRID_UNITS; x < ARENA_WIDTH; x += GRID_UNITS) floor.moveTo(x, 0).lineTo(x, ARENA_HEIGHT);
  for (let y = GRID_UNITS; y < ARENA_HEIGHT; y += GRID_UNITS) floor.moveTo(0, y).lineTo(ARENA_WIDTH, y);
  floor.stroke({ width: 1.5, color: COLORS.grid });
  floor.circle(ARENA_WIDTH / 2, ARENA_HEIGHT / 2, 190).stroke({ width: 3, color: COLORS.grid });
  for (const { x, y } of SPAWN_POINTS) floor.circle(x, y, 34).stroke({ width: 2, color: COLORS.grid });
  floor.rect(0, 0, ARENA_WIDTH, ARENA_HEIGHT).stroke({ width: 6, color: COLORS.border, alignment: 1 });
  return floor;
}

function createWalls(): Graphics {
  const walls = new Graphics();
  for (const { x, y, width, height } of WALLS) walls.rect(x + 4, y + 6, width + 4, height + 8).fill({ color: COLORS.shadow, alpha: 0.35 });
  for (const { x, y, width, height } of WALLS) walls.roundRect(x, y, width, height, 3).fill(COLORS.wallSide);
  for (const { x, y, width, height } of WALLS) {
    walls.roundRect(x, y, width, height - WALL_HEIGHT, 3).fill(COLORS.wallTop).stroke({ width: 2, color: COLORS.wallEdge, alignment: 1 });
  }
  return walls;
}
