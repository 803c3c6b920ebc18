/** The receiving half of a link: datagrams and records in, messages and feedback out. Composes the two streams. */
import { LossEstimator } from "../control/loss-estimator.js";
import { PatchInterval } from "../control/patch-interval.js";
import { FEEDBACK_SYMBOL_BYTES_MAX, REPAIRS_BURST_MAX, REPAIRS_PER_SECOND_MAX } from "../limits.js";
import type { Seq } from "../seq.js";
import { SampleWindow, type LinkCounters } from "../stats.js";
import { DATAGRAM_HEADER_BYTES, ORDERED, SOURCE_FRAME_HEADER_BYTES } from "../wire/constants.js";
import type { Datagram } from "../wire/datagram-reader.js";
import type { Feedback } from "../wire/datagram-writer.js";
import type { SymbolRecord, UnreliableRecord } from "../wire/reliable-record.js";
import { symbolIsFirst } from "../symbol.js";
import { FeedbackBuilder } from "./feedback-builder.js";
import { MessageQueue, type QueuedMessage } from "./message-queue.js";
import { OneWayDelay } from "./one-way-delay.js";
import { OrderedReceiver, type OrderedFault } from "./ordered-receiver.js";
import { UnreliableReceiver } from "./unreliable-receiver.js";

/**
 * Default time that an unreliable message waits for an earlier ordered one: time for the repairs of two patches, at
 * most this, ms.
 */
const UNRELIABLE_HOLD_INTERVALS = 2.5;
const UNRELIABLE_HOLD_MS_MAX = 75;

export interface ReceiverOptions {
  firstSeq: Seq;
  messageBytesMax: number;
  unreliableHoldMs: number | undefined;
}

export class Receiver {
  readonly applyDelays = new SampleWindow();
  readonly #symbolBitmap = new Uint8Array(FEEDBACK_SYMBOL_BYTES_MAX);
  readonly #feedback: FeedbackBuilder;
  readonly #delay = new OneWayDelay();
  readonly #interval = new PatchInterval();
  readonly #loss = new LossEstimator();
  readonly #ordered: OrderedReceiver;
  readonly #unreliable: UnreliableReceiver;
  readonly #messages = new MessageQueue();
  #repairTokens = REPAIRS_BURST_MAX;
  #repairTokensAtMs = 0;
  #overheadBytes = 0;
  #sentMs = 0;
  /** Datagrams that were passed over since the last patch. */
  #missed = 0;
  /** An unreliable message of the reliable path was above messageBytesMax. */
  #tooLarge = false;

  constructor(
    private readonly options: ReceiverOptions,
    private readonly counters: LinkCounters,
  ) {
    const deliver =
      (ordered: boolean) =>
      (bytes: Uint8Array): void => {
        counters.messagesReceived++;
        this.#messages.push(bytes, ordered);
      };
    this.#feedback = new FeedbackBuilder(options.firstSeq, this.#symbolBitmap);
    this.#ordered = new OrderedReceiver(
      options.firstSeq,
      options.messageBytesMax,
      counters,
      this.applyDelays,
      deliver(true),
    );
    this.#unreliable = new UnreliableReceiver(options.firstSeq, options.messageBytesMax, counters, deliver(false));
  }

  get fault(): OrderedFault | undefined {
    return this.#tooLarge ? "too large" : this.#ordered.fault;
  }

  get symbolsLost(): number {
    return this.#unreliable.lost;
  }

  /** Share of incoming datagrams that did not come by themselves, over the last 10 s; 0..1. */
  lossRatio(nowMs: number): number {
    return this.#loss.longRatio(nowMs);
  }

  open(overheadBytes: number): void {
    this.#ordered.open();
    this.#delay.reset();
    this.#overheadBytes = overheadBytes;
  }

  /** Datagrams take another way: what the last one took says nothing of it. */
  onMove(): void {
    this.#delay.reset();
  }

  close(): void {
    this.#feedback.clear();
  }

  /**
   * Takes a datagram's header and counts it; carrierMs as FeedbackBuilder.onEliciting. False: a duplicate, its frames
   * must not be read. @param carried by the reliable path.
   */
  onDatagram(datagram: Datagram, bytes: number, carried: boolean, carrierMs: number, nowMs: number): boolean {
    const skipped = this.#feedback.onDatagram(datagram.number16, carried, nowMs);
    if (skipped === "duplicate") {
      this.counters.datagramsDuplicate++;
      return false;
    }
    this.#sentMs = carried
      ? this.#delay.sentMs(datagram.sentAt16, nowMs)
      : this.#delay.onDatagram(datagram.sentAt16, nowMs);
    if (skipped === "late") this.#loss.forgive();
    else {
      this.#missed += skipped;
      for (let i = 0; i < skipped; i++) this.#loss.add(true, nowMs);
    }
    if (!carried) this.#loss.add(false, nowMs);
    const { counters } = this;
    counters.datagramsReceived++;
    counters.wireBytesReceived += bytes + this.#overheadBytes;
    let sourceBytes = 0,
      eliciting = false,
      ordered = false,
      ping = false;
    for (const frame of datagram.frames) {
      if (frame.kind === "feedback") continue;
      eliciting = true;
      if (frame.kind === "ping") ping = true;
      else if (frame.kind === "source" && frame.stream === ORDERED) ordered = true;
      if (frame.kind === "source" && !frame.retransmitted)
        sourceBytes += SOURCE_FRAME_HEADER_BYTES + frame.end - frame.start;
    }
    if (sourceBytes > 0) counters.sourceBytesReceived += sourceBytes + DATAGRAM_HEADER_BYTES + this.#overheadBytes;
    if (ping) this.#feedback.onPing(nowMs);
    // A lone PING is no patch: another need not follow.
    if (eliciting)
      this.#feedback.onEliciting(
        !ordered && !ping,
        ordered ? this.#interval.ms : Infinity,
        this.#interval.deviationMs,
        carrierMs,
        nowMs,
      );
    return true;
  }

  /** Takes the SOURCE and REPAIR frames of the datagram that `onDatagram` took last. */
  onFrames(datagram: Datagram, nowMs: number): void {
    const holdMs = this.#holdMs;
    for (const frame of datagram.frames) {
      if (frame.kind === "source") {
        if (frame.stream === ORDERED) {
          if (!frame.retransmitted && symbolIsFirst(frame.bytes, frame.start)) {
            this.#interval.onPatch(nowMs, this.#missed);
            this.#missed = 0;
          }
          this.#ordered.onSource(frame, this.#sentMs, nowMs);
        } else this.#unreliable.onSource(frame, this.#ordered.next, holdMs, nowMs);
      } else if (frame.kind === "repair") {
        if (!this.#repairAllowed(nowMs)) this.counters.framesIgnored++;
        else if (frame.stream === ORDERED) this.#ordered.onRepair(frame, nowMs);
        else this.#unreliable.onRepair(frame, this.#ordered.next, holdMs, nowMs);
      }
      if (this.#ordered.fault) return;
    }
    this.#unreliable.release(this.#ordered.next, nowMs);
  }

  onRecord(record: SymbolRecord | UnreliableRecord, nowMs: number): void {
    if (record.kind === "symbol") {
      this.#ordered.onRecord(record, nowMs);
      if (!this.#ordered.fault) this.#unreliable.release(this.#ordered.next, nowMs);
    } else if (record.payload.length > this.options.messageBytesMax) {
      this.#tooLarge = true;
    } else {
      this.#unreliable.onRecord(record.barrier, record.payload, this.#ordered.next, this.#holdMs, nowMs);
    }
  }

  onTimeout(nowMs: number): void {
    if (this.#unreliable.deadlineMs <= nowMs) this.#unreliable.release(this.#ordered.next, nowMs);
  }

  nextTimeMs(): number {
    return Math.min(this.#feedback.dueMs, this.#unreliable.deadlineMs);
  }

  /** The object is reused by the next call. */
  pollMessage(): QueuedMessage | undefined {
    return this.#messages.shift();
  }

  get feedbackDueMs(): number {
    return this.#feedback.dueMs;
  }

  /** Feedback if there is something new to tell: reused, valid until the next call. */
  buildFeedback(nowMs: number): Feedback | undefined {
    const feedback = this.#feedback.pending(nowMs) ? this.#feedback.build(nowMs, this.#delay.queueMs) : undefined;
    if (!feedback) return undefined;
    feedback.next = this.#ordered.next;
    feedback.symbolBytes = this.#ordered.fillBitmap(this.#symbolBitmap);
    return feedback;
  }

  onFeedbackSent(): void {
    this.#feedback.onSent();
  }

  /**
   * Whether the work of one more repair is affordable: solving is what costs, and an authentic peer can still be a
   * hostile one.
   */
  #repairAllowed(nowMs: number): boolean {
    this.#repairTokens = Math.min(
      REPAIRS_BURST_MAX,
      this.#repairTokens + ((nowMs - this.#repairTokensAtMs) * REPAIRS_PER_SECOND_MAX) / 1000,
    );
    this.#repairTokensAtMs = nowMs;
    if (this.#repairTokens < 1) return false;
    this.#repairTokens--;
    return true;
  }

  get #holdMs(): number {
    return (
      this.options.unreliableHoldMs ?? Math.min(UNRELIABLE_HOLD_MS_MAX, UNRELIABLE_HOLD_INTERVALS * this.#interval.ms)
    );
  }
}
