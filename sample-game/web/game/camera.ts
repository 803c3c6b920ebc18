/** Which part of the arena a canvas shows. Pure: sizes and positions in, a transform out. */
import { ARENA_HEIGHT, ARENA_WIDTH } from "../../rules/constants.js";
import { CAMERA_MARGIN, CAMERA_MARGIN_RATIO, VIEW_AREA } from "./limits.js";

/** How fast the camera follows: time constant, ms. */
const FOLLOW_MS = 120;

export class Camera {
  /** CSS pixels per unit. */
  scale = 1;
  /** The unit in the middle. */
  x = ARENA_WIDTH / 2;
  y = ARENA_HEIGHT / 2;
  private width = 1;
  private height = 1;

  /** The canvas, CSS pixels; `whole` shows all of the arena. */
  resize(width: number, height: number, whole: boolean): void {
    this.width = Math.max(1, width);
    this.height = Math.max(1, height);
    const fit = Math.min(this.width / (ARENA_WIDTH + 40), this.height / (ARENA_HEIGHT + 40));
    this.scale = whole ? fit : Math.max(fit, Math.sqrt((this.width * this.height) / VIEW_AREA));
  }

  /** Moves towards a point; at once without `elapsedMs`. */
  follow(x: number, y: number, elapsedMs = Infinity): void {
    const share = 1 - Math.exp(-elapsedMs / FOLLOW_MS);
    this.x += (within(x, this.width / this.scale, ARENA_WIDTH) - this.x) * share;
    this.y += (within(y, this.height / this.scale, ARENA_HEIGHT) - this.y) * share;
  }

  /** Where the arena's corner is on the canvas, CSS pixels. */
  get originX(): number {
    return this.width / 2 - this.x * this.scale;
  }

  get originY(): number {
    return this.height / 2 - this.y * this.scale;
  }

  /** A point of the canvas, CSS pixels, as units. */
  toArena(canvasX: number, canvasY: number): { x: number; y: number } {
    return { x: (canvasX - this.originX) / this.scale, y: (canvasY - this.originY) / this.scale };
  }
}

/** The middle that keeps `shown` units within the arena and its margin; the arena's own where all of it fits. */
function within(middle: number, shown: number, size: number): number {
  const low = shown / 2 - Math.max(CAMERA_MARGIN, shown * CAMERA_MARGIN_RATIO);
  const high = size - low;
  return low > high ? size / 2 : Math.min(high, Math.max(low, middle));
}
