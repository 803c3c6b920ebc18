/** Counters and snapshots of a link. Counting only; nothing here influences the protocol. */

/** Running totals; every end has its own. Symbols are of both streams unless said otherwise. */
export interface LinkCounters {
  /** Source symbols sent by datagram for the first time. */
  symbolsSent: number;
  /** Repair symbols sent. */
  repairsSent: number;
  /** Ordered symbols sent again, copies included. */
  retransmissionsSent: number;
  /** Ordered symbols that this end gave to the reliable path after repair and retransmission did not bring them. */
  rescuesSent: number;
  /**
   * Fates of incoming source symbols: came by themselves; solved from repair; came by retransmission; never came
   * (unreliable stream only).
   */
  symbolsReceived: number;
  symbolsRecovered: number;
  symbolsRetransmitted: number;
  symbolsLost: number;
  /** Incoming ordered symbols that came by the reliable path. */
  symbolsCarried: number;
  datagramsSent: number;
  /** Of them, by the reliable path, because the channel stood still. */
  datagramsCarried: number;
  datagramsReceived: number;
  /** Dropped whole: not of the format. */
  datagramsMalformed: number;
  /** Dropped: seen before, or too old to tell. */
  datagramsDuplicate: number;
  /** Frames that named symbols outside every window. */
  framesIgnored: number;
  /** Datagrams called lost that came after all. */
  spuriousLosses: number;
  messagesSent: number;
  messagesReceived: number;
  /**
   * Wire bytes of datagrams, headers of the channel included; and the part of them that source symbols alone would have
   * taken.
   */
  wireBytesSent: number;
  sourceBytesSent: number;
  wireBytesReceived: number;
  sourceBytesReceived: number;
  /** How often the datagram path went silent and the reliable path took over. */
  suspensions: number;
}

export function newCounters(): LinkCounters {
  return {
    symbolsSent: 0,
    repairsSent: 0,
    retransmissionsSent: 0,
    rescuesSent: 0,
    symbolsReceived: 0,
    symbolsRecovered: 0,
    symbolsRetransmitted: 0,
    symbolsLost: 0,
    symbolsCarried: 0,
    datagramsSent: 0,
    datagramsCarried: 0,
    datagramsReceived: 0,
    datagramsMalformed: 0,
    datagramsDuplicate: 0,
    framesIgnored: 0,
    spuriousLosses: 0,
    messagesSent: 0,
    messagesReceived: 0,
    wireBytesSent: 0,
    sourceBytesSent: 0,
    wireBytesReceived: 0,
    sourceBytesReceived: 0,
    suspensions: 0,
  };
}

/** Percentiles over the last 1024 ordered messages, ms. */
export interface Percentiles {
  p50: number;
  p90: number;
  p99: number;
  max: number;
}

/** A snapshot of a link. Ratios are 0..1; "incoming" is what this end receives. */
export interface LinkStats {
  /** What the next message rides. */
  path: "datagram" | "reliable";
  /** Smoothed and least round-trip time of the datagram path, ms; 0 before the first sample. */
  rttMs: number;
  minRttMs: number;
  /** Share of incoming datagrams lost before repair, over the last 10 s. */
  lossRatio: number;
  /** Share of outgoing datagrams lost before repair, over the last 10 s, as the peer reports. */
  sendLossRatio: number;
  /** `sent` is outgoing, the others are fates of incoming symbols; `carried` came by the reliable path. */
  symbols: { sent: number; received: number; recovered: number; retransmitted: number; lost: number; carried: number };
  /** Incoming wire bytes beyond those of the source symbols' own datagrams, as a share of these, since the start. */
  overhead: number;
  /** The same, outgoing. */
  sendOverhead: number;
  /** How much later ordered messages were delivered than the fastest datagram of the last while would have come. */
  applyDelayMs: Percentiles;
  /**
   * How much longer than the least round trip the oldest ordered message sent by datagram has gone unacknowledged, ms;
   * 0 if none is, and for what the reliable path carries.
   */
  behindMs: number;
  /** Repair symbols per source symbol that this end sends now. */
  codeRate: number;
  counters: Readonly<LinkCounters>;
}

const SAMPLES = 1024;

/** The last 1024 samples of something, for percentiles. */
export class SampleWindow {
  readonly #samples = new Float32Array(SAMPLES);
  #count = 0;

  add(value: number): void {
    this.#samples[this.#count++ % SAMPLES] = value;
  }

  percentiles(): Percentiles {
    const sorted = this.#samples.slice(0, Math.min(this.#count, SAMPLES)).sort();
    const at = (q: number): number => sorted[Math.min(sorted.length - 1, Math.floor(q * sorted.length))] ?? 0;
    return { p50: at(0.5), p90: at(0.9), p99: at(0.99), max: at(1) };
  }
}
