/**
 * The record of sent datagrams: which the peer got, which are lost. Loss is found by datagram number and time, as in
 * RACK (RFC 8985 section 6) and RFC 9002 section 6.1: a datagram is lost once one sent a reordering window later
 * arrived. Knows which symbols a datagram carried, not what they are; decides nothing about sending again.
 */
import { SENT_DATAGRAMS_MAX } from "../limits.js";
import { seqAdd, seqDiff, seqExpand, type Seq } from "../seq.js";
import type { FeedbackFrame } from "../wire/datagram-reader.js";

/** Reordering that is always forgiven, ms: datagrams of one tick overtake each other in drivers and queues. */
const REORDER_MS_MIN = 4;

/** A datagram that the reliable path carries is waited for this long, ms; feedback may have passed over it. */
const CARRIED_MS_MAX = 2000;

/** Reordering that is forgiven at most, ms, and no more than a round trip (RFC 8985 section 6.2 step 4). */
const REORDER_MS_MAX = 250;

/**
 * The reordering window grows by this share of what a spurious loss was late beyond it, and shrinks by that share of
 * itself with every acknowledgement: so about one datagram in 100 is called lost too early where the network reorders,
 * and a loss is not found later than reordering makes necessary.
 */
const REORDER_GROWTH = 0.5;
const REORDER_SHRINKING = 1 / 8192;

export interface SentDatagram {
  number: Seq;
  sentMs: number;
  /** carried: outstanding, but on the reliable path, where it cannot be lost. */
  state: "unused" | "outstanding" | "carried" | "acknowledged" | "lost" | "abandoned";
  /** The reliable path carried it: what became of it says nothing of the channel. */
  carried: boolean;
  /**
   * The peer said that it had not come. Feedback may be lost: of what none spoke nothing is known, and it counts
   * neither as lost nor as received.
   */
  told: boolean;
  eliciting: boolean;
  /** Unreliable symbols in its SOURCE frames: they follow each other. */
  unreliableFirst: Seq;
  unreliableCount: number;
}

/** What one FEEDBACK frame changed. The arrays are reused: valid until the next call. */
export interface FeedbackOutcome {
  acknowledged: SentDatagram[];
  lost: SentDatagram[];
  /** Datagrams that had been called lost, as the peer had said, and came after all. */
  spurious: number;
  /**
   * Round trip of the largest, if the frame acknowledged it for the first time: ms, peer's delay taken off; else
   * undefined.
   */
  rttMs: number | undefined;
}

export class SentDatagrams {
  readonly #ring: SentDatagram[] = [];
  #next: Seq;
  #oldest: Seq;
  #outstandingFrom: Seq;
  #elicitingFrom: Seq;
  /** No older datagram waits on the reliable path, which keeps the order. */
  #carriedFrom: Seq;
  #largestAcked: Seq | undefined;
  #newestAckedSentMs = -Infinity;
  #rackRttMs = 0;
  #reorderMs = REORDER_MS_MIN;
  #acknowledgedCount = 0;
  readonly #outcome: FeedbackOutcome = { acknowledged: [], lost: [], spurious: 0, rttMs: undefined };

  /** @param firstNumber number of the first datagram. */
  constructor(firstNumber: Seq = 0) {
    this.#next = this.#oldest = this.#outstandingFrom = this.#elicitingFrom = this.#carriedFrom = firstNumber;
    for (let i = 0; i < SENT_DATAGRAMS_MAX; i++) {
      this.#ring.push({
        number: 0,
        sentMs: 0,
        state: "unused",
        carried: false,
        told: false,
        eliciting: false,
        unreliableFirst: 0,
        unreliableCount: 0,
      });
    }
  }

  /** Time by which datagrams overtake each other, beyond the least, that is no loss yet, ms. */
  get reorderMs(): number {
    return this.#reorderMs - REORDER_MS_MIN;
  }

  /** Number of the next datagram. */
  get nextNumber(): Seq {
    return this.#next;
  }

  /**
   * Opens the record of the next datagram. A record that is still outstanding after so many more is forgotten. @param
   * carried by the reliable path.
   */
  add(nowMs: number, carried = false): SentDatagram {
    const record = this.#at(this.#next);
    record.number = this.#next;
    record.sentMs = nowMs;
    record.state = carried ? "carried" : "outstanding";
    record.carried = carried;
    record.told = false;
    record.eliciting = false;
    record.unreliableCount = 0;
    this.#next = seqAdd(this.#next, 1);
    if (seqDiff(this.#next, this.#oldest) > SENT_DATAGRAMS_MAX) this.#oldest = seqAdd(this.#oldest, 1);
    return record;
  }

  /**
   * Expects no answer any more to what was sent so far: the path that it went by is gone, and says nothing of the next.
   */
  abandon(): void {
    for (let n = this.#firstOutstanding(); n !== this.#next; n = seqAdd(n, 1)) {
      const record = this.#at(n);
      if (record.state === "outstanding") record.state = "abandoned";
    }
  }

  /** Takes one FEEDBACK frame. Undefined if it speaks of datagrams that were never sent. */
  onFeedback(frame: FeedbackFrame, nowMs: number): FeedbackOutcome | undefined {
    const outcome = this.#outcome;
    this.#acknowledgedCount = outcome.lost.length = outcome.spurious = 0;
    outcome.rttMs = undefined;
    const largest = seqExpand(frame.largest16, seqAdd(this.#next, -1));
    if (seqDiff(largest, this.#next) >= 0) return undefined;
    this.#acknowledge(largest, nowMs, frame.ackDelayMs);
    // Behind a datagram that the reliable path brought, the newest of the channel's is as late as the feedback at most.
    const ackDelayMs = this.#at(largest).carried ? 0 : undefined;
    for (let i = 0; i < frame.bitmap.length * 8; i++) {
      const number = seqAdd(largest, -1 - i);
      if ((frame.bitmap[i >> 3]! >> (i & 7)) & 1) this.#acknowledge(number, nowMs, ackDelayMs);
      else if (this.#at(number).number === number) this.#at(number).told = true;
    }
    // Cut at the end, not emptied before: an emptied array lets go of its memory.
    outcome.acknowledged.length = this.#acknowledgedCount;
    this.#detectLosses(nowMs);
    return outcome;
  }

  /** Datagrams called lost because their time ran out; call when `lossTimeMs` has come. */
  onTimeout(nowMs: number): FeedbackOutcome {
    const outcome = this.#outcome;
    outcome.acknowledged.length = outcome.lost.length = outcome.spurious = 0;
    outcome.rttMs = undefined;
    this.#detectLosses(nowMs);
    return outcome;
  }

  /** When the oldest datagram older than an acknowledged one will be called lost, ms; Infinity if there is none. */
  get lossTimeMs(): number {
    if (this.#largestAcked === undefined) return Infinity;
    const first = this.#firstOutstanding();
    if (seqDiff(first, this.#largestAcked) >= 0) return Infinity;
    return this.#at(first).sentMs + this.#rackRttMs + this.#reorderMs;
  }

  /** When the oldest eliciting datagram without an acknowledgement was sent, ms; Infinity if there is none. */
  get oldestElicitingMs(): number {
    if (seqDiff(this.#elicitingFrom, this.#oldest) < 0) this.#elicitingFrom = this.#oldest;
    for (; this.#elicitingFrom !== this.#next; this.#elicitingFrom = seqAdd(this.#elicitingFrom, 1)) {
      const record = this.#at(this.#elicitingFrom);
      if (record.state === "outstanding" && record.eliciting) return record.sentMs;
      // The newest may yet become eliciting: its frames are being written.
      if (seqAdd(this.#elicitingFrom, 1) === this.#next) break;
    }
    return Infinity;
  }

  /**
   * How long the oldest datagram that the reliable path carries, and that asks for an answer, has gone without, ms; 0
   * if there is none.
   */
  carriedAgeMs(nowMs: number): number {
    if (seqDiff(this.#carriedFrom, this.#oldest) < 0) this.#carriedFrom = this.#oldest;
    for (; this.#carriedFrom !== this.#next; this.#carriedFrom = seqAdd(this.#carriedFrom, 1)) {
      const record = this.#at(this.#carriedFrom);
      if (record.state === "carried" && record.eliciting && nowMs - record.sentMs < CARRIED_MS_MAX)
        return nowMs - record.sentMs;
    }
    return 0;
  }

  #acknowledge(number: Seq, nowMs: number, ackDelayMs: number | undefined): void {
    if (seqDiff(number, this.#oldest) < 0 || seqDiff(number, this.#next) >= 0) return;
    const record = this.#at(number);
    if (record.number !== number || record.state === "acknowledged") return;
    if (record.carried) {
      // Which of two paths was faster says nothing of losses, and nothing of the channel's round trip.
      if (seqDiff(number, this.#carriedFrom) >= 0) this.#carriedFrom = seqAdd(number, 1);
      record.state = "acknowledged";
      this.#outcome.acknowledged[this.#acknowledgedCount++] = record;
      return;
    }
    if (record.state === "lost" && record.told) {
      this.#outcome.spurious++;
      this.#widenReorder(nowMs - record.sentMs - this.#rackRttMs);
    } else {
      this.#reorderMs -= (this.#reorderMs - REORDER_MS_MIN) * REORDER_SHRINKING;
    }
    record.state = "acknowledged";
    this.#outcome.acknowledged[this.#acknowledgedCount++] = record;
    if (record.sentMs >= this.#newestAckedSentMs) {
      this.#newestAckedSentMs = record.sentMs;
      this.#rackRttMs = nowMs - record.sentMs;
    }
    if (this.#largestAcked === undefined || seqDiff(number, this.#largestAcked) > 0) {
      this.#largestAcked = number;
      if (ackDelayMs !== undefined && record.eliciting)
        this.#outcome.rttMs = Math.max(0.1, nowMs - record.sentMs - ackDelayMs);
    }
  }

  #detectLosses(nowMs: number): void {
    if (this.#largestAcked === undefined) return;
    let settled = true;
    for (let n = this.#oldest; seqDiff(n, this.#largestAcked) < 0; n = seqAdd(n, 1)) {
      const record = this.#at(n);
      if (record.state === "outstanding") {
        if (record.sentMs + this.#rackRttMs + this.#reorderMs <= nowMs) {
          record.state = "lost";
          this.#outcome.lost.push(record);
        } else {
          settled = false;
        }
      } else if (record.state === "carried") {
        settled = false;
      }
      // Settled records stay for a while: an acknowledgement may still prove a loss spurious.
      if (settled && nowMs - record.sentMs > 2 * REORDER_MS_MAX + this.#rackRttMs) this.#oldest = seqAdd(n, 1);
    }
  }

  /** The oldest outstanding datagram, or the next number; remembers how far it looked. */
  #firstOutstanding(): Seq {
    if (seqDiff(this.#outstandingFrom, this.#oldest) < 0) this.#outstandingFrom = this.#oldest;
    while (this.#outstandingFrom !== this.#next && this.#at(this.#outstandingFrom).state !== "outstanding") {
      this.#outstandingFrom = seqAdd(this.#outstandingFrom, 1);
    }
    return this.#outstandingFrom;
  }

  #widenReorder(lateMs: number): void {
    const wantedMs = Math.min(REORDER_MS_MAX, lateMs, Math.max(REORDER_MS_MIN, this.#rackRttMs));
    if (wantedMs > this.#reorderMs) this.#reorderMs += (wantedMs - this.#reorderMs) * REORDER_GROWTH;
  }

  #at(number: Seq): SentDatagram {
    return this.#ring[number % SENT_DATAGRAMS_MAX]!;
  }
}
