/**
 * The sending half of a link: sequences messages, fills datagrams, sends again what is lost, plans repair.
 * Retransmission follows RFC 9002 (sections 6.1 and 6.2) with the difference that what is sent again is a symbol and
 * that a symbol which does not come through goes to the reliable path. Knows no channel and no clock.
 */
import {
  DELAY_MS_TOLD_MAX,
  ENCODING_WINDOW_SYMBOLS_MAX,
  FEEDBACK_DELAY_MS_MAX,
  FEEDBACK_RELAXED_DELAY_MS_MAX,
  MESSAGE_FRAGMENTS_MAX,
  REPAIR_SPAN_MAX,
  SYMBOL_HEADER_BYTES,
  SYMBOL_PAYLOAD_BYTES_MAX,
  SYMBOL_SENDS_MAX,
} from "../limits.js";
import type { LossEstimator } from "../control/loss-estimator.js";
import type { RttEstimator } from "../control/rtt-estimator.js";
import { seqAdd, type Seq } from "../seq.js";
import type { LinkCounters } from "../stats.js";
import type { RepairSymbol } from "../symbol.js";
import {
  BARRIER_BYTES,
  DATAGRAM_HEADER_BYTES,
  ORDERED,
  REPAIR_FRAME_HEADER_BYTES,
  UNRELIABLE,
  type StreamId,
} from "../wire/constants.js";
import type { FeedbackFrame } from "../wire/datagram-reader.js";
import {
  DatagramWriter,
  feedbackFrameBytes,
  repairFrameBytes,
  sourceFrameBytes,
  type Feedback,
} from "../wire/datagram-writer.js";
import { OrderedBuffer, fragmentCount, type OutgoingSymbol } from "./ordered-buffer.js";
import { PatchInterval } from "../control/patch-interval.js";
import { RepairPlanner, type RepairPolicy } from "./repair-planner.js";
import { RetransmissionQueue } from "./retransmission-queue.js";
import { SentDatagrams, type FeedbackOutcome, type SentDatagram } from "./sent-datagrams.js";
import { UnreliableBuffer, type UnreliableSymbol } from "./unreliable-buffer.js";

/** Weight of one source in the mean of repairs per source. */
const RATE_WEIGHT = 1 / 32;

/** Longest that a symbol is the datagram path's business alone: this many retransmission timeouts, and a little, ms. */
const RESCUE_TIMEOUTS = 3,
  RESCUE_SLACK_MS = 70;

/** The peer's timer may be late by so much with feedback on a tail, ms: a browser's by 4 and more. */
const PEER_TIMER_MS = 10;

/**
 * A queue that fills and drains makes RTTVAR seconds: a tail is probed so soon all the same, ms, for little is sent by
 * then and a datagram a second costs nothing.
 */
const PROBE_MS_MAX = 1000;

/** Least interval between probes for symbols that only the WebSocket carries, ms: it does not acknowledge them. */
const KEPT_PROBE_MS_MIN = 500;

/** While the peer hears nothing, overdue symbols are sent again this often, ms; behind a queue as often as it is long. */
const RESEND_IN_SILENCE_MS = 30;

/**
 * Where the channel stands still, what is unanswered for so much longer than the least round trip goes by the reliable
 * path as well, ms.
 */
const CARRIED_SLACK_MS = 100;

/** Unreliable symbols are worth repairing this long, ms: then newer values have come. */
const UNRELIABLE_REPAIR_MS = 100;

export class Sender {
  readonly ordered: OrderedBuffer;
  readonly unreliable: UnreliableBuffer;
  readonly datagrams: SentDatagrams;
  readonly interval = new PatchInterval();
  #lastSourceMs = -Infinity;
  readonly #planners: readonly [RepairPlanner, RepairPlanner] = [new RepairPlanner(true), new RepairPlanner(false)];
  readonly #onLost = (slot: OutgoingSymbol): void => void this.#retransmissions.add(slot);
  readonly #onAcknowledged = (seq: Seq): void => this.#planners[ORDERED].onGone(seq);
  readonly #unreliableSent: { seq: Seq; sentMs: number }[] = [];
  readonly #retransmissions: RetransmissionQueue;
  /** True if the datagram that `poll` gave last holds the feedback. */
  feedbackWritten = false;
  #writer: DatagramWriter | undefined;
  #overheadBytes = 0;
  #lastElicitingMs = -Infinity;
  #pingWanted = false;
  #roomWanted = false;
  /** Wire bytes of repairs and of retransmissions sent so far, a datagram's headers where it carried nothing else. */
  repairBytesSent = 0;
  resentBytesSent = 0;
  /** Repairs per source datagram, lately. */
  codeRate = 0;

  /** @param recordPayloadMax most that the reliable path carries of one symbol, bytes: any may have to go by it. */
  constructor(
    firstSeq: Seq,
    private readonly rtt: RttEstimator,
    private readonly loss: LossEstimator,
    private readonly counters: LinkCounters,
    private readonly recordPayloadMax = Infinity,
  ) {
    this.ordered = new OrderedBuffer(firstSeq);
    this.#retransmissions = new RetransmissionQueue(this.ordered);
    this.unreliable = new UnreliableBuffer(firstSeq);
    this.datagrams = new SentDatagrams(firstSeq);
  }

  /**
   * The datagram path opened: datagrams of at most mtuBytes, each costing overheadBytes more on the wire. What an
   * earlier path owes is void.
   */
  open(mtuBytes: number, overheadBytes: number): void {
    this.datagrams.abandon();
    this.#writer = new DatagramWriter(mtuBytes);
    this.#overheadBytes = overheadBytes;
    for (const planner of this.#planners) planner.open(DATAGRAM_HEADER_BYTES + overheadBytes);
  }

  setPolicy(policy: RepairPolicy): void {
    this.#planners[ORDERED].setPolicy(policy);
    // A generation over unreliable symbols would close too late to be of use: they get the newest-first schedule.
    this.#planners[UNRELIABLE].setPolicy(
      policy.kind === "generation"
        ? { kind: "sliding", codeRate: 1 / policy.groupSize, depth: 1, separate: false }
        : policy,
    );
  }

  /** True if a message of `length` bytes may go by datagram now: not bulk, and within the ordered window. */
  fits(length: number): boolean {
    const fragments = fragmentCount(length, this.#payloadMax);
    return fragments <= MESSAGE_FRAGMENTS_MAX && this.ordered.hasRoom(fragments);
  }

  push(message: Uint8Array): void {
    this.ordered.push(message, this.#payloadMax);
  }

  /** False if it is bulk: too long for the datagram path. */
  pushUnreliable(message: Uint8Array): boolean {
    if (fragmentCount(message.length + BARRIER_BYTES, this.#payloadMax) > MESSAGE_FRAGMENTS_MAX) return false;
    this.unreliable.push(message, this.ordered.nextSeq, this.#payloadMax);
    return true;
  }

  /** The ordered window is full as far as this end knows: asks what the peer has by now, once a round trip. */
  askForRoom(): void {
    this.#roomWanted = true;
  }

  /** Asks the peer for feedback with the next datagram. */
  ping(): void {
    this.#pingWanted = true;
  }

  /** Gives every unacknowledged ordered symbol to `carry`, oldest first, and forgets it. */
  carryOrdered(carry: (slot: OutgoingSymbol) => void): void {
    this.ordered.forEach((slot) => {
      if (!slot.rescued) carry(slot);
    });
    this.ordered.clear();
    this.#planners[ORDERED].clear();
    this.#retransmissions.clear();
  }

  /**
   * No datagram passes any more: gives every unacknowledged ordered symbol to `carry` and keeps it. The reliable path
   * has it now, but where that is the slower one, as TCP is that backs off, datagrams bring it once they pass again.
   */
  keepOrdered(nowMs: number, carry: (slot: OutgoingSymbol) => void): void {
    this.ordered.forEach((slot) => {
      if (!slot.rescued) carry(slot);
      this.ordered.onKept(slot, nowMs);
    });
    this.#planners[ORDERED].clear();
    this.#retransmissions.clear();
  }

  /** The same for what was pushed since. */
  keepNew(nowMs: number, carry: (slot: OutgoingSymbol) => void): void {
    for (let slot = this.ordered.peekNew(); slot; slot = this.ordered.peekNew()) {
      carry(slot);
      this.ordered.onKept(slot, nowMs);
    }
  }

  /** Forgets the unreliable symbols that repair still covers. */
  clearUnreliable(): void {
    this.#planners[UNRELIABLE].clear();
    this.#unreliableSent.length = 0;
  }

  /** Usual time until the next datagram with sources, ms; Infinity if lately there was none. */
  carrierMs(nowMs: number): number {
    const { ms } = this.interval;
    return nowMs - this.#lastSourceMs <= 2 * ms ? ms : Infinity;
  }

  /**
   * Takes a FEEDBACK frame. Undefined if it speaks of what was never sent. @param carried it came by the reliable path,
   * and so late.
   */
  onFeedback(frame: FeedbackFrame, carried: boolean, nowMs: number): FeedbackOutcome | undefined {
    const outcome = this.datagrams.onFeedback(frame, nowMs);
    if (!outcome) return undefined;
    this.ordered.onFeedback(frame, this.#onAcknowledged);
    if (outcome.rttMs !== undefined && !carried && frame.ackDelayMs < DELAY_MS_TOLD_MAX)
      this.rtt.add(outcome.rttMs, nowMs, frame.ackDelayMs);
    this.#settle(outcome, nowMs);
    this.#resendOverdue(frame.ackDelayMs, nowMs);
    return outcome;
  }

  /** Calls losses by time, probes a silent tail, and gives the symbols that now need the reliable path to `rescue`. */
  onTimeout(nowMs: number, rescue: (slot: OutgoingSymbol) => void): void {
    if (this.datagrams.lossTimeMs <= nowMs) this.#settle(this.datagrams.onTimeout(nowMs), nowMs);
    if (this.#probeTimeMs <= nowMs) {
      this.#lastElicitingMs = nowMs;
      const oldest = this.ordered.oldest;
      if (!oldest || !this.#retransmissions.add(oldest)) this.#pingWanted = true;
    }
    if (this.#rescueTimeMs <= nowMs) {
      this.ordered.forEach((slot) => {
        if (slot.sends > 0 && !slot.rescued && this.#rescueAtMs(slot) <= nowMs) {
          slot.rescued = true;
          rescue(slot);
        }
      });
    }
  }

  /** When `onTimeout` or `poll` has something to do, ms. */
  nextTimeMs(): number {
    return Math.min(
      this.datagrams.lossTimeMs,
      this.#probeTimeMs,
      this.#roomWanted ? this.#lastElicitingMs + this.rtt.srttMs : Infinity,
      this.#rescueTimeMs,
      this.#planners[ORDERED].dueMs,
      this.#planners[UNRELIABLE].dueMs,
    );
  }

  /**
   * The next datagram, or undefined: a view valid until the next call.
   * @param feedback put in if there is room and anything is sent; @param feedbackDue true: sent even alone.
   * @param carried the reliable path carries it: no repair, no probe, and nothing that it carries already.
   */
  poll(nowMs: number, feedback: Feedback | undefined, feedbackDue: boolean, carried = false): Uint8Array | undefined {
    const writer = this.#writer;
    if (!writer) return undefined;
    if (carried) this.#resendUnanswered(nowMs);
    if (this.#roomWanted && this.#lastElicitingMs + this.rtt.srttMs <= nowMs) this.#pingWanted = true;
    const hasSymbols =
      this.#retransmissions.next(carried) !== undefined || this.ordered.hasNew || this.unreliable.peek() !== undefined;
    const repair = hasSymbols || carried ? undefined : this.#takeDueRepair(nowMs);
    const ping = this.#pingWanted && !carried;
    if (!hasSymbols && !repair && !ping && !(feedback && feedbackDue)) return undefined;
    const record = this.datagrams.add(nowMs, carried);
    writer.begin(record.number, nowMs);
    if (repair) {
      this.#writeRepair(repair.stream, repair.symbol, writer, record);
      this.#noteRepair(repairFrameBytes(repair.symbol) + DATAGRAM_HEADER_BYTES + this.#overheadBytes);
    }
    const resentBytes = this.#writeRetransmissions(writer, record, nowMs);
    const sourceBytes = this.#writeSources(writer, record, nowMs);
    if (resentBytes > 0)
      this.resentBytesSent += resentBytes + (sourceBytes > 0 ? 0 : DATAGRAM_HEADER_BYTES + this.#overheadBytes);
    this.feedbackWritten = feedback !== undefined && feedbackFrameBytes(feedback) <= writer.room;
    if (feedback && this.feedbackWritten) writer.feedback(feedback);
    if (ping && writer.room > 0) {
      writer.ping();
      record.eliciting = true;
      this.#pingWanted = this.#roomWanted = false;
    }
    if (record.eliciting && !carried) this.#lastElicitingMs = nowMs;
    return this.#count(writer.end(), sourceBytes, nowMs);
  }

  #count(datagram: Uint8Array, sourceBytes: number, nowMs: number): Uint8Array {
    const { counters } = this;
    counters.datagramsSent++;
    counters.wireBytesSent += datagram.length + this.#overheadBytes;
    if (sourceBytes > 0) {
      const cost = sourceBytes + DATAGRAM_HEADER_BYTES + this.#overheadBytes;
      counters.sourceBytesSent += cost;
      this.#lastSourceMs = nowMs;
      this.codeRate *= 1 - RATE_WEIGHT;
    }
    return datagram;
  }

  get #payloadMax(): number {
    // Room for a repair over full symbols, its bitmap of the widest span included.
    const room =
      (this.#writer?.mtuBytes ?? 0) -
      DATAGRAM_HEADER_BYTES -
      REPAIR_FRAME_HEADER_BYTES -
      REPAIR_SPAN_MAX / 8 -
      SYMBOL_HEADER_BYTES;
    return Math.min(SYMBOL_PAYLOAD_BYTES_MAX, this.recordPayloadMax, Math.max(1, room));
  }

  /**
   * Time without an answer after which a tail is probed (RFC 9002 section 6.2.1, without back-off: silence soon
   * suspends the path), ms.
   */
  get probeTimeoutMs(): number {
    return (
      Math.min(PROBE_MS_MAX, Math.max(this.rtt.rtoMs, this.rtt.srttMs + PEER_TIMER_MS)) +
      (this.ordered.oldest ? FEEDBACK_DELAY_MS_MAX : FEEDBACK_RELAXED_DELAY_MS_MAX)
    );
  }

  get #probeTimeMs(): number {
    if (this.datagrams.oldestElicitingMs !== Infinity) return this.#lastElicitingMs + this.probeTimeoutMs;
    const { oldest } = this.ordered;
    return oldest && oldest.state !== "new"
      ? this.#lastElicitingMs + Math.max(KEPT_PROBE_MS_MIN, this.probeTimeoutMs)
      : Infinity;
  }

  /**
   * When the symbol goes by the reliable path as well: after some timeouts, or after one where no datagram may carry it
   * again.
   */
  #rescueAtMs({ firstSentMs, lastSentMs, sends }: OutgoingSymbol): number {
    const lateMs = firstSentMs + RESCUE_TIMEOUTS * this.rtt.rtoMs + RESCUE_SLACK_MS;
    return sends < SYMBOL_SENDS_MAX ? lateMs : Math.min(lateMs, lastSentMs + this.rtt.rtoMs);
  }

  get #rescueTimeMs(): number {
    const oldest = this.ordered.oldestUnrescued;
    return oldest ? this.#rescueAtMs(oldest) : Infinity;
  }

  #settle(outcome: FeedbackOutcome, nowMs: number): void {
    const unreliable = this.#planners[UNRELIABLE];
    for (const datagram of outcome.acknowledged) {
      if (!datagram.carried) this.loss.add(false, nowMs);
      for (let i = 0; i < datagram.unreliableCount; i++) unreliable.onGone(seqAdd(datagram.unreliableFirst, i));
    }
    for (let i = 0; i < outcome.spurious; i++) this.loss.forgive();
    this.counters.spuriousLosses += outcome.spurious;
    for (const datagram of outcome.lost) {
      if (datagram.told) {
        this.loss.add(true, nowMs);
        this.loss.addRun(datagram.number);
      }
      this.ordered.forEachOf(datagram.number, this.#onLost);
    }
  }

  /**
   * Sends again what feedback does not acknowledge that was sent after it should have come, though nothing later has
   * come either: in an outage the peer says so while it lasts, and so a lost symbol is not late by the whole outage and
   * a round trip, but by the longer of the two.
   */
  #resendOverdue(silenceMs: number, nowMs: number): void {
    this.#retransmissions.addOverdue(
      nowMs - this.rtt.rtoMs - this.datagrams.reorderMs,
      silenceMs > this.interval.ms
        ? nowMs - Math.max(RESEND_IN_SILENCE_MS, this.rtt.srttMs - this.rtt.minMs)
        : -Infinity,
    );
  }

  /** The channel stands still: what it took and did not get through by now, the reliable path is to carry as well. */
  #resendUnanswered(nowMs: number): void {
    const sentBeforeMs = nowMs - this.rtt.minMs - CARRIED_SLACK_MS;
    this.ordered.forEach((slot) => {
      if (!slot.rescued && slot.lastSentMs < sentBeforeMs) this.#retransmissions.add(slot);
    });
  }

  #writeRetransmissions(writer: DatagramWriter, record: SentDatagram, nowMs: number): number {
    let bytes = 0;
    for (
      let slot = this.#retransmissions.next(record.carried);
      slot && sourceFrameBytes(slot.bytes) <= writer.room;
      slot = this.#retransmissions.next(record.carried)
    ) {
      writer.source(ORDERED, slot.seq, slot.block.bytes, true, slot.bytes);
      record.eliciting = true;
      this.ordered.onSent(slot, record.number, nowMs);
      if (record.carried) slot.rescued = true;
      this.#planners[ORDERED].onResent(slot.seq, nowMs);
      this.counters.retransmissionsSent++;
      bytes += sourceFrameBytes(slot.bytes);
    }
    return bytes;
  }

  /**
   * Writes what waits to be sent for the first time, repairs of older symbols before it. Returns the sources' bytes.
   */
  #writeSources(writer: DatagramWriter, record: SentDatagram, nowMs: number): number {
    const firstOrdered = this.ordered.peekNew(),
      firstUnreliable = this.unreliable.peek();
    const first = firstOrdered ?? firstUnreliable;
    if (!first || sourceFrameBytes(first.bytes) > writer.room) return 0;
    if (!firstOrdered || firstOrdered.fragment === 0) this.interval.onPatch(nowMs);
    const needed =
      (firstOrdered ? sourceFrameBytes(firstOrdered.bytes) : 0) +
      (firstUnreliable ? sourceFrameBytes(firstUnreliable.bytes) : 0);
    if (firstOrdered && !record.carried) this.#writePiggyback(ORDERED, writer, record, needed, nowMs);
    if (firstUnreliable && !record.carried) this.#writePiggyback(UNRELIABLE, writer, record, needed, nowMs);
    let bytes = 0;
    for (
      let slot = this.ordered.peekNew();
      slot && sourceFrameBytes(slot.bytes) <= writer.room;
      slot = this.ordered.peekNew()
    ) {
      writer.source(ORDERED, slot.seq, slot.block.bytes, false, slot.bytes);
      bytes += sourceFrameBytes(slot.bytes);
      this.ordered.onSent(slot, record.number, nowMs);
      if (record.carried) slot.rescued = true;
      this.#planners[ORDERED].onSource(slot, slot.block.bytes, this.interval.ms, nowMs);
      this.counters.symbolsSent++;
    }
    for (
      let next = this.unreliable.peek();
      next && sourceFrameBytes(next.bytes) <= writer.room;
      next = this.unreliable.peek()
    ) {
      writer.source(UNRELIABLE, next.seq, next.block.bytes, false, next.bytes);
      if (record.unreliableCount++ === 0) record.unreliableFirst = next.seq;
      bytes += sourceFrameBytes(next.bytes);
      this.#noteUnreliable(next, nowMs);
      this.unreliable.shift();
    }
    if (bytes > 0) record.eliciting = true;
    return bytes;
  }

  #noteUnreliable(symbol: UnreliableSymbol, nowMs: number): void {
    this.#forgetUnreliable(nowMs, ENCODING_WINDOW_SYMBOLS_MAX - 1);
    this.#unreliableSent.push({ seq: symbol.seq, sentMs: nowMs });
    this.#planners[UNRELIABLE].onSource(
      { seq: symbol.seq, bytes: symbol.bytes, fragment: 0, fragments: 1 },
      symbol.block.bytes,
      this.interval.ms,
      nowMs,
    );
    this.counters.symbolsSent++;
  }

  /** Forgets what is no longer worth repairing, and all but the newest `countMax`. */
  #forgetUnreliable(nowMs: number, countMax: number): void {
    const sent = this.#unreliableSent;
    while (sent.length > countMax || (sent.length > 0 && nowMs - sent[0]!.sentMs > UNRELIABLE_REPAIR_MS))
      this.#planners[UNRELIABLE].onGone(sent.shift()!.seq);
  }

  #writePiggyback(
    stream: StreamId,
    writer: DatagramWriter,
    record: SentDatagram,
    reservedBytes: number,
    nowMs: number,
  ): void {
    const planner = this.#planners[stream];
    for (let repair = planner.peekPiggyback(nowMs); repair; repair = planner.peekPiggyback(nowMs)) {
      const fitting = repairFrameBytes(repair) + reservedBytes <= writer.room;
      if (fitting) {
        this.#writeRepair(stream, repair, writer, record);
        this.#noteRepair(repairFrameBytes(repair));
      }
      planner.takePiggyback(repair, fitting, nowMs);
      if (!fitting) return;
    }
  }

  #takeDueRepair(nowMs: number): { stream: StreamId; symbol: RepairSymbol } | undefined {
    const ordered = this.#planners[ORDERED].takeDue(nowMs);
    this.#forgetUnreliable(nowMs, ENCODING_WINDOW_SYMBOLS_MAX);
    if (ordered) return { stream: ORDERED, symbol: ordered };
    const unreliable = this.#planners[UNRELIABLE].takeDue(nowMs);
    return unreliable && { stream: UNRELIABLE, symbol: unreliable };
  }

  #noteRepair(bytes: number): void {
    this.repairBytesSent += bytes;
    this.codeRate += RATE_WEIGHT;
  }

  #writeRepair(stream: StreamId, repair: RepairSymbol, writer: DatagramWriter, record: SentDatagram): void {
    writer.repair(stream, repair);
    record.eliciting = true;
    this.counters.repairsSent++;
  }
}
