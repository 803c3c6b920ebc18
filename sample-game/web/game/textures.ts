/**
 * The few pictures that all sprites share, drawn once at twice their size into one atlas: white where a sprite's tint gives the
 * colour. One texture for everything keeps a frame to a few draw calls.
 */
import { Rectangle, Texture, type TextureSource } from "pixi.js";
import { PICKUP_RADIUS, PLAYER_RADIUS } from "../../rules/constants.js";
import { PICKUP_COLORS } from "./theme.js";

/** Pixels per arena unit in a texture. */
export const TEXTURE_SCALE = 2;

export interface ArenaTextures {
  readonly white: Texture;
  readonly circle: Texture;
  readonly hexagon: Texture;
  readonly circleFlash: Texture;
  readonly hexagonFlash: Texture;
  readonly barrel: Texture;
  readonly ring: Texture;
  readonly glow: Texture;
  readonly shadow: Texture;
  readonly shot: Texture;
  readonly spark: Texture;
  /** By index in PICKUP_KINDS. */
  readonly pickups: readonly Texture[];
}

type Draw = (context: CanvasRenderingContext2D) => void;

/** Half the side of a player's texture, u. */
const BODY = PLAYER_RADIUS + 4;

/** The atlas, texture pixels. */
const ATLAS_WIDTH = 512;
const ATLAS_HEIGHT = 512;
/** Between two pictures, so that neither bleeds into the other, texture pixels. */
const GAP = 4;

export function createTextures(): ArenaTextures {
  const canvas = document.createElement("canvas");
  canvas.width = ATLAS_WIDTH;
  canvas.height = ATLAS_HEIGHT;
  const { source } = Texture.from(canvas);
  const bake = createBaker(canvas, source);
  const pickup = (kind: number, icon: Draw): Texture => bake(48, 48, (context) => drawPickup(context, kind, icon));
  const textures: ArenaTextures = {
    white: bake(8, 8, (context) => fillRect(context, 8)),
    circle: bake(2 * BODY, 2 * BODY, (c) => body(c, circlePath)),
    hexagon: bake(2 * BODY, 2 * BODY, (c) => body(c, hexagonPath)),
    circleFlash: bake(2 * BODY, 2 * BODY, (c) => flash(c, circlePath)),
    hexagonFlash: bake(2 * BODY, 2 * BODY, (c) => flash(c, hexagonPath)),
    barrel: bake(30, 14, barrel),
    ring: bake(72, 72, ring),
    glow: bake(64, 64, (c) =>
      radial(c, 32, [
        [0, 0.9],
        [0.35, 0.35],
        [1, 0],
      ]),
    ),
    shadow: bake(64, 64, shadow),
    shot: bake(44, 20, shot),
    spark: bake(16, 16, (c) =>
      radial(c, 8, [
        [0, 1],
        [0.45, 0.9],
        [1, 0],
      ]),
    ),
    pickups: [pickup(0, cross), pickup(1, bolt), pickup(2, crest)],
  };
  source.update();
  return textures;
}

/** Draws one picture after the other into the atlas, in rows. */
function createBaker(
  canvas: HTMLCanvasElement,
  source: TextureSource,
): (width: number, height: number, draw: Draw) => Texture {
  const context = canvas.getContext("2d")!;
  let left = 0;
  let top = 0;
  let rowHeight = 0;
  return (width, height, draw) => {
    const frame = new Rectangle(0, 0, width * TEXTURE_SCALE, height * TEXTURE_SCALE);
    if (left + frame.width > ATLAS_WIDTH) {
      left = 0;
      top += rowHeight + GAP;
      rowHeight = 0;
    }
    if (top + frame.height > ATLAS_HEIGHT)
      throw new RangeError(`"height" expected to fit the atlas of ${ATLAS_HEIGHT} pixels, got ${top + frame.height}`);
    frame.x = left;
    frame.y = top;
    left += frame.width + GAP;
    rowHeight = Math.max(rowHeight, frame.height);
    context.save();
    context.translate(frame.x + frame.width / 2, frame.y + frame.height / 2);
    context.scale(TEXTURE_SCALE, TEXTURE_SCALE);
    context.beginPath();
    context.rect(-width / 2, -height / 2, width, height);
    context.clip();
    draw(context);
    context.restore();
    return new Texture({ source, frame });
  };
}

function fillRect(context: CanvasRenderingContext2D, size: number): void {
  context.fillStyle = "#ffffff";
  context.fillRect(-size / 2, -size / 2, size, size);
}

function circlePath(context: CanvasRenderingContext2D, radius: number): void {
  context.beginPath();
  context.arc(0, 0, radius, 0, 2 * Math.PI);
}

function hexagonPath(context: CanvasRenderingContext2D, radius: number): void {
  context.beginPath();
  context.lineJoin = "round";
  for (let corner = 0; corner < 6; corner++) {
    const angle = (corner * Math.PI) / 3;
    context.lineTo(Math.cos(angle) * radius * 1.08, Math.sin(angle) * radius * 1.08);
  }
  context.closePath();
}

/** A disc that is lit from above, with a dark rim and a bright heart. */
function body(context: CanvasRenderingContext2D, path: (c: CanvasRenderingContext2D, radius: number) => void): void {
  path(context, PLAYER_RADIUS);
  const light = context.createLinearGradient(0, -PLAYER_RADIUS, 0, PLAYER_RADIUS);
  light.addColorStop(0, "#ffffff");
  light.addColorStop(1, "#a8a8a8");
  context.fillStyle = light;
  context.fill();
  context.lineWidth = 3;
  context.strokeStyle = "#3a3a3a";
  path(context, PLAYER_RADIUS - 1.5);
  context.stroke();
  path(context, PLAYER_RADIUS * 0.52);
  context.fillStyle = "#555555";
  context.fill();
  path(context, PLAYER_RADIUS * 0.34);
  context.fillStyle = "#ffffff";
  context.fill();
}

function flash(context: CanvasRenderingContext2D, path: (c: CanvasRenderingContext2D, radius: number) => void): void {
  path(context, PLAYER_RADIUS);
  context.fillStyle = "#ffffff";
  context.fill();
}

function barrel(context: CanvasRenderingContext2D): void {
  context.beginPath();
  context.roundRect(-14, -5.5, 28, 11, 3);
  context.fillStyle = "#d8d8d8";
  context.fill();
  context.lineWidth = 2;
  context.strokeStyle = "#3a3a3a";
  context.stroke();
  context.fillStyle = "#ffffff";
  context.fillRect(8, -3.5, 4, 7);
}

function ring(context: CanvasRenderingContext2D): void {
  context.lineWidth = 2.5;
  context.strokeStyle = "#ffffff";
  context.beginPath();
  context.arc(0, 0, 29, 0, 2 * Math.PI);
  context.stroke();
}

function shadow(context: CanvasRenderingContext2D): void {
  const fade = context.createRadialGradient(0, 0, 10, 0, 0, 30);
  fade.addColorStop(0, "rgba(0,0,0,0.55)");
  fade.addColorStop(1, "rgba(0,0,0,0)");
  context.fillStyle = fade;
  context.fillRect(-32, -32, 64, 64);
}

function shot(context: CanvasRenderingContext2D): void {
  context.lineCap = "round";
  for (const [width, alpha] of [
    [16, 0.12],
    [11, 0.25],
    [7, 0.9],
  ] as const) {
    context.lineWidth = width;
    context.strokeStyle = `rgba(255,255,255,${alpha})`;
    context.beginPath();
    context.moveTo(-12, 0);
    context.lineTo(12, 0);
    context.stroke();
  }
}

function radial(
  context: CanvasRenderingContext2D,
  radius: number,
  stops: readonly (readonly [number, number])[],
): void {
  const fade = context.createRadialGradient(0, 0, 0, 0, 0, radius);
  for (const [at, alpha] of stops) fade.addColorStop(at, `rgba(255,255,255,${alpha})`);
  context.fillStyle = fade;
  context.fillRect(-radius, -radius, 2 * radius, 2 * radius);
}

function drawPickup(context: CanvasRenderingContext2D, kind: number, icon: Draw): void {
  const color = `#${PICKUP_COLORS[kind]!.toString(16).padStart(6, "0")}`;
  circlePath(context, PICKUP_RADIUS + 2);
  context.fillStyle = "#0b1018";
  context.fill();
  context.lineWidth = 2.5;
  context.strokeStyle = color;
  context.stroke();
  context.fillStyle = color;
  icon(context);
}

function cross(context: CanvasRenderingContext2D): void {
  context.fillRect(-3.5, -10, 7, 20);
  context.fillRect(-10, -3.5, 20, 7);
}

function bolt(context: CanvasRenderingContext2D): void {
  fillPolygon(context, [2, -12, -8, 2, -1, 2, -2, 12, 8, -3, 1, -3]);
}

function crest(context: CanvasRenderingContext2D): void {
  fillPolygon(context, [0, -11, 9, -7, 8, 3, 0, 11, -8, 3, -9, -7]);
}

function fillPolygon(context: CanvasRenderingContext2D, points: readonly number[]): void {
  context.beginPath();
  for (let i = 0; i < points.length; i += 2) context.lineTo(points[i]!, points[i + 1]!);
  context.closePath();
  context.fill();
}
