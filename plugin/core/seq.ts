/**
 * Serial-number arithmetic (RFC 1982) on 32-bit numbers, and their 16- and 24-bit forms on the wire.
 * Sequence numbers are unsigned 32-bit integers that wrap; comparisons hold within half the space.
 */

/** A sequence number: an unsigned 32-bit integer, wrapping. */
export type Seq = number;

/** The sequence number n steps after seq (n may be negative). */
export function seqAdd(seq: Seq, n: number): Seq {
  return (seq + n) >>> 0;
}

/** How many steps a is after b: negative when it is before, in -2^31 .. 2^31 - 1. */
export function seqDiff(a: Seq, b: Seq): number {
  return (a - b) | 0;
}

/** The 32-bit sequence number nearest to `near` whose low 16 bits are `low16` (RFC 9000 appendix A.3's idea). */
export function seqExpand(low16: number, near: Seq): Seq {
  return seqAdd(near, ((low16 - near) << 16) >> 16);
}

/**
 * The same for the low 24 bits. Symbols need them: the reliable path may bring 65,536 between two datagrams, or before
 * a late one.
 */
export function seqExpand24(low24: number, near: Seq): Seq {
  return seqAdd(near, ((low24 - near) << 8) >> 8);
}
