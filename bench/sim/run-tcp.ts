/** A cell over the TCP model, as a WebSocket's server-to-client half: each patch is one unmasked frame (RFC 6455 section 5.2) in one segment, delivered when the stream has reached its end. */
import { Impairment } from "colyseus-fec/netem";
import { WARMUP_MS, downLinkOf, linkOf, type Cell, type Scheme } from "./cell.js";
import { EMPTY_RESULT, distribution, type Result } from "./statistics.js";
import { TcpReceiver } from "./tcp-receiver.js";
import { TcpSender } from "./tcp-sender.js";
import { IP_HEADER_BYTES, decodeAck, decodeSegment, encodeAck, encodeSegment } from "./tcp-wire.js";
import { Workload, tickMs, warmupPatches } from "./workload.js";

/** A stream that has not caught up so long after the last patch is cut off there, ms: its delays are then at least what is printed. */
const SETTLE_MS = 120_000;

/** Headers of a WebSocket frame by payload length, bytes. */
function frameHeaderBytes(payloadBytes: number): number {
  return payloadBytes < 126 ? 2 : 4;
}

export class TcpSession {
  readonly sender: TcpSender;
  readonly receiver = new TcpReceiver();
  readonly down: Impairment;
  readonly up: Impairment;
  nowMs = 0;
  downBytes = 0;
  upBytes = 0;

  constructor(cell: Cell, congestion: "cubic" | "none") {
    this.sender = new TcpSender(cell.rttMs, congestion);
    this.down = new Impairment(downLinkOf(cell, IP_HEADER_BYTES), cell.seed * 2 + 1);
    this.up = new Impairment(linkOf(cell), cell.seed * 2 + 2);
  }

  /** Runs until `untilMs`, or until `done`; calls `onReceived` whenever the stream moves on. */
  runUntil(untilMs: number, onReceived: (bytes: number, nowMs: number) => void, done?: () => boolean): void {
    for (;;) {
      this.#drain();
      const next = Math.min(
        this.sender.nextTimeMs(),
        this.receiver.nextTimeMs(),
        this.down.nextTimeMs(),
        this.up.nextTimeMs(),
      );
      if (next > untilMs || done?.()) break;
      this.nowMs = Math.max(this.nowMs, next);
      for (let d = this.down.poll(this.nowMs); d; d = this.down.poll(this.nowMs)) {
        this.receiver.handleSegment(decodeSegment(d), this.nowMs);
        onReceived(this.receiver.received, this.nowMs);
        this.#drain();
      }
      for (let d = this.up.poll(this.nowMs); d; d = this.up.poll(this.nowMs)) {
        this.sender.handleAck(decodeAck(d), this.nowMs);
        this.#drain();
      }
      if (this.sender.nextTimeMs() <= this.nowMs) this.sender.handleTimeout(this.nowMs);
    }
    this.nowMs = Math.max(this.nowMs, untilMs);
  }

  #drain(): void {
    for (let segment = this.sender.poll(this.nowMs); segment; segment = this.sender.poll(this.nowMs)) {
      const encoded = encodeSegment(segment);
      this.downBytes += encoded.length + IP_HEADER_BYTES;
      this.down.push(encoded, this.nowMs);
    }
    for (let ack = this.receiver.pollAck(this.nowMs); ack; ack = this.receiver.pollAck(this.nowMs)) {
      const encoded = encodeAck(ack);
      this.upBytes += encoded.length + IP_HEADER_BYTES;
      this.up.push(encoded, this.nowMs);
    }
  }
}

export function runTcp(cell: Cell, scheme: Scheme & { kind: "tcp" }): Result {
  const session = new TcpSession(cell, scheme.congestion),
    workload = new Workload(cell);
  const warmup = warmupPatches(cell),
    total = cell.patches + warmup,
    ends = new Float64Array(total),
    deliveredMs = new Float64Array(total).fill(Infinity);
  let written = 0,
    delivered = 0,
    downBefore = 0,
    upBefore = 0,
    retransmittedBefore = 0;
  const onReceived = (bytes: number, nowMs: number): void => {
    while (delivered < total && ends[delivered]! > 0 && ends[delivered]! <= bytes) deliveredMs[delivered++] = nowMs;
  };
  for (let i = 0; i < total; i++) {
    session.runUntil(tickMs(cell, i), onReceived);
    if (i === warmup)
      [downBefore, upBefore, retransmittedBefore] = [
        session.downBytes,
        session.upBytes,
        session.sender.retransmissions,
      ];
    const bytes = workload.nextBytes();
    written += bytes + frameHeaderBytes(bytes);
    ends[i] = written;
    session.sender.write(bytes + frameHeaderBytes(bytes));
  }
  const endMs = tickMs(cell, total) + SETTLE_MS;
  session.runUntil(endMs, onReceived, () => delivered === total);
  const extra = new Float64Array(cell.patches);
  for (let i = 0; i < cell.patches; i++)
    extra[i] = Math.min(deliveredMs[warmup + i]!, endMs) - tickMs(cell, warmup + i) - cell.rttMs / 2;
  const { offered, delivered: passed } = session.down.stats,
    down = session.downBytes - downBefore,
    retransmitted = (session.sender.retransmissions - retransmittedBefore) / cell.patches;
  const meanBytes = (written - ends[warmup]!) / cell.patches + IP_HEADER_BYTES + 32;
  return {
    ...EMPTY_RESULT,
    ...distribution(extra),
    overhead: down / cell.patches / meanBytes - 1,
    bytesPerPatch: down / cell.patches,
    retransmitted,
    dropped: 1 - passed / offered,
    upBytesPerSecond: (session.upBytes - upBefore) / ((endMs - SETTLE_MS - WARMUP_MS) / 1000),
  };
}
