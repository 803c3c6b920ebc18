/**
 * Every bound of a session: its unit, its reason, and what happens there.
 * The protocol's bounds are in core/limits.ts, the channels' in channels/limits.ts.
 */

/**
 * Messages, records or datagrams that the driver moves in one go; the rest waits for a timer, so that other events get
 * their turn.
 */
export const DRIVER_BATCH_MAX = 1024;

/** Largest CONTROL record of a server, bytes (WIRE-FORMAT section 4); a longer one ends the session with 1009. */
export const CONTROL_RECORD_BYTES_MAX = 4096;

/**
 * The same of a client, which has nothing to say but "close" and a WebRTC request: what a server reads of JSON that
 * anyone may send.
 */
export const CLIENT_CONTROL_RECORD_BYTES_MAX = 256;

/** Kinds of channel read from a server's hello or a client's query parameter; the rest is ignored. */
export const CHANNEL_KINDS_MAX = 8;

/**
 * Smallest SYMBOL payload that a hello may ask for, bytes: what a server with the smallest maxPayload asks. Less would
 * cut every message into a record a byte.
 */
export const FRAGMENT_BYTES_MIN = 58;
