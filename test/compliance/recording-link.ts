/** Stand-ins for the driver's two sides: a link and a channel worked by hand. */

import type { ChannelState, DatagramChannel } from "../../plugin/channels/datagram-channel.js";
import type { DrivenLink } from "../../plugin/session/driver.js";
import { newCounters, type LinkStats } from "../../plugin/core/stats.js";

/** A link that writes down its calls; what it gives out, a test puts in. */
export class RecordingLink implements DrivenLink {
  calls: string[] = [];
  datagrams: Uint8Array[] = [];
  records: Uint8Array[] = [];
  messages: { bytes: Uint8Array; ordered: boolean }[] = [];
  timeoutMs = Infinity;
  unanswered = -Infinity;
  answeredInTimeMs = -Infinity;
  failure: { code: number; reason: string } | undefined;
  path: "datagram" | "reliable" = "reliable";
  /** Thrown by the next handle call. */
  fault: Error | undefined;

  send(message: Uint8Array): void {
    this.calls.push(`send ${message[0]}`);
    this.datagrams.push(message.slice());
  }
  sendUnreliable(message: Uint8Array): void {
    this.calls.push(`sendUnreliable ${message[0]}`);
  }
  openPath(path: { mtuBytes: number; overheadBytes: number }): void {
    this.calls.push(`openPath ${path.mtuBytes} ${path.overheadBytes}`);
    this.path = "datagram";
  }
  movePath(nowMs: number): void {
    this.calls.push(`movePath ${nowMs}`);
  }
  closePath(): void {
    this.calls.push("closePath");
    this.path = "reliable";
  }
  handleDatagram(bytes: Uint8Array): void {
    this.#handle("datagram", bytes);
  }
  handleReliable(bytes: Uint8Array): void {
    this.#handle("reliable", bytes);
  }
  handleTimeout(nowMs: number): void {
    this.calls.push(`timeout ${nowMs}`);
    this.timeoutMs = Infinity;
  }
  pollDatagram(): Uint8Array | undefined {
    return this.datagrams.shift();
  }
  unansweredMs(): number {
    return this.unanswered;
  }
  /** How many datagrams the reliable path may carry. */
  carries = Infinity;
  carryDatagram(): boolean {
    const datagram = this.carries > 0 ? this.datagrams.shift() : undefined;
    this.carries--;
    if (datagram !== undefined) this.records.push(Uint8Array.of(0x1c, ...datagram));
    return datagram !== undefined;
  }
  pollReliable(): Uint8Array | undefined {
    return this.records.shift();
  }
  pollMessage(): { bytes: Uint8Array; ordered: boolean } | undefined {
    return this.messages.shift();
  }
  pollTimeout(): number {
    return this.timeoutMs;
  }
  /** Records that datagrams bring as well. */
  copies = new Set<Uint8Array>();
  nextSeq = 0;
  peerNext = 0;
  unacknowledgedBytes = 0;
  isCopy(record: Uint8Array): boolean {
    return this.copies.has(record);
  }
  behindMs(): number {
    return 0;
  }
  setRepair(): void {
    this.calls.push("setRepair");
  }
  carryUnacknowledged(): void {
    this.calls.push("carryUnacknowledged");
    this.records.push(...this.datagrams.splice(0));
  }
  stats(): LinkStats {
    return {
      path: this.path,
      rttMs: 0,
      minRttMs: 0,
      lossRatio: 0,
      sendLossRatio: 0,
      overhead: 0,
      sendOverhead: 0,
      behindMs: 0,
      codeRate: 0,
      symbols: { sent: 0, received: 0, recovered: 0, retransmitted: 0, lost: 0, carried: 0 },
      applyDelayMs: { p50: 0, p90: 0, p99: 0, max: 0 },
      counters: newCounters(),
    };
  }

  #handle(what: string, bytes: Uint8Array): void {
    this.calls.push(`${what} ${bytes[0]}`);
    if (this.fault !== undefined) throw this.fault;
    // Every byte of what comes in is a message.
    for (const byte of bytes) this.messages.push({ bytes: Uint8Array.of(byte), ordered: true });
  }
}

/** A channel by hand. */
export class HandChannel implements DatagramChannel {
  readonly kind = "memory" as const;
  state: ChannelState = "connecting";
  maxDatagramBytes = 1000;
  overheadBytes = 50;
  onopen: (() => void) | null = null;
  onwritable: (() => void) | null = null;
  onmoved: (() => void) | null = null;
  ondatagram: ((datagram: Uint8Array) => void) | null = null;
  onclose: ((reason: string) => void) | null = null;
  sent: number[] = [];
  full = false;
  writable = true;
  queuesUnseen = false;

  open(): void {
    this.state = "open";
    this.onopen?.();
  }
  send(datagram: Uint8Array): boolean {
    if (this.full) return false;
    this.sent.push(datagram[0]!);
    return true;
  }
  close(reason = "closed"): void {
    if (this.state === "closed") return;
    this.state = "closed";
    this.onclose?.(reason);
  }
}
