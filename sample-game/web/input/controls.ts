/** What the player wants this tick, from whatever is in hand: keys, mouse, thumbs. */
import { MOVE_MAX } from "../../rules/constants.js";
import { toAngle } from "../../rules/geometry.js";
import type { PlayerInput, Point } from "../../rules/types.js";
import { KeyboardMouse } from "./keyboard-mouse.js";
import { TouchSticks } from "./touch-sticks.js";

export class Controls {
  private readonly keyboard: KeyboardMouse;
  private readonly touch: TouchSticks;
  private aim = 0;

  /** @param isPlaying are keys the game's now? */
  constructor(canvas: HTMLElement, parent: HTMLElement, isPlaying: () => boolean) {
    this.keyboard = new KeyboardMouse(canvas, isPlaying);
    this.touch = new TouchSticks(canvas, parent);
  }

  /** The newest aim, parts of a turn. */
  get currentAim(): number {
    return this.aim;
  }

  /** Aims anew. @param toArena from a point of the canvas, CSS pixels. @param own where the player is shown, u. */
  look(own: Point, toArena: (x: number, y: number) => Point): void {
    const { aiming, moving } = this.touch;
    const { pointer } = this.keyboard;
    if (aiming !== undefined) this.aim = toAngle(aiming.x, aiming.y);
    else if (moving.x !== 0 || moving.y !== 0) this.aim = toAngle(moving.x, moving.y);
    else if (pointer !== undefined) {
      const target = toArena(pointer.x, pointer.y);
      this.aim = toAngle(target.x - own.x, target.y - own.y);
    } else {
      const { x, y } = this.keyboard.move();
      if (x !== 0 || y !== 0) this.aim = toAngle(x, y);
    }
  }

  /** The input of one tick; whole numbers, as they travel. */
  sample(): PlayerInput {
    const keys = this.keyboard.move();
    const { moving } = this.touch;
    const x = keys.x === 0 && keys.y === 0 ? moving.x : keys.x;
    const y = keys.x === 0 && keys.y === 0 ? moving.y : keys.y;
    const shorten = MOVE_MAX / Math.max(1, Math.hypot(x, y));
    return {
      moveX: Math.trunc(x * shorten),
      moveY: Math.trunc(y * shorten),
      aim: this.aim,
      buttons: this.keyboard.takeButtons() | this.touch.takeButtons(),
    };
  }

  release(): void {
    this.keyboard.release();
  }

  destroy(): void {
    this.keyboard.destroy();
    this.touch.destroy();
  }
}
