/**
 * The own player's inputs: one per tick, sent through the SDK's input handle and told to the scene at once.
 * Inputs ride the unreliable channel three at a time, so that one lost datagram loses none.
 */
import type { InputHandle } from "@colyseus/sdk";
import { CATCH_UP_TICKS, STEP_MS } from "../motion/limits.js";
import type { InputTimeline } from "../motion/own-player.js";
import { IDLE_INPUT } from "../../rules/input.js";
import type { PlayerInput } from "../../rules/types.js";
import type { ArenaRoom } from "./view-types.js";

/** Inputs in a datagram. */
const HISTORY = 3;
/** Inputs travel as changes: all fields are sent again this often, ticks, in case more than HISTORY were lost. */
const REFRESH_TICKS = 30;
const FIELDS = ["moveX", "moveY", "aim", "buttons"] as const;

export class PlayerControl {
  readonly timeline: InputTimeline;
  private readonly input: InputHandle<PlayerInput>;
  /** When the next tick is due. */
  private dueMs = -1;
  private sends = 0;

  constructor(room: ArenaRoom) {
    this.input = room.input<PlayerInput>({ mode: "unreliable", historySize: HISTORY });
    this.timeline = this.input;
  }

  /**
   * Sends the inputs of all ticks that are due.
   * @param nowMs of the frame; or of a timer, where frames are late.
   * @param sample gives the input of this tick.
   * @param onSent is told each one after it was sent.
   * @returns the share of the next tick that has passed, 0..1.
   */
  advance(nowMs: number, sample: () => PlayerInput, onSent: (input: PlayerInput) => void): number {
    if (this.dueMs < 0) this.dueMs = nowMs;
    this.dueMs = Math.max(this.dueMs, nowMs - CATCH_UP_TICKS * STEP_MS);
    while (this.dueMs <= nowMs) {
      this.dueMs += STEP_MS;
      this.send(sample(), onSent);
    }
    return Math.max(0, 1 - (this.dueMs - nowMs) / STEP_MS);
  }

  /** Is a tick due for so long that the next frame will not come in time for it? */
  isOverdue(nowMs: number): boolean {
    return this.dueMs >= 0 && nowMs - this.dueMs > STEP_MS / 2;
  }

  /** Lets go of everything: the page is hidden and gets no frames. */
  rest(aim: number, onSent: (input: PlayerInput) => void): void {
    this.send({ ...IDLE_INPUT, aim }, onSent);
  }

  private send(input: PlayerInput, onSent: (input: PlayerInput) => void): void {
    Object.assign(this.input.data, input);
    if (++this.sends % REFRESH_TICKS === 0) {
      const data = this.input.data as unknown as { setDirty(field: string): void };
      for (const field of FIELDS) data.setDirty(field);
    }
    if (this.input.send() !== 0) onSent(input);
  }
}
