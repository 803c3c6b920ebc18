/**
 * Every bound of the client side: its unit, its reason, and what happens there.
 * The protocol's bounds are in core/limits.ts, the channels' in channels/limits.ts, a session's in session/limits.ts.
 */

/**
 * Bytes of messages that wait for the server's first one, which shows what it speaks: as much as a WebSocket's own
 * buffer may be asked to hold. Beyond it the connection is given up, and the SDK makes another: nothing that was
 * accepted is left out of the middle.
 */
export const HELD_BYTES_MAX = 16 * 1024 * 1024;

/**
 * Unreliable patches that wait for ROOM_STATE, and their bytes; the oldest is dropped beyond, as its successors carry
 * newer values.
 */
export const UNRELIABLE_HELD_MAX = 32;
export const UNRELIABLE_HELD_BYTES_MAX = 1024 * 1024;

/** Pauses before the next try at a datagram channel, ms, each varied by a quarter; the last one repeats. */
export const RETRY_DELAYS_MS: readonly number[] = [1_000, 2_000, 5_000, 10_000, 30_000];
export const RETRY_JITTER_RATIO = 0.25;

/** Time after an error in which a socket that will close does so, ms. */
export const CLOSE_AFTER_ERROR_MS = 50;

/** Different warnings about channels that cannot be opened; what is beyond is not said. */
export const WARNINGS_MAX = 16;
