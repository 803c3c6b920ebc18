/** Numbers of the wire format, version 1: docs/WIRE-FORMAT.md is normative. */

export const WIRE_VERSION = 1;

/** Version, datagram number, time of sending. */
export const DATAGRAM_HEADER_BYTES = 5;

/** Type byte and sequence number of a SOURCE frame; the symbol follows. */
export const SOURCE_FRAME_HEADER_BYTES = 4;

/** Type, row, base, span and length of a REPAIR frame, bitmap not counted. */
export const REPAIR_FRAME_HEADER_BYTES = 8;

/** FEEDBACK frame without its two bitmaps. */
export const FEEDBACK_FRAME_HEADER_BYTES = 9;

export const PING_FRAME_BYTES = 1;

export const FrameType = { source: 1, repair: 2, feedback: 3, ping: 4 } as const;

/** Stream numbers. */
export const ORDERED = 0;
export const UNRELIABLE = 1;
export type StreamId = typeof ORDERED | typeof UNRELIABLE;

export const SOURCE_RETRANSMITTED = 2;
export const REPAIR_DENSE = 2;

/** First bytes of the records on the reliable path. */
export const RECORD_CONTROL = 0x1f;
export const RECORD_SYMBOL = 0x1e;
export const RECORD_UNRELIABLE = 0x1d;
export const RECORD_DATAGRAM = 0x1c;

/** Bytes before the payload of a SYMBOL record: type, flags, sequence. */
export const SYMBOL_RECORD_HEADER_BYTES = 6;

/** Bytes before the payload of an UNRELIABLE record: type, barrier. */
export const UNRELIABLE_RECORD_HEADER_BYTES = 5;

export const RECORD_FIRST = 1;
export const RECORD_LAST = 2;

/** Bytes of the barrier that starts the first symbol of an unreliable message. */
export const BARRIER_BYTES = 2;
