/**
 * Every bound of the impairment model: its unit, its reason, and what happens there.
 * Options outside a bound are the caller's RangeError; traffic outside one is a counted drop.
 */

/** Largest datagram, bytes: the largest UDP length (RFC 768). A larger one is a RangeError. */
export const DATAGRAM_BYTES_MAX = 65_535;

/** Datagrams in flight; over 5 s of 10,000 datagrams per second. The next one is counted as overflowed. */
export const IN_FLIGHT_COUNT_MAX = 65_536;

/** Bytes in flight, 64 MiB: a second of 500 Mbit/s. A datagram that would pass it is counted as overflowed. */
export const IN_FLIGHT_BYTES_MAX = 64 * 1024 * 1024;

/** Longest delay, jitter or burst, ms. Ten minutes is longer than any session outlives. */
export const DURATION_MS_MAX = 600_000;

/** Shortest mean outage, ms: below it, burst loss is uniform loss at any rate of datagrams. */
export const MEAN_BURST_MS_MIN = 0.1;

/** Longest mean burst, datagrams. */
export const MEAN_BURST_DATAGRAMS_MAX = 1_000_000;

/** Slowest rate, kbit/s: one 1200-byte datagram in ten seconds. */
export const RATE_KBPS_MIN = 1;

/** Largest bottleneck queue, bytes. More than the flight can hold would never be reached. */
export const QUEUE_BYTES_MAX = IN_FLIGHT_BYTES_MAX;

/** Bottleneck queue when none is given, bytes: 50 datagrams of 1300, a small home router. */
export const QUEUE_BYTES_DEFAULT = 65_000;

/** Bytes that the rate counts on top of each datagram when none are given: IPv4 (20, RFC 791) and UDP (8, RFC 768). */
export const OVERHEAD_BYTES_DEFAULT = 28;

/** Largest overhead per datagram, bytes. */
export const OVERHEAD_BYTES_MAX = 1_000;

/** Most bits that one corruption flips; one is the least. UDP's checksum lets some such patterns pass. */
export const CORRUPT_BITS_MAX = 3;

/** Largest seed: seeds are unsigned 32-bit integers. */
export const SEED_MAX = 0xffff_ffff;

/** The seed when none is given. Fixed, so that a run without one can still be repeated. */
export const SEED_DEFAULT = 1;
