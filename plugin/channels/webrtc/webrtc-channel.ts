/**
 * What every end of a WebRTC channel is: state, sizes and the bound on what waits in SCTP, without a library.
 * An end says how a datagram leaves (`bufferedBytes`, `transmit`), when none waits (`drained`) and what it frees
 * (`release`). SCTP's congestion control is below this: it may hold back what is sent, so nothing is added to a queue
 * that stands.
 */

import { systemClock, type Clock } from "../../host/clock.js";
import type { ChannelState, DatagramChannel } from "../datagram-channel.js";
import { checkDatagramSize } from "../datagram-size.js";
import {
  IPV4_UDP_HEADER_BYTES,
  WEBRTC_BUFFERED_BYTES_MAX,
  WEBRTC_BURST_MS,
  WEBRTC_DATAGRAM_BYTES_MAX,
  WEBRTC_ENVELOPE_BYTES,
  WEBRTC_OPEN_TIMEOUT_MS,
} from "../limits.js";
import type { IceServer, ServerHalf } from "./signalling.js";
import type { PeerFields } from "./sdp.js";

/** Datagrams by fate. */
export interface WebRtcChannelStats {
  sent: number;
  received: number;
  /** Not sent: SCTP had not got rid of what came before. */
  sendDropped: number;
  /** Not delivered: empty, too long, or text. */
  malformed: number;
}

/** The client's end: it asks, and takes the server's answer. */
export interface WebRtcClientChannel extends DatagramChannel {
  /** Takes the answer to the request; a second one has no effect. */
  accept(answer: ServerHalf): void;
}

export interface WebRtcClientOptions {
  /** Sends the request to the server, once, or never if the channel ends before. */
  sendRequest(peer: PeerFields): void;
  readonly iceServers?: readonly IceServer[];
  /** Milliseconds until a channel that is not open ends with reason "timeout"; 12000 unless told. */
  readonly timeoutMs?: number;
  /** For tests. */
  readonly clock?: Clock;
}

export abstract class WebRtcChannel implements DatagramChannel {
  readonly kind = "webrtc" as const;
  readonly maxDatagramBytes = WEBRTC_DATAGRAM_BYTES_MAX;
  /** As on IPv4: which family ICE chose is not known to all ends. */
  readonly overheadBytes = WEBRTC_ENVELOPE_BYTES + IPV4_UDP_HEADER_BYTES;
  readonly stats: WebRtcChannelStats = { sent: 0, received: 0, sendDropped: 0, malformed: 0 };
  onopen: (() => void) | null = null;
  onwritable: (() => void) | null = null;
  onmoved: (() => void) | null = null;
  ondatagram: ((datagram: Uint8Array) => void) | null = null;
  onclose: ((reason: string) => void) | null = null;

  protected readonly clock: Clock;
  #state: ChannelState = "connecting";
  /** When nothing waited in SCTP, the last time that it was looked at, ms. */
  #drainedMs = -Infinity;
  readonly #openTimer: unknown;

  constructor(timeoutMs = WEBRTC_OPEN_TIMEOUT_MS, clock: Clock = systemClock) {
    this.clock = clock;
    this.#openTimer = clock.setTimeout(() => this.#state === "connecting" && this.end("timeout"), timeoutMs);
  }

  get state(): ChannelState {
    return this.#state;
  }

  /** What is sent in one go may wait together; what still waits after that has met SCTP's congestion control. */
  get writable(): boolean {
    const bufferedBytes = this.bufferedBytes(),
      nowMs = this.clock.now();
    if (bufferedBytes === 0) this.#drainedMs = nowMs;
    return bufferedBytes <= WEBRTC_BUFFERED_BYTES_MAX && nowMs - this.#drainedMs <= WEBRTC_BURST_MS;
  }

  send(datagram: Uint8Array): boolean {
    checkDatagramSize(datagram, this.maxDatagramBytes);
    if (this.#state !== "open") return false;
    if (this.bufferedBytes() > WEBRTC_BUFFERED_BYTES_MAX || !this.transmit(datagram)) {
      this.stats.sendDropped++;
      return false;
    }
    this.stats.sent++;
    return true;
  }

  close(): void {
    this.end("closed");
  }

  /** Ends the channel with a reason; the first call counts. */
  protected end(reason: string): void {
    if (this.#state === "closed") return;
    this.#state = "closed";
    this.clock.clearTimeout(this.#openTimer);
    this.release();
    this.onclose?.(reason);
  }

  /** Opens the channel, if it is not yet: it carries datagrams both ways. */
  protected open(): void {
    if (this.#state !== "connecting") return;
    this.#state = "open";
    this.clock.clearTimeout(this.#openTimer);
    this.onopen?.();
  }

  /** Nothing waits in SCTP any more. */
  protected drained(): void {
    if (this.#state === "open") this.onwritable?.();
  }

  /** Hands on a message of the peer, if it is a datagram and the channel is open; text is none. */
  protected deliver(message: unknown): void {
    if (this.#state !== "open") return;
    const bytes =
      message instanceof Uint8Array ? message : message instanceof ArrayBuffer ? new Uint8Array(message) : undefined;
    if (bytes === undefined || bytes.length === 0 || bytes.length > this.maxDatagramBytes) {
      this.stats.malformed++;
      return;
    }
    this.stats.received++;
    this.ondatagram?.(bytes);
  }

  /** Whether datagrams may wait in SCTP that `bufferedBytes` does not count. */
  abstract readonly queuesUnseen: boolean;
  /** Bytes that wait in SCTP, as far as it tells. */
  protected abstract bufferedBytes(): number;
  /** Hands one datagram to SCTP, which copies it; false if it does not take it. Does not throw. */
  protected abstract transmit(datagram: Uint8Array): boolean;
  /** Frees the connection; called once. */
  protected abstract release(): void;
}
