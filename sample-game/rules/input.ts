/**
 * Player input: the resting value and the one place that makes input from outside safe.
 */
import { BUTTONS_MASK, MOVE_MAX, TURN } from "./constants.js";
import type { PlayerInput } from "./types.js";

/** No stick, no button. */
export const IDLE_INPUT: PlayerInput = Object.freeze({ moveX: 0, moveY: 0, aim: 0, buttons: 0 });

/** A copy within range: NaN and infinities become 0, the stick is at most MOVE_MAX long. */
export function cleanInput(input: PlayerInput): PlayerInput {
  const moveX = finite(input.moveX);
  const moveY = finite(input.moveY);
  const shorten = Math.min(1, MOVE_MAX / Math.max(1, Math.hypot(moveX, moveY)));
  return {
    moveX: moveX * shorten,
    moveY: moveY * shorten,
    aim: ((Math.round(finite(input.aim)) % TURN) + TURN) % TURN,
    buttons: finite(input.buttons) & BUTTONS_MASK,
  };
}

function finite(value: number): number {
  // 2^40 keeps products below finite: no rule can overflow to infinity from here.
  return Number.isFinite(value) ? Math.min(2 ** 40, Math.max(-(2 ** 40), value)) : 0;
}
