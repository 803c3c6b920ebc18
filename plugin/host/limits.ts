/** Every bound of what stands between the host and the rest: its unit, its reason, and what happens there. */

/** Longest timer that is set, ms; a later deadline re-arms. setTimeout takes at most 2^31 - 1. */
export const TIMER_MS_MAX = 60_000;
