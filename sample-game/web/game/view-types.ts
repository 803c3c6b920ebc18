/**
 * What the page and its net panel know of a game view: one canvas that shows one room connection.
 * The implementation is arena-game-view.ts.
 */
import type { Room } from "@colyseus/sdk";
import type { ArenaView } from "../../protocol/arena-view.js";

/** A joined arena; types of messages are in protocol/messages.ts. */
export type ArenaRoom = Room<any, ArenaView>;

export interface ArenaViewOptions {
  /** A label in the corner, to tell two views apart. */
  title?: string;
  /** Sends nothing and predicts nothing: every player is interpolated. Default false. */
  spectator?: boolean;
  /** Session id of the player in the middle of a spectator's view. Default: the whole arena is shown. */
  follow?: string;
}

/** Of the last 300 frames; zeros before the first. */
export interface FrameStats {
  /** Frames per second. */
  readonly fps: number;
  /** From one frame to the next, ms. */
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** Script time of a frame (model and drawing calls, without the browser's own work), ms. */
  readonly workP50Ms: number;
  readonly workP99Ms: number;
}

export interface MotionStats {
  /** How far behind the present others are shown, ms. */
  readonly interpolationMs: number;
  /** Corrections of the own player's prediction so far, and the largest, u. */
  readonly corrections: number;
  readonly largestCorrection: number;
  /** Where the player in the middle is shown, u; undefined before it is known. */
  readonly focus: { readonly x: number; readonly y: number } | undefined;
  readonly players: number;
  readonly shots: number;
}

export interface ArenaGameView {
  /** Holds the canvas, and the label; a HUD may be put on top. */
  readonly element: HTMLElement;
  /** Shows this room from now on; a room that is attached is detached first. The room stays the caller's. */
  attach(room: ArenaRoom): void;
  /** Shows an empty arena. */
  detach(): void;
  /** Detaches, and removes the canvas for good. */
  destroy(): void;
  frameStats(): FrameStats;
  /** What the view made of the connection, for tests and telemetry; undefined while nothing is attached. */
  motionStats(): MotionStats | undefined;
}
