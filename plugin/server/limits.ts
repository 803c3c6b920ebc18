/**
 * Every bound of the server side: its unit, its reason, and what happens there.
 * The protocol's bounds are in core/limits.ts, the channels' in channels/limits.ts, a session's in session/limits.ts.
 */

import type { BucketOptions } from "../host/token-bucket.js";

/** ws-transport's default for `maxPayload`, bytes. */
export const MAX_PAYLOAD_BYTES_DEFAULT = 4 * 1024;

/** Smallest `maxPayload` accepted, bytes: a client's CONTROL records and a SYMBOL record with some payload must fit. */
export const MAX_PAYLOAD_BYTES_MIN = 64;

/** What `maxPayload: 0` (ws: no limit) stands for, bytes: more than one buffer holds. */
export const MESSAGE_BYTES_UNLIMITED = 2 ** 31 - 1;

/**
 * Least time between two offers of a datagram channel to one client, ms; a client that asks sooner gets none for that.
 * For every offer in a row after the first whose channel never opened it doubles, up to the second: UDP is blocked, or
 * the client plays with us; and for as long as the WebSocket lasts with every channel that ended because the client
 * sent too much, from whose end it then counts.
 */
export const OFFER_INTERVAL_MS = 500;
export const OFFER_INTERVAL_MS_MAX = 30_000;

/**
 * From the HTTP port to WebRTC's default: farther than processes that count their HTTP ports up, and take UDP of the
 * same number, reach.
 */
export const WEBRTC_PORT_DISTANCE = 1000;

/**
 * A client that connects while sockets are being bound waits for them, for this long from the start of the bind, ms;
 * then it plays without.
 */
export const BIND_WAIT_MS_MAX = 1000;

/** Clients in a row whose offered channels never opened, until the log says so, once. */
export const UNOPENED_CLIENTS_TO_LOG = 3;

/**
 * CONTROL records of one client; the session ends with 1008 beyond, and nothing more is read of it. The SDK sends one
 * for each channel that failed.
 */
export const CONTROL_RECORDS: BucketOptions = { perSecond: 20, burst: 50 };

/**
 * Records of one client that deliver no message to anyone: copies, and parts of messages; the session ends with 1008
 * beyond. Those that deliver are core's to count (maxMessagesPerSecond). While core listens to nobody, before the join,
 * what is beyond waits in the client's TCP instead. An end that leaves its datagram path sends at most 256 that the
 * other may have.
 */
export const IDLE_RECORDS: BucketOptions = { perSecond: 2000, burst: 2000 };

/** Longest reason of a WebSocket close, bytes (RFC 6455 section 5.5: a control frame holds 125); cut there. */
export const CLOSE_REASON_BYTES_MAX = 123;

/**
 * From telling a client that the session ends, so that it sends by WebSocket what datagrams may not bring, to the close
 * frame, if no answer comes sooner, ms: a few turns of a busy page.
 */
export const CLOSE_DELAY_MS = 100;

/**
 * Time between two probes of a WebSocket while records are written to it, ms: how late a backlog there may be noticed.
 */
export const SOCKET_PROBE_INTERVAL_MS = 250;

/** Probes without an answer, half a minute's; no more are sent until one comes. */
export const SOCKET_PROBES_MAX = 128;

/**
 * A client is behind from the first on, ms, and level again once it was no more than the second behind, for the third.
 */
export const BEHIND_MS = 500;
export const LEVEL_MS = 250;
export const LEVEL_FOR_MS = 1000;

/** Least time between two reports of one client that is behind, ms. */
export const BEHIND_REPORT_INTERVAL_MS = 1000;

/** Default of `resyncAfterMs`, and its bounds, ms: below, an ordinary stall would cost a full state. */
export const RESYNC_AFTER_MS_DEFAULT = 2000;
export const RESYNC_AFTER_MS_MIN = BEHIND_MS;
export const RESYNC_AFTER_MS_MAX = 60_000;

/** Time between two looks at a client that is behind, ms, beside those of its patches. */
export const BACKLOG_POLL_MS = 100;

/** Byte rates are means over this many periods of this length, ms. */
export const RATE_PERIODS = 8;
export const RATE_PERIOD_MS = 250;

/**
 * A WebSocket without a pong for this long is ended though datagrams of its client come, ms: TCP that has lost a
 * segment seven times in a row tries again within it.
 */
export const PONG_OVERDUE_MS_MAX = 30_000;

/** Pause of a WebSocket whose messages nobody listens to and that brings more than IDLE_RECORDS, ms. */
export const UNHEARD_PAUSE_MS = 100;

/**
 * A client that broke a rule has this long to answer the close frame, ms: ws would go on reading what it sends for 30
 * s.
 */
export const FAILED_CLOSE_MS = 1000;
