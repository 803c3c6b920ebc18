/**
 * Colours of the canvas; style.css has the same for the page. Own, people and bots differ in lightness and shape as well
 * (ring, circle, hexagon), so that no colour has to be told from another to play.
 */
import type { PlayerKind } from "../motion/scene.js";

export const COLORS = {
  outside: 0x07090e,
  floor: 0x111722,
  grid: 0x192131,
  gridCross: 0x263248,
  border: 0x3a4b6e,
  wallSide: 0x1a2233,
  wallTop: 0x33415f,
  wallEdge: 0x52668f,
  shadow: 0x000000,
  white: 0xffffff,
  text: 0xe9eef7,
  health: 0x3ee6a0,
  healthLow: 0xff6b57,
  barBack: 0x05070b,
  shield: 0x8ab4ff,
  rapid: 0xffe066,
} as const;

export const KIND_COLORS: Readonly<Record<PlayerKind, number>> = { own: 0x5ccfff, person: 0xffb224, bot: 0xf2609a };

/** By index in PICKUP_KINDS: health, rapid, shield. */
export const PICKUP_COLORS: readonly number[] = [COLORS.health, COLORS.rapid, COLORS.shield];

export const FONT = "ui-sans-serif, system-ui, 'Segoe UI', Roboto, 'Helvetica Neue', Arial, sans-serif";
