/**
 * Every bound of the channels: its unit, its reason, and what happens there.
 * The protocol's bounds are in core/limits.ts, a session's in session/limits.ts.
 */

import type { BucketOptions } from "../host/token-bucket.js";

/**
 * Authentic datagrams of one client; the server drops what is beyond. A client sends under 900 a second even with
 * inputs at 128 Hz, two repairs for each, and an answer to every second of 1000 datagrams of patches; twice that leaves
 * room, and the burst for a server that stood still for seconds. What 2000 a second cost the server, in percent of a
 * core (`npm run bench:hostile`, docs/RESULTS.md): 8 to 14 as PINGs, one message or repairs, 30 to 50 with 80 to 140
 * messages each, the room's handlers not counted, and all of it where the room answers each message. Messages are the
 * room's to bound, by whichever path they come: `maxMessagesPerSecond`.
 */
export const SESSION_DATAGRAMS: BucketOptions = { perSecond: 2000, burst: 4000 };

/**
 * What one WebRTC client may send beyond that, which is dropped; then its connection ends, for the native library's
 * queue has no bound. A client at 250 datagrams a second reaches it when the server stands still for 56 s, one that
 * sends 12 500 a second after 1.4 s.
 */
export const FLOOD_DATAGRAMS: BucketOptions = { perSecond: 500, burst: 10_000 };

/**
 * Largest UDP payload, bytes: passes every path that carries IPv6's 1280-byte MTU (RFC 9000 section 14.1). A larger one
 * is dropped unread.
 */
export const UDP_PAYLOAD_BYTES_MAX = 1200;

/** Connection id and counter before the ciphertext, bytes (WIRE-FORMAT section 5). */
export const UDP_HEADER_BYTES = 8;

/** Tag of AES-128-GCM, bytes. */
export const UDP_TAG_BYTES = 16;

/** Bytes that the envelope adds to a datagram. */
export const UDP_ENVELOPE_BYTES = UDP_HEADER_BYTES + UDP_TAG_BYTES;

/** Largest datagram of the UDP channel, bytes. A larger one is the caller's RangeError. */
export const UDP_DATAGRAM_BYTES_MAX = UDP_PAYLOAD_BYTES_MAX - UDP_ENVELOPE_BYTES;

/** UDP and IP headers, bytes. */
export const IPV4_UDP_HEADER_BYTES = 28;
export const IPV6_UDP_HEADER_BYTES = 48;

/** Counters behind the largest authentic one that a receiver tells apart; an older one is dropped. A multiple of 32. */
export const REPLAY_WINDOW_DATAGRAMS = 1024;

/** Datagrams that one key protects: below the 2^23 of RFC 9001 section 6.6. Then the next epoch begins. */
export const EPOCH_DATAGRAMS = 2 ** 22;

/**
 * Epoch keys that one direction holds: what a receiver takes spans two epochs at most (COUNTER_AHEAD_MAX). The farthest
 * is forgotten beyond.
 */
export const EPOCH_KEYS_MAX = 2;

/**
 * Counters ahead of the largest authentic one that a receiver takes; one further ahead is dropped before its key is
 * derived. A sender's grows by one with every datagram, under 900 a second (SESSION_DATAGRAMS), and one that hears no
 * answer is down to a probe a second within 1.5 s: an honest gap is some thousands. A peer that jumps as far each time
 * comes to a new epoch with every 64th datagram, so has its server derive 31 keys a second at most.
 */
export const COUNTER_AHEAD_MAX = 65_536;

/** Sessions on one UDP socket. Above it, createChannel throws RangeError: the host keeps the session on WebSocket. */
export const UDP_SESSIONS_MAX = 65_536;

/** Tries at a connection id that is not taken; even a full table misses this often with probability 2^-512. */
export const CONNECTION_ID_TRIES_MAX = 32;

/**
 * Bytes waiting in a socket's own queue because the kernel's is full; beyond, a datagram is dropped (send returns
 * false).
 */
export const UDP_SEND_QUEUE_BYTES_MAX = 256 * 1024;

/** Kernel buffers asked for, bytes: room for a tick's burst to 1000 clients. The kernel may grant less. */
export const UDP_RECEIVE_BUFFER_BYTES = 4 * 1024 * 1024;
export const UDP_SEND_BUFFER_BYTES = 1024 * 1024;

/** Token of a path challenge, bytes: as RFC 9000 section 8.2, not to be guessed. */
export const PATH_TOKEN_BYTES = 8;

/**
 * A token is accepted in the period of its issue and in the next, ms: longer than any round trip, short beside an
 * address's lease.
 */
export const PATH_TOKEN_PERIOD_MS = 5_000;

/** When a client says hello, ms after it began; then at every multiple of the last. */
export const HELLO_TIMES_MS: readonly number[] = [0, 100, 250, 500, 1000];

/** A client whose channel is not open after this long gives up, ms. */
export const UDP_OPEN_TIMEOUT_MS = 10_000;

/**
 * What a client sends so soon after it heard the server may be feedback, which follows within 100 ms, in a silence 12
 * times, and is not answered; what it sends later is, ms.
 */
export const UDP_UNANSWERED_MS = 1_000;

/**
 * A client that sends what is answered, hears nothing and so takes a new socket: after this silence, and no sooner
 * again, ms.
 */
export const UDP_REBIND_SILENCE_MS = 4_000;

/**
 * A client whose sends or connects fail (its network changed, or is away) takes a new socket at most this often, ms.
 */
export const UDP_REBIND_ERROR_INTERVAL_MS = 1_000;

/**
 * A client that took new sockets for this long and heard nothing ends its channel, ms: some 30 s after the server was
 * last heard. It then asks for another, which looks the host up anew.
 */
export const UDP_SEARCH_MS = 26_000;

/** Datagrams in flight of a memory channel, each way; beyond, send returns false. */
export const MEMORY_QUEUE_DATAGRAMS_MAX = 1024;

/**
 * STUN and TURN servers, and URLs of one, that a server may give its clients; more are the caller's error, or a
 * malformed hello.
 */
export const ICE_SERVERS_MAX = 8;
export const ICE_URLS_MAX = 4;

/**
 * Largest message of the WebRTC channel, bytes: one SCTP chunk and, with the headers below, one packet that passes an
 * MTU of 1280. A larger one is the caller's RangeError.
 */
export const WEBRTC_DATAGRAM_BYTES_MAX = 1150;

/**
 * What the layers add: DATA chunk 16 and common header 12 (RFC 9260 section 3), a record of DTLS 1.2 with AES-GCM 37.
 * UDP and IP come on top.
 */
export const WEBRTC_ENVELOPE_BYTES = 28 + 37;

/**
 * Largest SCTP message that either end announces, bytes. Ours are far below; a peer's longer ones are dropped unread.
 */
export const WEBRTC_MESSAGE_BYTES_MAX = 65_536;

/**
 * Server to client: SCTP gives a message up after this long, ms. maxRetransmits 0 stalls what survives a loss for
 * seconds; 200 ms brings retransmissions and stalls; 10 ms is no better.
 */
export const WEBRTC_LIFETIME_MS = 50;

/**
 * Bytes that SCTP has not taken over yet (the browser's or the native library's own queue); beyond, a datagram is
 * dropped: send returns false. The native SCTP's buffer of 1 MB lies below it and is left as it is: what is in it
 * expires after the lifetime. With one of 16 or 64 KB, 60 x 1000 B at 20 % loss and RTT 100 ms stalled for seconds (p99
 * 6.6 s in place of 0.36).
 */
export const WEBRTC_BUFFERED_BYTES_MAX = 4096;

/**
 * Datagrams sent within this time may wait in SCTP together, ms; it usually takes one over in 1 or 2. What waits longer
 * has met congestion control: the channel is not writable.
 */
export const WEBRTC_BURST_MS = 5;

/**
 * A channel that is not open after this long gives up, ms: at 20 % loss opening took 0.5 to 17 s; a new try is soon
 * better.
 */
export const WEBRTC_OPEN_TIMEOUT_MS = 12_000;

/**
 * Peer connections of one endpoint (some 350 KB each), and those among them that are not open yet; beyond,
 * createChannel throws RangeError and the session stays on WebSocket.
 */
export const WEBRTC_SESSIONS_MAX = 2048;
export const WEBRTC_CONNECTING_MAX = 256;

/** Ports of a range, each a socket and a thread of the native library. More are the caller's RangeError. */
export const WEBRTC_PORTS_MAX = 64;

/** From a peer's opening a data channel of its own to the end of its connection, ms: what has come by then is read. */
export const WEBRTC_REFUSE_MS = 20;

/** A browser's connection that was lost has this long to come back before a new one is asked for, ms. */
export const WEBRTC_DISCONNECTED_MS = 3_000;
