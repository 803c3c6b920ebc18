/** Bounds of what the canvas shows, with units and what happens at each bound. */

/** Sparks, rings and trails at once; more are not shown. */
export const EFFECTS_MAX = 320;
/** Sprites kept for shots; PROJECTILES_MAX, as many that ended a moment ago, and the own player's predicted ones fit. */
export const SHOT_SPRITES_MAX = 448;
/** Device pixels per CSS pixel at most: beyond, a phone's battery pays for what no eye sees. */
export const RESOLUTION_MAX = 2;
/** Texels per unit of the ground at most: 30 MB of texture. */
export const GROUND_RESOLUTION_MAX = 1.75;
/** Area that a view shows at any window size, u². Wider windows show more to the sides and less above. */
export const VIEW_AREA = 1250 * 760;
/** How far beyond the arena's edge the camera may look, u. */
export const CAMERA_MARGIN = 90;
/** The same as a share of what is shown: a player at the edge must not be under the HUD. */
export const CAMERA_MARGIN_RATIO = 0.2;
/** Longest time that one frame may simulate, ms: a tab that comes back does not fast-forward. */
export const FRAME_MAX_MS = 250;
