/**
 * Every bound of the server side: its unit, its reason, and what happens there.
 * The protocol's bounds are in core/limits.ts, the channels' in channels/limits.ts.
 */

import type { BucketOptions } from "../channels/udp/udp-budget.js";

/** ws-transport's default for `maxPayload`, bytes. */
export const MAX_PAYLOAD_BYTES_DEFAULT = 4 * 1024;

/** Smallest `maxPayload` accepted, bytes: a client's CONTROL records and a SYMBOL record with some payload must fit. */
export const MAX_PAYLOAD_BYTES_MIN = 64;

/** What `maxPayload: 0` (ws: no limit) stands for, bytes: more than one buffer holds. */
export const MESSAGE_BYTES_UNLIMITED = 2 ** 31 - 1;

/**
 * Least time between two offers of a datagram channel to one client, ms; a client that asks sooner gets none for that.
 * For every offer in a row after the first whose channel never opened it doubles, up to the second: UDP is blocked, or the client plays with us.
 */
export const OFFER_INTERVAL_MS = 500;
export const OFFER_INTERVAL_MS_MAX = 30_000;

/** Offers in a row, to any clients, whose channels never opened, until the log says so, once. */
export const UNOPENED_OFFERS_TO_LOG = 3;

/** Records and their bytes taken from a client before it is in its room (the SDK sends none); then close code 1008. */
export const RECORDS_BEFORE_JOIN_MAX = 64;
export const RECORD_BYTES_BEFORE_JOIN_MAX = 64 * 1024;

/** CONTROL records of one client; close code 1008 beyond. The SDK sends one for each channel that failed. */
export const CONTROL_RECORDS: BucketOptions = { perSecond: 20, burst: 50 };

/**
 * Records of one client that deliver no message: copies, and parts of messages; close code 1008 beyond. Those that deliver
 * are core's to count (maxMessagesPerSecond). An end that leaves its datagram path sends at most 256 that the other may have.
 */
export const IDLE_RECORDS: BucketOptions = { perSecond: 2000, burst: 2000 };

/** Longest list of channel kinds read from a client's query parameter; the rest is ignored. */
export const CHANNEL_KINDS_MAX = 8;

/** Longest reason of a WebSocket close, bytes (RFC 6455 section 5.5: a control frame holds 125); cut there. */
export const CLOSE_REASON_BYTES_MAX = 123;
