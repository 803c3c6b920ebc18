/**
 * What the peer must be told of incoming datagrams: which came, how long ago, and whether they queue
 * (docs/WIRE-FORMAT.md section 2.3; RFC 9000 section 13.2 on when to acknowledge). Knows no symbols.
 */
import {
  DATAGRAM_HISTORY,
  FEEDBACK_BITMAP_BYTES_MAX,
  FEEDBACK_DELAY_MS_MAX,
  FEEDBACK_RELAXED_DELAY_MS_MAX,
} from "../limits.js";
import { seqAdd, seqDiff, seqExpand, type Seq } from "../seq.js";
import type { Feedback } from "../wire/datagram-writer.js";

/**
 * Eliciting datagrams after which feedback goes out at once; and if none of them held anything that can be sent again.
 */
const ELICITING_MAX = 2;
const ELICITING_RELAXED_MAX = 8;

/** The same where datagrams of this end's own carry feedback: a bound for when they stop. */
const ELICITING_CARRIED_MAX = 16;

/**
 * How long a gap usually stays before a late datagram fills it: grows by this share of what one was later, shrinks by
 * that share with every datagram.
 */
const GAP_GROWTH = 0.5;
const GAP_SHRINKING = 1 / 1024;

/** Each datagram is reported this often, so that lost feedback does not look like lost data. */
const REPORTS = 4;

/**
 * A patch that is so late, ms, is worth saying that nothing came: what the peer's timeout has above the round trip, and
 * the reordering that it forgives, so that it takes the patch for overdue; more where patches come irregularly. And
 * again after so long, as long as nothing comes, so many times: then it is silence, not an outage.
 */
const SILENCE_SLACK_MS_MIN = 7;
const SILENCE_SLACK_MS_MAX = 25;
const SILENCE_SLACK_DEVIATIONS = 4;
const SILENCE_REPEAT_MS = 20;
const SILENCES_MAX = 12;
/** No silence is spoken of before so many gaps more than pauses were seen. */
const DOUBT_MAX = 4;

/** How many numbers an incoming datagram skipped, or that it filled a gap, or that it must be dropped. */
export type DatagramFate = number | "late" | "duplicate";

export class FeedbackBuilder {
  readonly #seen = new Uint8Array(DATAGRAM_HISTORY);
  /** When each number that is not seen was passed over, ms; Infinity: by the reliable path. */
  readonly #passedMs = new Float64Array(DATAGRAM_HISTORY);
  #largest: Seq | undefined;
  #largestAtMs = 0;
  #eliciting = 0;
  /**
   * A gap or a late datagram: worth telling at once, but only with what asks for it, or feedback would answer feedback
   * (RFC 9000 section 13.2.1).
   */
  #gap = false;
  /** Gaps that are filled by late datagrams are no news: where the network reorders, they wait this long, ms. */
  #gapMs = 0;
  /** Nothing that waits to be told can be sent again. */
  #relaxed = true;
  #dueMs = Infinity;
  /** When to say that nothing came, though it should have; Infinity if nothing is expected. */
  #silentAtMs = Infinity;
  /** Feedback that said so since the last new datagram. */
  #silences = 0;
  /** How much speaks for a game that pauses, and not for an outage: each step halves what is said into a silence. */
  #doubt = DOUBT_MAX;
  #builtMs = 0;
  /** The largest number at the last few feedbacks: a ring. */
  readonly #reported = new Uint32Array(REPORTS);
  #reports = 0;
  readonly #near: Seq;
  readonly #feedback: Feedback;

  /** @param firstNumber number of the peer's first datagram. @param symbolBitmap filled by the caller. */
  constructor(firstNumber: Seq, symbolBitmap: Uint8Array) {
    this.#near = firstNumber;
    this.#feedback = {
      largest: 0,
      bitmapBytes: 0,
      bitmap: new Uint8Array(FEEDBACK_BITMAP_BYTES_MAX),
      ackDelayMs: 0,
      queueDelayMs: 0,
      next: 0,
      symbolBytes: 0,
      symbolBitmap,
    };
  }

  /**
   * Takes the number of an incoming datagram. A duplicate, or one too old to tell, must be dropped.
   * @param carried by the reliable path: those that it overtook are still in the channel, neither lost nor late.
   */
  onDatagram(number16: number, carried: boolean, nowMs: number): DatagramFate {
    const number = seqExpand(number16, this.#largest ?? this.#near);
    const ahead = this.#largest === undefined ? 1 : seqDiff(number, this.#largest);
    if (ahead <= -DATAGRAM_HISTORY) return "duplicate";
    if (ahead > 0) {
      this.#passOver(ahead, carried ? Infinity : nowMs);
      this.#gapMs -= this.#gapMs * GAP_SHRINKING;
      if (ahead > 1 && this.#largest !== undefined && !carried) this.#gap = true;
      if (ahead > 1) this.#doubt = Math.max(0, this.#doubt - 1);
      else if (this.#silences > 0) this.#doubt = Math.min(DOUBT_MAX, this.#doubt + 1);
      this.#silences = 0;
      const skipped = this.#largest === undefined || carried ? 0 : Math.min(ahead - 1, DATAGRAM_HISTORY);
      this.#largest = number;
      this.#largestAtMs = nowMs;
      this.#seen[number % DATAGRAM_HISTORY] = 1;
      return skipped;
    }
    if (this.#seen[number % DATAGRAM_HISTORY]) return "duplicate";
    this.#seen[number % DATAGRAM_HISTORY] = 1;
    const lateMs = nowMs - this.#passedMs[number % DATAGRAM_HISTORY]!;
    if (lateMs === -Infinity) return 0;
    if (carried) return "late";
    // The peer may be about to send its symbols again.
    this.#gap = true;
    if (lateMs > this.#gapMs)
      this.#gapMs = Math.min(FEEDBACK_DELAY_MS_MAX, this.#gapMs + (lateMs - this.#gapMs) * GAP_GROWTH);
    return "late";
  }

  /**
   * The datagram holds frames that ask for feedback.
   * @param relaxed true: none of them is an ordered source or a PING, so nobody waits for it.
   * @param intervalMs usual time until the next; Infinity: none is expected. @param deviationMs how far that usually
   * strays.
   * @param carrierMs usual time until a datagram of this end's own that can carry the feedback; Infinity if it sends
   * none.
   */
  onEliciting(relaxed: boolean, intervalMs: number, deviationMs: number, carrierMs: number, nowMs: number): void {
    this.#eliciting++;
    if (!relaxed) {
      this.#relaxed = false;
      this.#silentAtMs =
        this.#doubt < DOUBT_MAX
          ? nowMs +
            intervalMs +
            Math.min(SILENCE_SLACK_MS_MAX, Math.max(SILENCE_SLACK_MS_MIN, SILENCE_SLACK_DEVIATIONS * deviationMs))
          : Infinity;
    }
    const delayMs = relaxed ? FEEDBACK_RELAXED_DELAY_MS_MAX : FEEDBACK_DELAY_MS_MAX;
    // Waiting saves a datagram only if another comes in time, or one of this end's own goes.
    const carried = carrierMs <= FEEDBACK_DELAY_MS_MAX && this.#eliciting < ELICITING_CARRIED_MAX;
    if (this.#gap) this.#dueMs = this.#gapMs >= 1 ? Math.min(this.#dueMs, nowMs + this.#gapMs) : nowMs;
    else if (
      !carried &&
      (this.#eliciting >= (relaxed ? ELICITING_RELAXED_MAX : ELICITING_MAX) || (!relaxed && intervalMs > delayMs))
    )
      this.#dueMs = nowMs;
    else this.#dueMs = Math.min(this.#dueMs, nowMs + delayMs);
  }

  /**
   * Notes that the numbers between the largest and the one `ahead` of it are missing since then, ms; Infinity: they are
   * not.
   */
  #passOver(ahead: number, sinceMs: number): void {
    if (this.#largest === undefined || ahead >= DATAGRAM_HISTORY) {
      this.#seen.fill(0);
      this.#passedMs.fill(sinceMs);
      return;
    }
    for (let i = 1; i < ahead; i++) {
      const slot = seqAdd(this.#largest, i) % DATAGRAM_HISTORY;
      this.#seen[slot] = 0;
      this.#passedMs[slot] = sinceMs;
    }
  }

  /** A PING asks for feedback now. */
  onPing(nowMs: number): void {
    this.#dueMs = nowMs;
  }

  /** When feedback goes out even alone, ms. */
  get dueMs(): number {
    return Math.min(this.#dueMs, this.#silentAtMs);
  }

  /** True if there is something to tell that is worth its bytes in the next datagram. */
  pending(nowMs: number): boolean {
    return (
      this.dueMs <= nowMs ||
      this.#silences > 0 ||
      (this.#dueMs !== Infinity && (!this.#relaxed || this.#eliciting >= ELICITING_RELAXED_MAX / 2))
    );
  }

  /** The feedback as of now, reused: valid until the next call. The caller fills what concerns symbols. */
  build(nowMs: number, queueDelayMs: number): Feedback | undefined {
    if (this.#largest === undefined) return undefined;
    this.#builtMs = nowMs;
    const feedback = this.#feedback;
    const from =
      this.#reports === 0 ? this.#largest : this.#reported[this.#reports < REPORTS ? 0 : this.#reports % REPORTS]!;
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
    if (this.#silentAtMs <= this.#builtMs)
      this.#silentAtMs = ++this.#silences < SILENCES_MAX >> this.#doubt ? this.#builtMs + SILENCE_REPEAT_MS : Infinity;
    if (this.#silentAtMs === Infinity) this.#silences = 0;
    // Repeated in a silence, it takes no report from an earlier datagram.
    if (this.#reports > 0 && this.#reported[(this.#reports - 1) % REPORTS] === this.#largest) return;
    this.#reported[this.#reports % REPORTS] = this.#largest!;
    this.#reports++;
  }

  /** The path closed: nothing is owed any more. */
  clear(): void {
    this.#eliciting = 0;
    this.#relaxed = true;
    this.#gap = false;
    this.#dueMs = Infinity;
    this.#silentAtMs = Infinity;
    this.#silences = 0;
  }
}
