/**
 * Every bound of a session: its unit, its reason, and what happens there.
 * The protocol's bounds are in core/limits.ts, the channels' in channels/limits.ts.
 */

import { ANSWER_LATE_MS } from "../core/limits.js";

/** Messages, records or datagrams that the driver moves in one go; the rest waits for a timer, so that other events get their turn. */
export const DRIVER_BATCH_MAX = 1024;

/** A channel that was not writable for this long leaves what waits to the WebSocket, ms: a patch or two, where the next acknowledgement would let SCTP go on by itself. */
export const CHANNEL_STALL_MS = 25;

/** The same for a channel that may queue unseen: a datagram that is unanswered for so much longer than the least round trip waits below. */
export const CHANNEL_UNANSWERED_MS = ANSWER_LATE_MS;

/** After so long, ms, it is not a queue that drains but a way that has become longer (or a dead one, which is the link's to notice): the channel goes on until an answer comes in time again. */
export const CHANNEL_UNANSWERED_FOR_MS = 3000;

/** Such a channel still gets a datagram this often, ms: its answer tells that the queue has gone. */
export const CHANNEL_PROBE_MS = 50;

/** While a channel is not writable the driver looks at it this often, ms: not every channel tells when it is again. */
export const CHANNEL_POLL_MS = 10;

/** Largest CONTROL record of a server, bytes (WIRE-FORMAT section 4); a longer one ends the session with 1009. */
export const CONTROL_RECORD_BYTES_MAX = 4096;

/** The same of a client, which has nothing to say but "close" and a WebRTC request: what a server reads of JSON that anyone may send. */
export const CLIENT_CONTROL_RECORD_BYTES_MAX = 256;

/** Kinds of channel read from a server's hello or a client's query parameter; the rest is ignored. */
export const CHANNEL_KINDS_MAX = 8;
