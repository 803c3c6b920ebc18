/**
 * What the peer must be told of incoming datagrams: which came, how long ago, and whether they queue
 * (docs/WIRE-FORMAT.md section 2.3; RFC 9000 section 13.2 on when to acknowledge). Knows no symbols.
 */
import { DATAGRAM_HISTORY, FEEDBACK_BITMAP_BYTES_MAX, FEEDBACK_DELAY_MS_MAX, FEEDBACK_RELAXED_DELAY_MS_MAX } from "../limits.js";
import { seqAdd, seqDiff, seqExpand, type Seq } from "../seq.js";
import type { Feedback } from "../wire/datagram-writer.js";

/** Eliciting datagrams after which feedback goes out at once; and if none of them held anything that can be sent again. */
const ELICITING_MAX = 2;
const ELICITING_RELAXED_MAX = 8;


/** Each datagram is reported this often, so that lost feedback does not look like lost data. */
const REPORTS = 4;

/** How many numbers an incoming datagram skipped, or that it filled a gap, or that it must be dropped. */
export type DatagramFate = number | "late" | "duplicate";

export class FeedbackBuilder {
  readonly #seen = new Uint8Array(DATAGRAM_HISTORY);
  #largest: Seq | undefined;
  #largestAtMs = 0;
  #eliciting = 0;
  /** A gap or a late datagram: worth telling at once, but only with what asks for it, or feedback would answer feedback (RFC 9000 section 13.2.1). */
  #gap = false;
  /** Nothing that waits to be told can be sent again. */
  #relaxed = true;
  #dueMs = Infinity;
  /** The largest number at the last few feedbacks: a ring. */
  readonly #reported = new Uint32Array(REPORTS);
  #reports = 0;
  readonly #near: Seq;
  readonly #feedback: Feedback;

  /** @param firstNumber number of the peer's first datagram. @param symbolBitmap filled by the caller. */
  constructor(firstNumber: Seq, symbolBitmap: Uint8Array) {
    this.#near = firstNumber;
    this.#feedback = {
      largest: 0, bitmapBytes: 0, bitmap: new Uint8Array(FEEDBACK_BITMAP_BYTES_MAX), ackDelayMs: 0, queueDelayMs: 0, next: 0, symbolBytes: 0, symbolBitmap,
    };
  }

  /** Takes the number of an incoming datagram. A duplicate, or one too old to tell, must be dropped. */
  onDatagram(number16: number, nowMs: number): DatagramFate {
    const number = seqExpand(number16, this.#largest ?? this.#near);
    const ahead = this.#largest === undefined ? 1 : seqDiff(number, this.#largest);
    if (ahead <= -DATAGRAM_HISTORY) return "duplicate";
    if (ahead > 0) {
      if (this.#largest === undefined || ahead >= DATAGRAM_HISTORY) this.#seen.fill(0);
      else for (let i = 1; i < ahead; i++) this.#seen[seqAdd(this.#largest, i) % DATAGRAM_HISTORY] = 0;
      if (ahead > 1 && this.#largest !== undefined) this.#gap = true;
      const skipped = this.#largest === undefined ? 0 : Math.min(ahead - 1, DATAGRAM_HISTORY);
      this.#largest = number;
      this.#largestAtMs = nowMs;
      this.#seen[number % DATAGRAM_HISTORY] = 1;
      return skipped;
    }
    if (this.#seen[number % DATAGRAM_HISTORY]) return "duplicate";
    // Late: the peer may be about to send its symbols again.
    this.#gap = true;
    this.#seen[number % DATAGRAM_HISTORY] = 1;
    return "late";
  }

  /**
   * The datagram holds frames that ask for feedback.
   * @param relaxed true: none of them is an ordered source or a PING, so nobody waits for it. @param intervalMs usual time until the next.
   */
  onEliciting(relaxed: boolean, intervalMs: number, nowMs: number): void {
    this.#eliciting++;
    if (!relaxed) this.#relaxed = false;
    const delayMs = relaxed ? FEEDBACK_RELAXED_DELAY_MS_MAX : FEEDBACK_DELAY_MS_MAX;
    // Waiting saves a datagram only if another comes in time.
    if (this.#gap || this.#eliciting >= (relaxed ? ELICITING_RELAXED_MAX : ELICITING_MAX) || (!relaxed && intervalMs > delayMs)) this.#dueMs = nowMs;
    else this.#dueMs = Math.min(this.#dueMs, nowMs + delayMs);
  }

  /** A PING asks for feedback now. */
  onPing(nowMs: number): void {
    this.#dueMs = nowMs;
  }

  /** When feedback goes out even alone, ms. */
  get dueMs(): number {
    return this.#dueMs;
  }

  /** True if there is something to tell that is worth its bytes in the next datagram. */
  pending(nowMs: number): boolean {
    return this.#dueMs <= nowMs || (this.#dueMs !== Infinity && (!this.#relaxed || this.#eliciting >= ELICITING_RELAXED_MAX / 2));
  }

  /** The feedback as of now, reused: valid until the next call. The caller fills what concerns symbols. */
  build(nowMs: number, queueDelayMs: number): Feedback | undefined {
    if (this.#largest === undefined) return undefined;
    const feedback = this.#feedback;
    const from = this.#reports === 0 ? this.#largest : this.#reported[this.#reports < REPORTS ? 0 : this.#reports % REPORTS]!;
    feedback.bitmapBytes = Math.min(FEEDBACK_BITMAP_BYTES_MAX, Math.max(1, (seqDiff(this.#largest, from) + 7) >> 3));
    feedback.bitmap.fill(0);
    for (let i = 0; i < feedback.bitmapBytes * 8; i++) {
      if (this.#seen[seqAdd(this.#largest, -1 - i) % DATAGRAM_HISTORY]) feedback.bitmap[i >> 3]! |= 1 << (i & 7);
    }
    feedback.largest = this.#largest;
    feedback.ackDelayMs = nowMs - this.#largestAtMs;
    feedback.queueDelayMs = queueDelayMs;
    return feedback;
  }

  /** The feedback that `build` gave last is on its way. */
  onSent(): void {
    this.#eliciting = 0;
    this.#dueMs = Infinity;
    this.#relaxed = true;
    this.#gap = false;
    this.#reported[this.#reports % REPORTS] = this.#largest!;
    this.#reports++;
  }

  /** The path closed: nothing is owed any more. */
  clear(): void {
    this.#eliciting = 0;
    this.#relaxed = true;
    this.#gap = false;
    this.#dueMs = Infinity;
  }
}
