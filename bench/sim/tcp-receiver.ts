/**
 * The receiving half of the TCP model: reassembly, selective acknowledgement (RFC 2018, three blocks, and the duplicate mark of RFC 2883), and acknowledgements
 * that are delayed to every second segment or 40 ms, and sent at once around a hole (RFC 5681 section 4.2). No window: the application reads at once.
 */

/** Linux's least delay of an acknowledgement, ms; RFC 1122 allows 500. */
const DELAYED_ACK_MS = 40;

/** Blocks that fit beside a timestamp option. */
const SACK_BLOCKS_MAX = 3;

export interface Segment {
  seq: number;
  bytes: number;
  /** Time of sending: the timestamp option (RFC 7323). */
  sentMs: number;
}

export interface Ack {
  /** The next byte expected. */
  cumulative: number;
  /** Ranges held beyond it, the one that changed last first. */
  blocks: readonly (readonly [from: number, to: number])[];
  /** The segment that it answers had come before. */
  duplicate: boolean;
  /** Timestamp of the segment that it answers, of the first where it was delayed. */
  echoMs: number;
}

export class TcpReceiver {
  /** Bytes received in order. */
  received = 0;
  /** Ranges beyond, the one that changed last first. */
  #held: [number, number][] = [];
  #unacked = 0;
  #duplicate = false;
  #echoMs = 0;
  #ackAtMs = Infinity;

  handleSegment({ seq, bytes, sentMs }: Segment, nowMs: number): void {
    const end = seq + bytes,
      hadHole = this.#held.length > 0;
    this.#duplicate = end <= this.received || this.#held.some(([from, to]) => from <= seq && end <= to);
    if (!this.#duplicate) this.#insert(seq, end);
    if (this.#unacked++ === 0) this.#echoMs = sentMs;
    if (this.#duplicate || hadHole || this.#held.length > 0 || this.#unacked >= 2) this.#ackAtMs = nowMs;
    else this.#ackAtMs = Math.min(this.#ackAtMs, nowMs + DELAYED_ACK_MS);
  }

  pollAck(nowMs: number): Ack | undefined {
    if (this.#ackAtMs > nowMs) return undefined;
    this.#ackAtMs = Infinity;
    this.#unacked = 0;
    return {
      cumulative: this.received,
      blocks: this.#held.slice(0, SACK_BLOCKS_MAX).map(([from, to]) => [from, to] as const),
      duplicate: this.#duplicate,
      echoMs: this.#echoMs,
    };
  }

  nextTimeMs(): number {
    return this.#ackAtMs;
  }

  #insert(seq: number, end: number): void {
    let from = seq,
      to = end;
    this.#held = this.#held.filter(([a, b]) => {
      if (b < from || a > to) return true;
      from = Math.min(from, a);
      to = Math.max(to, b);
      return false;
    });
    if (from <= this.received) this.received = Math.max(this.received, to);
    else this.#held.unshift([from, to]);
  }
}
