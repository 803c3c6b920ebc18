/**
 * The sending half of a TCP model, as a kernel under a WebSocket behaves (Nagle off: one segment per write while the window allows, joined where it does not): loss detection by RACK and a tail
 * loss probe (RFC 8985), retransmission timeout (RFC 6298 with Linux's 200 ms), SACK scoreboard, timestamps and Eifel
 * (RFC 7323, 3522, 4015), PRR (RFC 6937), CUBIC (tcp-cubic.ts) or no congestion window at all.
 * Sans-IO. Not modelled: undo of recoveries, the receiver's window, timer granularity, pacing, collapsing of retransmissions; the round trip is known from an earlier handshake.
 */
import { Cubic } from "./tcp-cubic.js";
import type { Ack, Segment } from "./tcp-receiver.js";

/** Ethernet, less IPv4 (20), TCP (20) and timestamps (12). */
export const MSS_BYTES = 1448;

/** Linux's floor on 4 RTTVAR, which is added to SRTT, ms; RFC 6298 section 2.4 wants a second in all. */
const RTO_SLACK_MS = 200;
const RTO_MS_MAX = 120_000;

/** What a delayed acknowledgement may add where one segment is out (RFC 8985 section 7.2: WCDelAckT), ms. */
const DELAYED_ACK_MS_MAX = 200;

/** SACKed segments that speak of loss without waiting for reordering (RFC 8985 section 6.2: DupThresh). */
const DUPLICATES = 3;

interface Sent extends Segment {
  retransmitted: boolean;
  sacked: boolean;
  /** Called lost, and not sent again since. */
  lost: boolean;
}

type State =
  | { kind: "open" }
  | { kind: "recovery"; until: number; priorCwnd: number; delivered: number; out: number }
  | { kind: "loss"; until: number; sinceMs: number; priorCwnd: number; priorSsthresh: number };

export class TcpSender {
  /** Segments sent so far, and those of them that were sent before. */
  segmentsSent = 0;
  retransmissions = 0;
  timeouts = 0;
  probes = 0;
  readonly cubic = new Cubic();
  #sent: Sent[] = [];
  #written = 0;
  #next = 0;
  #highestDelivered = 0;
  #state: State = { kind: "open" };
  #srttMs: number;
  #rttvarMs: number;
  #minRttMs: number;
  #rack = { sentMs: -Infinity, end: 0, rttMs: 0 };
  #reordered = false;
  #backoff = 1;
  #rtoAtMs = Infinity;
  #probeAtMs = Infinity;
  #probe: { end: number; copy: boolean } | undefined;
  #probeWanted = false;
  #reorderAtMs = Infinity;
  /** Until the stream is acknowledged so far, the window is what limits it. */
  #limitedUntil = -1;

  /** @param rttMs round trip of the handshake, ms. */
  constructor(
    rttMs: number,
    private readonly congestion: "cubic" | "none",
  ) {
    this.#srttMs = this.#minRttMs = rttMs;
    this.#rttvarMs = rttMs / 2;
  }

  /** The application writes so many bytes; Infinity: it never runs dry. */
  write(bytes: number): void {
    this.#written += bytes;
  }

  /** Nothing more is sent for the first time. */
  stop(): void {
    this.#written = this.#next;
  }

  /** Bytes that were written and not yet sent. */
  get unsentBytes(): number {
    return this.#written - this.#next;
  }

  get rtoMs(): number {
    return Math.min(RTO_MS_MAX, (this.#srttMs + Math.max(RTO_SLACK_MS, 4 * this.#rttvarMs)) * this.#backoff);
  }

  nextTimeMs(): number {
    return this.#sent.length === 0 ? Infinity : Math.min(this.#rtoAtMs, this.#probeAtMs, this.#reorderAtMs);
  }

  /** The next segment to put on the way; undefined: none now. */
  poll(nowMs: number): Segment | undefined {
    if (this.#probeWanted) return this.#sendProbe(nowMs);
    const lost = this.#state.kind === "open" ? undefined : this.#sent.find((s) => s.lost);
    const full = this.#pipe >= Math.floor(this.#cwnd);
    if (full) this.#limitedUntil = this.#next;
    if (full || (!lost && this.unsentBytes === 0)) return undefined;
    return lost ? this.#resend(lost, nowMs) : this.#sendNew(nowMs);
  }

  handleAck(ack: Ack, nowMs: number): void {
    const una = this.#sent[0]?.seq ?? this.#next,
      advanced = ack.cumulative > una;
    const delivered = this.#deliver(ack, nowMs);
    if (advanced) {
      this.#undoTimeout(ack);
      this.#backoff = 1;
      this.#rtoAtMs = this.#sent.length > 0 ? nowMs + this.rtoMs : Infinity;
    }
    this.#endProbe(ack);
    const state = this.#state;
    if (state.kind !== "open" && ack.cumulative >= state.until) {
      if (state.kind === "recovery") this.cubic.cwnd = this.cubic.ssthresh;
      this.#state = { kind: "open" };
    }
    this.#detectLosses(nowMs);
    if (this.#state.kind === "recovery") this.#reduceProportionally(delivered, advanced);
    else if (
      advanced &&
      (una < this.#limitedUntil || (this.cubic.cwnd < this.cubic.ssthresh && this.cubic.cwnd < 2 * this.#sent.length))
    )
      this.cubic.onAck(delivered, nowMs, this.#srttMs);
    this.#scheduleProbe(nowMs);
  }

  handleTimeout(nowMs: number): void {
    if (this.#reorderAtMs <= nowMs) {
      this.#detectLosses(nowMs);
    } else if (this.#probeAtMs <= nowMs) {
      this.#probeAtMs = Infinity;
      this.#probeWanted = true;
      this.#rtoAtMs = nowMs + this.rtoMs;
    } else if (this.#rtoAtMs <= nowMs) {
      this.#onRto(nowMs);
    }
  }

  get #cwnd(): number {
    return this.congestion === "none" ? Infinity : Math.max(1, this.cubic.cwnd);
  }

  /** Segments that are thought to be on their way. */
  get #pipe(): number {
    let pipe = 0;
    for (const s of this.#sent) if (!s.sacked && !s.lost) pipe++;
    return pipe;
  }

  #transmit(s: Sent, nowMs: number): Segment {
    s.sentMs = nowMs;
    s.lost = false;
    this.segmentsSent++;
    if (this.#state.kind === "recovery") this.#state.out++;
    if (this.#rtoAtMs === Infinity) this.#rtoAtMs = nowMs + this.rtoMs;
    return { seq: s.seq, bytes: s.bytes, sentMs: nowMs };
  }

  #resend(s: Sent, nowMs: number): Segment {
    s.retransmitted = true;
    this.retransmissions++;
    return this.#transmit(s, nowMs);
  }

  #sendNew(nowMs: number): Segment {
    const bytes = Math.min(MSS_BYTES, this.unsentBytes);
    const s: Sent = { seq: this.#next, bytes, sentMs: nowMs, retransmitted: false, sacked: false, lost: false };
    this.#sent.push(s);
    this.#next += bytes;
    const segment = this.#transmit(s, nowMs);
    this.#scheduleProbe(nowMs);
    return segment;
  }

  #sendProbe(nowMs: number): Segment | undefined {
    this.#probeWanted = false;
    const last = this.#sent.at(-1);
    if (!last) return undefined;
    this.probes++;
    const copy = this.unsentBytes === 0;
    const segment = copy ? this.#resend(last, nowMs) : this.#sendNew(nowMs);
    this.#probe = { end: this.#next, copy };
    this.#probeAtMs = Infinity;
    return segment;
  }

  /** A probe that was the only copy to arrive mended a loss, which counts (RFC 8985 section 7.4.2); a duplicate mark says that it was not. */
  #endProbe(ack: Ack): void {
    if (!this.#probe || (ack.cumulative < this.#probe.end && !ack.duplicate)) return;
    const mended = this.#probe.copy && !ack.duplicate && this.#state.kind === "open";
    this.#probe = undefined;
    if (!mended) return;
    this.cubic.onLoss();
    this.cubic.cwnd = this.cubic.ssthresh;
  }

  /** RFC 8985 section 7.2: one probe for each tail, while nothing speaks of loss. */
  #scheduleProbe(nowMs: number): void {
    this.#probeAtMs = Infinity;
    if (this.#state.kind !== "open" || this.#probe || this.#sent.length === 0 || this.#sent.some((s) => s.sacked))
      return;
    const atMs = nowMs + 2 * this.#srttMs + (this.#sent.length === 1 ? DELAYED_ACK_MS_MAX : 0);
    this.#probeAtMs = Math.min(atMs, this.#rtoAtMs);
  }

  /** Marks what the acknowledgement covers. Returns how many segments it delivered. */
  #deliver(ack: Ack, nowMs: number): number {
    let delivered = 0,
      earliestRttMs = 0,
      rttMs = Infinity;
    for (const s of this.#sent) {
      const end = s.seq + s.bytes,
        cumulative = end <= ack.cumulative;
      if (s.sacked || !(cumulative || ack.blocks.some(([from, to]) => from <= s.seq && end <= to))) continue;
      s.sacked = true;
      delivered++;
      this.#advanceRack(s, ack.echoMs, nowMs);
      if (s.retransmitted) continue;
      if (end < this.#highestDelivered) this.#reordered = true;
      earliestRttMs = Math.max(earliestRttMs, nowMs - s.sentMs);
      rttMs = Math.min(rttMs, nowMs - s.sentMs);
    }
    for (const s of this.#sent)
      if (s.sacked) this.#highestDelivered = Math.max(this.#highestDelivered, s.seq + s.bytes);
    this.#sent = this.#sent.filter((s) => s.seq + s.bytes > ack.cumulative);
    // Karn (RFC 6298 section 3): never from what was sent twice, unless the timestamp tells the copies apart (RFC 7323 section 4).
    if (rttMs < Infinity) this.#onRtt(earliestRttMs, rttMs);
    else if (delivered > 0) this.#onRtt(nowMs - ack.echoMs, nowMs - ack.echoMs);
    return delivered;
  }

  #onRtt(rttMs: number, leastMs: number): void {
    this.#minRttMs = Math.min(this.#minRttMs, leastMs);
    this.#rttvarMs += (Math.abs(this.#srttMs - rttMs) - this.#rttvarMs) / 4;
    this.#srttMs += (rttMs - this.#srttMs) / 8;
  }

  /** RFC 8985 section 6.2, step 2. */
  #advanceRack(s: Sent, echoMs: number, nowMs: number): void {
    const rttMs = nowMs - s.sentMs,
      end = s.seq + s.bytes;
    // An answer to the first copy says nothing of the second.
    if (s.retransmitted && (echoMs < s.sentMs || rttMs < this.#minRttMs)) return;
    if (s.sentMs > this.#rack.sentMs || (s.sentMs === this.#rack.sentMs && end > this.#rack.end))
      this.#rack = { sentMs: s.sentMs, end, rttMs };
  }

  /** RFC 8985 section 6.2, steps 4 and 5. */
  #detectLosses(nowMs: number): void {
    const windowMs = this.#reorderWindowMs();
    let found = false;
    this.#reorderAtMs = -Infinity;
    for (const s of this.#sent) {
      if (
        s.sacked ||
        s.lost ||
        !(s.sentMs < this.#rack.sentMs || (s.sentMs === this.#rack.sentMs && s.seq + s.bytes < this.#rack.end))
      )
        continue;
      const atMs = s.sentMs + this.#rack.rttMs + windowMs;
      if (atMs <= nowMs) s.lost = found = true;
      else this.#reorderAtMs = Math.max(this.#reorderAtMs, atMs);
    }
    if (this.#reorderAtMs === -Infinity) this.#reorderAtMs = Infinity;
    if (found && this.#state.kind === "open") this.#enterRecovery();
  }

  #reorderWindowMs(): number {
    if (!this.#reordered && (this.#state.kind !== "open" || this.#sent.filter((s) => s.sacked).length >= DUPLICATES))
      return 0;
    return Math.min(this.#minRttMs / 4, this.#srttMs);
  }

  #enterRecovery(): void {
    const priorCwnd = this.cubic.cwnd;
    this.cubic.onLoss();
    this.#state = { kind: "recovery", until: this.#next, priorCwnd, delivered: 0, out: 0 };
    this.cubic.cwnd = this.#pipe + 1;
    this.#probeAtMs = Infinity;
  }

  /** RFC 6937 section 3, with the slow-start bound while the ACK advances and finds no further loss. */
  #reduceProportionally(delivered: number, advanced: boolean): void {
    const state = this.#state;
    if (state.kind !== "recovery") return;
    const { ssthresh } = this.cubic,
      pipe = this.#pipe;
    state.delivered += delivered;
    let count: number;
    if (pipe > ssthresh) {
      count = Math.ceil((state.delivered * ssthresh) / state.priorCwnd) - state.out;
    } else {
      const limit = Math.max(state.delivered - state.out, delivered) + (advanced ? 1 : 0);
      count = Math.min(ssthresh - pipe, limit);
    }
    this.cubic.cwnd = pipe + Math.max(count, state.out === 0 ? 1 : 0);
  }

  /** The Eifel detection (RFC 3522) and response (RFC 4015): what came was sent before the timeout, which was spurious. */
  #undoTimeout(ack: Ack): void {
    const state = this.#state;
    if (state.kind !== "loss" || ack.echoMs >= state.sinceMs) return;
    for (const s of this.#sent) s.lost = false;
    this.cubic.cwnd = state.priorCwnd;
    this.cubic.ssthresh = state.priorSsthresh;
    this.#state = { kind: "open" };
  }

  #onRto(nowMs: number): void {
    this.timeouts++;
    const { cwnd, ssthresh } = this.cubic,
      before = this.#state;
    if (before.kind !== "loss") this.cubic.onLoss();
    this.#backoff *= 2;
    const windowMs = this.#reorderWindowMs();
    this.#sent.forEach((s, i) => {
      // RFC 8985 section 6.3: what was sent just now may still arrive.
      if (!s.sacked && (i === 0 || s.sentMs + this.#srttMs + windowMs <= nowMs)) s.lost = true;
    });
    this.#state =
      before.kind === "loss"
        ? { ...before, until: this.#next }
        : { kind: "loss", until: this.#next, sinceMs: nowMs, priorCwnd: cwnd, priorSsthresh: ssthresh };
    this.cubic.cwnd = this.#pipe + 1;
    this.#rtoAtMs = nowMs + this.rtoMs;
    this.#probeAtMs = this.#reorderAtMs = Infinity;
    this.#probe = undefined;
  }
}
