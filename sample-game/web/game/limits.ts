/** Bounds of what the canvas shows, with units and what happens at each bound. */

/**
 * Textures that one draw call may use: the atlas and the names' glyphs. A shader for more looks each of them up for every pixel
 * where the machine draws in software: with pixi's own 16, a frame of 1280 x 720 with 31 players cost Chromium on SwiftShader 69 ms of
 * processor time, with these two 35 ms (its GPU process, by /proc).
 */
export const TEXTURES_PER_BATCH = 2;
/** Sparks, rings and trails at once; more are not shown. */
export const EFFECTS_MAX = 320;
/** Sprites kept for shots; PROJECTILES_MAX, as many that ended a moment ago, and the own player's predicted ones fit. */
export const SHOT_SPRITES_MAX = 448;
/** Device pixels per CSS pixel at most: beyond, a phone's battery pays for what no eye sees. */
export const RESOLUTION_MAX = 2;
/** Area that a view shows at any window size, u². Wider windows show more to the sides and less above. */
export const VIEW_AREA = 1250 * 760;
/** How far beyond the arena's edge the camera may look, u. */
export const CAMERA_MARGIN = 90;
/** The same as a share of what is shown: a player at the edge must not be under the HUD. */
export const CAMERA_MARGIN_RATIO = 0.2;
/** Longest time that one frame may simulate, ms: a tab that comes back does not fast-forward. */
export const FRAME_MAX_MS = 250;
