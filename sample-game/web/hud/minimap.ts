/** The whole arena, small: walls, pickups that are ready, everybody alive; the own player has a ring. */
import type { ArenaView } from "../../protocol/arena-view.js";
import { WALLS } from "../../rules/arena-map.js";
import { ARENA_HEIGHT, ARENA_WIDTH, POSITION_SCALE } from "../../rules/constants.js";
import { COLORS, KIND_COLORS, PICKUP_COLORS } from "../game/theme.js";

/** Pixels per unit. */
const SCALE = 0.16;

export class Minimap {
  readonly element = document.createElement("canvas");
  private readonly context: CanvasRenderingContext2D;

  constructor() {
    this.element.className = "minimap";
    this.element.setAttribute("aria-hidden", "true");
    this.element.width = ARENA_WIDTH * SCALE;
    this.element.height = ARENA_HEIGHT * SCALE;
    this.context = this.element.getContext("2d")!;
  }

  draw(state: ArenaView, ownId: string): void {
    const { context } = this;
    context.setTransform(1, 0, 0, 1, 0, 0);
    context.clearRect(0, 0, this.element.width, this.element.height);
    context.setTransform(SCALE, 0, 0, SCALE, 0, 0);
    context.fillStyle = css(COLORS.wallTop);
    for (const { x, y, width, height } of WALLS) context.fillRect(x, y, width, height);
    context.setTransform(SCALE / POSITION_SCALE, 0, 0, SCALE / POSITION_SCALE, 0, 0);
    state.pickups.forEach((pickup) => {
      if (pickup.ready) this.dot(pickup.x, pickup.y, 14, PICKUP_COLORS[pickup.kind] ?? COLORS.white);
    });
    state.players.forEach((player, id) => {
      if (!player.alive) return;
      const own = id === ownId;
      this.dot(player.x, player.y, own ? 34 : 24, KIND_COLORS[own ? "own" : player.bot ? "bot" : "person"]);
      if (!own) return;
      context.lineWidth = 12 * POSITION_SCALE;
      context.strokeStyle = "#ffffff";
      context.stroke();
    });
  }

  private dot(x: number, y: number, radius: number, color: number): void {
    this.context.beginPath();
    this.context.arc(x, y, radius * POSITION_SCALE, 0, 2 * Math.PI);
    this.context.fillStyle = css(color);
    this.context.fill();
  }
}

function css(color: number): string {
  return `#${color.toString(16).padStart(6, "0")}`;
}
