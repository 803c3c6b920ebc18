/**
 * Every bound of the protocol core: its unit, its reason, and what happens there.
 * Nothing in core/ loops, queues or stores past one of these.
 */

/** Bytes of the symbol header (length and flags) that starts every source symbol. */
export const SYMBOL_HEADER_BYTES = 2;

/** Largest payload of a source symbol on the datagram path, bytes. A longer message is fragmented. */
export const SYMBOL_PAYLOAD_BYTES_MAX = 1200;

/** Largest source or repair symbol, bytes. A larger one is a caller's RangeError or a dropped frame. */
export const SYMBOL_BYTES_MAX = SYMBOL_HEADER_BYTES + SYMBOL_PAYLOAD_BYTES_MAX;

/** Symbols that one repair symbol may combine. More would make every loss outside it cost more to mend. */
export const ENCODING_WINDOW_SYMBOLS_MAX = 32;

/** Span of sequence numbers in one repair symbol: Cauchy coefficients are distinct modulo 128 only. */
export const REPAIR_SPAN_MAX = 128;

/** Repair equations that a decoder holds; the oldest is dropped beyond. */
export const EQUATIONS_MAX = 64;

/** Symbols behind the newest that a decoder keeps, so that a later repair can use them. */
export const DECODER_HISTORY_SYMBOLS = REPAIR_SPAN_MAX;

/** Sources in a generation (a block-code FEC group). */
export const GENERATION_SIZE_MIN = 2;
export const GENERATION_SIZE_MAX = 16;
export const GENERATION_SIZE_DEFAULT = 4;

/**
 * Ordered symbols that may be outstanding, counted from the oldest unacknowledged; beyond, the reliable path carries.
 */
export const ORDERED_WINDOW_SYMBOLS = 256;

/**
 * Times that a datagram carries one ordered symbol; after that it is the reliable path's. So a peer that acknowledges
 * nothing gets no more than so many times the game's rate.
 */
export const SYMBOL_SENDS_MAX = 8;

/** Fragments of one message on the datagram path; a longer message is bulk and rides the reliable path. */
export const MESSAGE_FRAGMENTS_MAX = 8;

/** Frames in one datagram; more is a malformed datagram. 1200 bytes hold 199 empty symbols. */
export const DATAGRAM_FRAMES_MAX = 256;

/** Records of sent datagrams kept for acknowledgement: 2 s at 250 datagrams per second; older ones are forgotten. */
export const SENT_DATAGRAMS_MAX = 512;

/** Datagram numbers behind the largest that a receiver still tells apart; older ones are dropped as stale. */
export const DATAGRAM_HISTORY = 256;

/** Bytes of datagram bitmap in a FEEDBACK frame. */
export const FEEDBACK_BITMAP_BYTES_MAX = 8;

/** Bytes of symbol bitmap in a FEEDBACK frame: covers the ordered window. */
export const FEEDBACK_SYMBOL_BYTES_MAX = ORDERED_WINDOW_SYMBOLS / 8;

/** Longest time that feedback on an eliciting datagram waits for company, ms (RFC 9002 calls it max_ack_delay). */
export const FEEDBACK_DELAY_MS_MAX = 25;

/** The same if nothing in it can be sent again, ms. */
export const FEEDBACK_RELAXED_DELAY_MS_MAX = 100;

/** Delays in a FEEDBACK frame are bytes of ms: this one means that much or more. */
export const DELAY_MS_TOLD_MAX = 255;

/**
 * A datagram of the channel that is answered so much later than the least round trip waited in a queue, or its way has
 * become longer, ms. Feedback takes 25, and may be lost a few times.
 */
export const ANSWER_LATE_MS = 100;

/**
 * A channel that was not writable for this long leaves what waits to the WebSocket, ms: a patch or two, where the next
 * acknowledgement would let SCTP go on by itself.
 */
export const CHANNEL_STALL_MS = 25;

/**
 * A channel that may queue unseen, and whose datagrams are answered ANSWER_LATE_MS late, is held back. After so long,
 * ms, it is not a queue that drains but a way that has become longer (or a dead one, which is the link's to notice):
 * the channel goes on until an answer comes in time again.
 */
export const CHANNEL_UNANSWERED_FOR_MS = 3000;

/** Such a channel still gets a datagram this often, ms: its answer tells that the queue has gone. */
export const CHANNEL_PROBE_MS = 50;

/** While a channel is not writable it is looked at this often, ms: not every channel tells when it is again. */
export const CHANNEL_POLL_MS = 10;

/** Datagrams that the reliable path carries in one go; the rest waits for the next look. */
export const CARRIED_BATCH_MAX = 1024;

/** Default bound on one received message, bytes; a longer one ends the session with 1009. */
export const MESSAGE_BYTES_MAX_DEFAULT = 64 * 1024 * 1024;

/** Unreliable messages that wait for their barrier at a receiver; the oldest is delivered beyond. */
export const UNRELIABLE_HELD_MAX = 32;

/**
 * Bytes that the reliable path may deliver ahead of a missing symbol; an honest peer stays below the ordered window's.
 */
export const CARRIED_AHEAD_BYTES_MAX = 1024 * 1024;

/** Largest history that a decoder may be given, symbols: 1024 symbols of 1200 bytes are 1.3 MB. */
export const DECODER_HISTORY_SYMBOLS_MAX = 1024;

/** How far ahead of the newest known symbol a decoder accepts one, unless told otherwise; further is "invalid". */
export const DECODER_AHEAD_SYMBOLS = 256;

/** Unknown symbols in a decoder's equations; the equation that is oldest is dropped until a new one's fit. */
export const DECODER_UNKNOWNS_MAX = 128;

/** Free blocks that a pool keeps per size class; more are left to the garbage collector. */
export const FEC_FREE_BLOCKS_MAX = 32;

/**
 * Views of a reused buffer that are kept, by length: 100 bytes each. Patches of one game rarely differ by more; a view
 * made anew takes the place.
 */
export const FRONT_VIEWS_MAX = 256;

/**
 * Time after its last source when a partial generation is closed by a repair all the same, ms: two patch intervals at
 * 40 Hz.
 */
export const PARTIAL_GENERATION_MS = 50;

/**
 * REPAIR frames that a receiver works on: some 100 us each at worst, so a hostile peer that is let in takes 4 % of a
 * core. An honest sender stays below: one per source at 120 Hz, two streams, and the fragments of large messages. More
 * are counted and ignored.
 */
export const REPAIRS_PER_SECOND_MAX = 400;
export const REPAIRS_BURST_MAX = 64;
