/** The game on a canvas: what the page and the net panel import. */
export { createArenaView } from "./arena-game-view.js";
export type { ArenaGameView, ArenaRoom, ArenaViewOptions, FrameStats, MotionStats } from "./view-types.js";
