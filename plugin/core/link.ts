/**
 * One session of two paths, sans-IO: ordered messages exactly once over datagrams with repair and retransmission, over
 * the reliable path where datagrams do not serve; unreliable messages at most once. Composes sender, receiver and
 * control; owns no algorithm, clock, channel or socket. The wire: docs/WIRE-FORMAT.md.
 */
import { LossEstimator } from "./control/loss-estimator.js";
import { PathMonitor } from "./control/path-monitor.js";
import { RttEstimator } from "./control/rtt-estimator.js";
import { ANSWER_LATE_MS, MESSAGE_BYTES_MAX_DEFAULT } from "./limits.js";
import { Receiver } from "./receive/receiver.js";
import type { RepairOption } from "./repair-option.js";
import type { Seq } from "./seq.js";
import type { OutgoingSymbol } from "./send/ordered-buffer.js";
import { RepairControl } from "./repair-control.js";
import { RecordQueue } from "./send/record-queue.js";
import { Sender } from "./send/sender.js";
import { newCounters, type LinkStats } from "./stats.js";
import { DatagramReader, type FeedbackFrame, type Frame } from "./wire/datagram-reader.js";
import {
  encodeDatagramRecord,
  encodeSymbolRecord,
  encodeUnreliableRecord,
  readRecord,
} from "./wire/reliable-record.js";
import { SYMBOL_RECORD_HEADER_BYTES } from "./wire/constants.js";
import { symbolIsFirst, symbolIsLast, symbolPayload } from "./symbol.js";

export type { LinkStats, RepairOption };

export interface LinkOptions {
  /** Default "adaptive". */
  repair?: RepairOption;
  /** Largest message taken from the peer, bytes; default 64 MiB. A larger one ends the session. */
  messageBytesMax?: number;
  /** Largest payload of one record on the reliable path, bytes, as the peer asked; default: no limit. */
  recordPayloadMax?: number;
  /**
   * Longest time that an unreliable message waits for an earlier ordered one, ms; default: two and a half patch
   * intervals, at most 75.
   */
  unreliableHoldMs?: number;
  /** First sequence and datagram number of both directions; both ends must agree. For tests; default 0. */
  firstSeq?: Seq;
}

/** Why the session must end: a WebSocket close code and a reason. */
export interface LinkFailure {
  code: number;
  reason: string;
}

/** The object is reused by the next `pollMessage`. */
export interface LinkMessage {
  /** Owned by the caller, never reused. */
  bytes: Uint8Array;
  ordered: boolean;
}

const CLOSE_PROTOCOL_ERROR = 1002;
const CLOSE_TOO_BIG = 1009;

/** A path that lets fewer datagrams through is as good as silent. */
const HEARD_RATIO_MIN = 0.25;

/**
 * What a channel that stands still leaves to the reliable path waits while that is so far behind: round trips, and ms.
 */
const CARRIED_AGE_ROUND_TRIPS = 2,
  CARRIED_AGE_MS = 200;

/** An unreliable message that no path takes for so long is not sent any more, ms. */
const UNRELIABLE_WAIT_MS = 150;

export class Link {
  readonly #counters = newCounters();
  readonly #rtt = new RttEstimator();
  readonly #loss = new LossEstimator();
  readonly #path = new PathMonitor();
  readonly #sender: Sender;
  readonly #repair: RepairControl;
  readonly #receiver: Receiver;
  readonly #reader = new DatagramReader();
  readonly #records = new RecordQueue();
  readonly #copies = new WeakSet<Uint8Array>();
  readonly #recordPayloadMax: number;
  #mtuBytes = 0;
  #polledMs = 0;
  /** Share of the peer's datagrams, and so of its answers, that arrive. */
  #heardRatio = 1;
  #answeredInTimeMs = -Infinity;
  #failure: LinkFailure | undefined;

  constructor(options: LinkOptions = {}) {
    const firstSeq = options.firstSeq ?? 0;
    this.#recordPayloadMax = options.recordPayloadMax ?? Infinity;
    this.#sender = new Sender(firstSeq, this.#rtt, this.#loss, this.#counters, this.#recordPayloadMax);
    this.#receiver = new Receiver(
      {
        firstSeq,
        messageBytesMax: options.messageBytesMax ?? MESSAGE_BYTES_MAX_DEFAULT,
        unreliableHoldMs: options.unreliableHoldMs,
      },
      this.#counters,
    );
    this.#repair = new RepairControl(this.#sender, this.#loss, this.#rtt, this.#counters);
    this.setRepair(options.repair ?? "adaptive");
  }

  /**
   * Set when the peer broke the protocol or its limits: the WebSocket is to be closed with it. Nothing is delivered
   * after.
   */
  get failure(): LinkFailure | undefined {
    return this.#failure;
  }

  /** What the next message rides. */
  get path(): LinkStats["path"] {
    return this.#path.kind === "open" ? "datagram" : "reliable";
  }

  /** As `LinkStats.behindMs`, without the cost of a snapshot. */
  behindMs(nowMs: number): number {
    const oldest = this.#path.kind === "open" ? this.#sender.ordered.oldestSent : undefined;
    return oldest !== undefined ? Math.max(0, nowMs - oldest.firstSentMs - this.#rtt.minMs) : 0;
  }

  /**
   * How much longer than the least round trip the oldest datagram in the channel that asks for an answer has had none,
   * ms; negative while that is none.
   */
  unansweredMs(nowMs: number): number {
    return nowMs - this.#rtt.minMs - this.#sender.datagrams.oldestElicitingMs;
  }

  /**
   * When a datagram in the channel that asks for an answer last had one less than ANSWER_LATE_MS later than the least
   * round trip, ms; -Infinity before.
   */
  get answeredInTimeMs(): number {
    return this.#answeredInTimeMs;
  }

  /** Sequence number of the next ordered symbol of this end. */
  get nextSeq(): Seq {
    return this.#sender.ordered.nextSeq;
  }

  /** The one that the peer expects next, as it last said. */
  get peerNext(): Seq {
    return this.#sender.ordered.peerNext;
  }

  /** Bytes of ordered symbols that datagrams carry now and the peer has not acknowledged. */
  get unacknowledgedBytes(): number {
    return this.#path.kind === "open" ? this.#sender.ordered.bytes : 0;
  }

  /** Sends a message: exactly once, in order, any length. `message` is copied. */
  send(message: Uint8Array): void {
    this.#counters.messagesSent++;
    if (this.#path.kind !== "closed") {
      if (this.#sender.fits(message.length)) {
        this.#sender.push(message);
        if (this.#path.kind === "suspended") this.#sender.keepNew(this.#polledMs, (slot) => this.#carry(slot));
        return;
      }
      // Bulk, or more than the ordered window holds: what is under way goes first by the reliable path, so that
      // the peer never has to keep a large message for want of a small one.
      this.#carryOrdered();
      if (this.#path.kind === "open") this.#sender.askForRoom();
    }
    let start = 0;
    do {
      const end = Math.min(message.length, start + this.#recordPayloadMax);
      this.#records.push(
        encodeSymbolRecord(
          this.#sender.ordered.skip(),
          start === 0,
          end === message.length,
          message.subarray(start, end),
        ),
      );
      start = end;
    } while (start < message.length);
  }

  /** Sends a message that may be lost or overtaken: at most once. `message` is copied. */
  sendUnreliable(message: Uint8Array): void {
    this.#counters.messagesSent++;
    if (this.#path.kind === "open" && this.#sender.pushUnreliable(message)) return;
    this.#records.push(encodeUnreliableRecord(this.#sender.ordered.nextSeq, message));
  }

  /**
   * The datagram channel opened, in place of one that was open: datagrams of at most mtuBytes (256 or more), each
   * overheadBytes more on the wire.
   */
  openPath(path: { mtuBytes: number; overheadBytes: number }, nowMs: number): void {
    if (!(path.mtuBytes >= 256)) throw new RangeError(`"mtuBytes" expected 256 or more, got ${path.mtuBytes}`);
    this.closePath();
    this.#rtt.reset(nowMs);
    this.#mtuBytes = path.mtuBytes;
    this.#sender.open(path.mtuBytes, path.overheadBytes);
    this.#receiver.open(path.overheadBytes);
    this.#path.open(nowMs);
    this.#sender.ping();
  }

  /**
   * The channel goes on by another way, as an end changed its network: what was measured of the last one is forgotten,
   * not what is under way (RFC 9000 section 9.4).
   */
  movePath(nowMs: number): void {
    if (this.#path.kind === "closed") return;
    this.#rtt.reset(nowMs);
    this.#receiver.onMove();
    this.#repair.onMove(nowMs);
    this.#sender.ping();
  }

  /** The channel closed, or is about to: the reliable path carries what is unacknowledged, and everything after. */
  closePath(): void {
    if (this.#path.kind === "closed") return;
    this.#path.close();
    this.#receiver.close();
    this.carryUnacknowledged();
  }

  /**
   * The session is about to end: the reliable path carries what is unacknowledged. An open path stays open, for what
   * still comes.
   */
  carryUnacknowledged(): void {
    this.#carryOrdered();
    this.#carryUnreliable();
  }

  /** Takes one datagram of the channel; `bytes` may be reused after the call. Never throws on what it holds. */
  handleDatagram(bytes: Uint8Array, nowMs: number): void {
    if (this.#failure || this.#path.kind === "closed") return;
    const datagram = this.#reader.read(bytes);
    if (typeof datagram === "string") {
      this.#counters.datagramsMalformed++;
      return;
    }
    if (!this.#receiver.onDatagram(datagram, bytes.length, false, this.#sender.carrierMs(nowMs), nowMs)) return;
    this.#path.onHeard(nowMs);
    // One is all that a datagram has to say: a hundred would be work without end for an authenticated attacker's 1200
    // bytes.
    const feedback = datagram.frames.find(isFeedback);
    if (feedback) this.#onFeedback(feedback, false, nowMs);
    this.#receiver.onFrames(datagram, nowMs);
    this.#checkFault();
  }

  /** Takes one record of the reliable path that is not CONTROL; `bytes` may be reused after the call. */
  handleReliable(bytes: Uint8Array, nowMs: number): void {
    if (this.#failure) return;
    const record = readRecord(bytes);
    if (!record) {
      this.#fail(CLOSE_PROTOCOL_ERROR, "malformed record");
      return;
    }
    if (record.kind === "datagram") this.#handleCarried(record.payload, nowMs);
    else this.#receiver.onRecord(record, nowMs);
    this.#checkFault();
    // A peer that uses the reliable path may have found the other one dead: this end, if it is quiet, asks.
    if (this.#path.quiet(nowMs)) this.#sender.ping();
  }

  /** Does what is due; call it when `pollTimeout` has come. */
  handleTimeout(nowMs: number): void {
    if (this.#failure) return;
    this.#receiver.onTimeout(nowMs);
    if (this.#path.kind === "open") {
      if (this.#silentAtMs <= nowMs) {
        this.#counters.suspensions++;
        this.#path.suspend(this.#sender.datagrams.nextNumber, nowMs);
        this.#sender.datagrams.abandon();
        this.#sender.keepOrdered(nowMs, (slot) => this.#carry(slot));
        this.#carryUnreliable();
      } else {
        this.#sender.onTimeout(nowMs, this.#rescue);
      }
    }
    if (this.#path.pingAtMs <= nowMs) {
      this.#path.onPing(nowMs);
      this.#sender.ping();
    }
  }

  /** The next datagram to send: a view valid until the next call into the link. */
  pollDatagram(nowMs: number): Uint8Array | undefined {
    const datagram = this.#pollDatagram(nowMs, false);
    if (datagram) this.#path.onSpoke(nowMs);
    return datagram;
  }

  /**
   * Instead of `pollDatagram` when the channel has taken nothing for a while: gives one datagram, as a record, to the
   * reliable path. False when there is nothing to send, that path is behind itself (what waits then goes by whichever
   * moves first), or its records are too short.
   */
  carryDatagram(nowMs: number): boolean {
    this.#sender.unreliable.expire(nowMs, UNRELIABLE_WAIT_MS);
    if (
      this.#mtuBytes >= this.#recordPayloadMax + SYMBOL_RECORD_HEADER_BYTES ||
      this.#sender.datagrams.carriedAgeMs(nowMs) > CARRIED_AGE_ROUND_TRIPS * this.#rtt.srttMs + CARRIED_AGE_MS
    )
      return false;
    const datagram = this.#pollDatagram(nowMs, true);
    if (!datagram) return false;
    this.#counters.datagramsCarried++;
    const record = encodeDatagramRecord(datagram);
    this.#copies.add(record);
    this.#records.push(record);
    return true;
  }

  /** The next record for the reliable path, in order; owned by the caller. */
  pollReliable(): Uint8Array | undefined {
    return this.#records.shift();
  }

  /**
   * Whether datagrams go on to bring what this record of `pollReliable` holds: nobody waits for the reliable path
   * alone.
   */
  isCopy(record: Uint8Array): boolean {
    return this.#copies.has(record);
  }

  /** The next message to deliver. Its bytes are the caller's; the object is reused by the next call. */
  pollMessage(): LinkMessage | undefined {
    return this.#receiver.pollMessage();
  }

  /** When to call `handleTimeout` and to poll again, ms; Infinity: not before the next input. */
  pollTimeout(): number {
    if (this.#failure) return Infinity;
    const open = this.#path.kind === "open" ? Math.min(this.#sender.nextTimeMs(), this.#silentAtMs) : Infinity;
    return Math.min(open, this.#path.pingAtMs, this.#receiver.nextTimeMs());
  }

  /** Changes how lost symbols are repaired from now on. @throws as `parseRepair`. */
  setRepair(option: RepairOption): void {
    this.#repair.set(option);
  }

  /** A snapshot of what the link does. */
  stats(nowMs: number): LinkStats {
    const c = this.#counters;
    c.symbolsLost = this.#receiver.symbolsLost;
    const share = (all: number, source: number): number => (source === 0 ? 0 : all / source - 1);
    return {
      path: this.path,
      rttMs: this.#rtt.sampled ? this.#rtt.srttMs : 0,
      minRttMs: this.#rtt.sampled ? this.#rtt.minMs : 0,
      lossRatio: this.#receiver.lossRatio(nowMs),
      sendLossRatio: this.#loss.longRatio(nowMs),
      symbols: {
        sent: c.symbolsSent,
        received: c.symbolsReceived,
        recovered: c.symbolsRecovered,
        retransmitted: c.symbolsRetransmitted,
        lost: c.symbolsLost,
        carried: c.symbolsCarried,
      },
      overhead: share(c.wireBytesReceived, c.sourceBytesReceived),
      sendOverhead: share(c.wireBytesSent, c.sourceBytesSent),
      applyDelayMs: this.#receiver.applyDelays.percentiles(),
      behindMs: this.behindMs(nowMs),
      codeRate: this.#sender.codeRate,
      counters: { ...c },
    };
  }

  #pollDatagram(nowMs: number, carried: boolean): Uint8Array | undefined {
    this.#polledMs = nowMs;
    if (this.#path.kind === "closed" || this.#failure) return undefined;
    const due = this.#receiver.feedbackDueMs <= nowMs;
    const datagram = this.#sender.poll(nowMs, this.#receiver.buildFeedback(nowMs), due, carried);
    if (datagram && this.#sender.feedbackWritten) this.#receiver.onFeedbackSent();
    return datagram;
  }

  /**
   * Takes a datagram that the reliable path carried: its symbols count, however late, and though this end's channel may
   * be closed by now.
   */
  #handleCarried(bytes: Uint8Array, nowMs: number): void {
    const datagram = this.#reader.read(bytes);
    if (typeof datagram === "string") {
      this.#fail(CLOSE_PROTOCOL_ERROR, `malformed record: ${datagram}`);
      return;
    }
    if (
      this.#path.kind !== "closed" &&
      this.#receiver.onDatagram(datagram, bytes.length, true, this.#sender.carrierMs(nowMs), nowMs)
    ) {
      const feedback = datagram.frames.find(isFeedback);
      if (feedback) this.#onFeedback(feedback, true, nowMs);
    }
    this.#receiver.onFrames(datagram, nowMs);
  }

  get #silentAtMs(): number {
    // Where answers are lost as well, silence must last longer to mean anything.
    return this.#path.silentAtMs(
      this.#sender.datagrams.oldestElicitingMs,
      this.#sender.probeTimeoutMs / this.#heardRatio,
    );
  }

  #onFeedback(frame: FeedbackFrame, carried: boolean, nowMs: number): void {
    const outcome = this.#sender.onFeedback(frame, carried, nowMs);
    if (!outcome) {
      this.#counters.framesIgnored++;
      return;
    }
    this.#heardRatio = Math.max(HEARD_RATIO_MIN, 1 - this.#receiver.lossRatio(nowMs));
    for (const { number, carried, eliciting, sentMs } of outcome.acknowledged) {
      // What the reliable path carried says nothing of the channel's life.
      if (carried) continue;
      this.#path.onAcknowledged(number, nowMs);
      if (eliciting && nowMs - sentMs - this.#rtt.minMs < ANSWER_LATE_MS) this.#answeredInTimeMs = nowMs;
    }
    this.#repair.onFeedback(frame.queueDelayMs, nowMs);
  }

  #carryUnreliable(): void {
    this.#sender.clearUnreliable();
    this.#sender.unreliable.drain((message) =>
      this.#records.push(encodeUnreliableRecord(this.#sender.ordered.nextSeq, message)),
    );
  }

  #carryOrdered(): void {
    this.#sender.carryOrdered((slot) => this.#carry(slot));
  }

  #carry(slot: OutgoingSymbol): Uint8Array {
    const record = encodeSymbolRecord(
      slot.seq,
      symbolIsFirst(slot.block.bytes),
      symbolIsLast(slot.block.bytes),
      symbolPayload(slot.block.bytes, slot.bytes),
    );
    this.#records.push(record);
    return record;
  }

  readonly #rescue = (slot: OutgoingSymbol): void => {
    this.#counters.rescuesSent++;
    this.#copies.add(this.#carry(slot));
  };

  #checkFault(): void {
    const fault = this.#receiver.fault;
    if (fault) this.#fail(fault === "too large" ? CLOSE_TOO_BIG : CLOSE_PROTOCOL_ERROR, `message stream: ${fault}`);
  }

  #fail(code: number, reason: string): void {
    this.#failure ??= { code, reason };
  }
}

function isFeedback(frame: Frame): frame is FeedbackFrame {
  return frame.kind === "feedback";
}
