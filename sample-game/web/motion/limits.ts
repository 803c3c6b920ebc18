/** Bounds and time constants of the page's motion model, with units and what happens at each bound. */
import { STEP_S } from "../../rules/constants.js";

/** Length of a tick, ms. */
export const STEP_MS = STEP_S * 1000;

/** Patches that the clock remembers, about 4 s at 60 Hz; older ones leave. */
export const CLOCK_SAMPLES = 240;
/** Share of patches that must be in time for the interpolation to be smooth; later ones are bridged by extrapolation. */
export const IN_TIME_QUANTILE = 0.9;
/** Most that lateness adds to the interpolation delay, ms: beyond it, waiting costs more than a jump. */
export const LATENESS_MAX_MS = 120;
/** Clock corrections bend time by at most this share; a clock that is farther off than CLOCK_SNAP_MS jumps. */
export const CLOCK_SLEW_RATIO = 0.06;
export const CLOCK_SNAP_MS = 250;

/** Snapshots kept per player; the oldest leaves. 32 at 60 Hz are half a second, above any interpolation delay. */
export const SNAPSHOTS_MAX = 32;
/** A player goes on as before for this long when patches fail to come, ticks; then it stands. */
export const EXTRAPOLATE_TICKS = 4;
/** Farther than this in one tick is no movement but a respawn, u; a dash makes 15. */
export const TELEPORT_UNITS_PER_TICK = 24;

/** Predicted motions kept, by input; above the SDK's replay ring. Older ones count as unknown: the truth is adopted. */
export const PREDICTIONS_MAX = 256;
/** Wire positions are whole sixteenths: a prediction within this of the truth is right, u. */
export const PREDICTION_TOLERANCE = 0.09;
/** A correction of the own player fades with this time constant, ms. */
export const CORRECTION_MS = 70;
/** A correction above this is shown at once, u: a respawn, or seconds without a patch. */
export const CORRECTION_SNAP = 140;
/** Ticks that a frame makes up for after a hitch; more are skipped. */
export const CATCH_UP_TICKS = 6;

/** How long a shot takes from the time line of who fired it to that of the server's present, ms. */
export const SHOT_BLEND_MS = 280;
/** A shot first seen later than this after it was fired (someone just joined) shows no muzzle flash, ticks. */
export const BEGIN_TICKS = 12;
/** Predicted own shots that the server has not shown yet; one more replaces the oldest. */
export const GHOSTS_MAX = 24;
/** A predicted shot that the server did not show for this long beyond the round trip never was, ms. */
export const GHOST_GRACE_MS = 250;
/** A shot that the server ended flies on to where it ended, but no longer than this, ms. */
export const SHOT_TAIL_MS = 400;
/** What happened in a longer time without a frame (a hidden page) is no news to the next one, ms. */
export const PAUSE_MS = 1000;

/** Events (hits, impacts, deaths) waiting for the next frame; the newest beyond are dropped: they are only for the eye. */
export const EVENTS_MAX = 256;
/** Frames that frame statistics cover. */
export const FRAMES_MAX = 300;
