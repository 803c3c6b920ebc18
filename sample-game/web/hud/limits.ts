/** Bounds of what lies over the canvas. */

/** Between two looks at the state, ms. */
export const HUD_REFRESH_MS = 100;
/** Rows of the leaderboard; the own one is added below if it is not among them. */
export const LEADERS_MAX = 6;
/** Entries of the feed, and of the chat, at once; the oldest leaves. */
export const FEED_MAX = 5;
/** How long an entry stays, ms. */
export const FEED_MS = 9000;
/** How long an error stays in the notice, ms. */
export const ERROR_MS = 6000;
