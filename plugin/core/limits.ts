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
