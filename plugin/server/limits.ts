/**
 * Every bound of the server side: its unit, its reason, and what happens there.
 * The protocol's bounds are in core/limits.ts, the channels' in channels/limits.ts.
 */

/** ws-transport's default for `maxPayload`, bytes. */
export const MAX_PAYLOAD_BYTES_DEFAULT = 4 * 1024;

/** Smallest `maxPayload` accepted, bytes: a client's CONTROL records and a SYMBOL record with some payload must fit. */
export const MAX_PAYLOAD_BYTES_MIN = 64;

/** What `maxPayload: 0` (ws: no limit) stands for, bytes: more than one buffer holds. */
export const MESSAGE_BYTES_UNLIMITED = 2 ** 31 - 1;

/** Least time between two offers of a datagram channel to one client, ms; a client that asks sooner gets none for that. */
export const OFFER_INTERVAL_MS = 500;

/** Longest list of channel kinds read from a client's query parameter; the rest is ignored. */
export const CHANNEL_KINDS_MAX = 8;

/** Longest reason of a WebSocket close, bytes (RFC 6455 section 5.5: a control frame holds 125); cut there. */
export const CLOSE_REASON_BYTES_MAX = 123;
