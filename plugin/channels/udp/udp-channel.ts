/**
 * What both sides of a UDP channel are: the envelope and the channel's state, without a socket.
 * A side says how a packet leaves (`hasRoom`, `transmit`) and what it frees (`release`).
 * A sealed empty datagram is a probe: it shows that its sender lives and where, and is not handed to `ondatagram`.
 * Nor are the frames of udp-path.ts, which show the server that its client is at an address.
 */

import { systemClock, type Clock } from "../../host/clock.js";
import type { ChannelState, DatagramChannel } from "../datagram-channel.js";
import { checkDatagramSize } from "../datagram-size.js";
import { UDP_DATAGRAM_BYTES_MAX } from "../limits.js";
import { UdpOpener, UdpSealer, type UdpOpened } from "./udp-envelope.js";
import { CHANNEL_FRAME } from "./udp-path.js";

const PROBE = new Uint8Array(0);

export interface UdpSession {
  /** 32 bits; chosen by the server. */
  readonly connectionId: number;
  /** 32 bytes. */
  readonly secret: Uint8Array;
}

export abstract class UdpChannel implements DatagramChannel {
  readonly kind = "udp" as const;
  readonly maxDatagramBytes = UDP_DATAGRAM_BYTES_MAX;
  readonly queuesUnseen = false;
  onopen: (() => void) | null = null;
  onwritable: (() => void) | null = null;
  onmoved: (() => void) | null = null;
  ondatagram: ((datagram: Uint8Array) => void) | null = null;
  onclose: ((reason: string) => void) | null = null;

  protected readonly clock: Clock;
  readonly #sealer: UdpSealer;
  readonly #opener: UdpOpener;
  #state: ChannelState = "connecting";
  #preparing = false;

  constructor(session: UdpSession, side: "server" | "client", clock: Clock = systemClock) {
    this.clock = clock;
    const server = side === "server";
    this.#sealer = new UdpSealer(session.secret, server ? "s2c" : "c2s", session.connectionId);
    this.#opener = new UdpOpener(session.secret, server ? "c2s" : "s2c", session.connectionId);
  }

  /** Bytes of envelope, UDP and IP; before the peer's address is known, those of IPv6. */
  abstract get overheadBytes(): number;

  get state(): ChannelState {
    return this.#state;
  }

  get writable(): boolean {
    return this.hasRoom();
  }

  /** @throws RangeError also for a datagram whose first byte is 0: those are the channel's own. */
  send(datagram: Uint8Array): boolean {
    checkDatagramSize(datagram, this.maxDatagramBytes);
    if (datagram[0] === CHANNEL_FRAME) throw new RangeError('"datagram" expected a first byte of 1..255, got 0');
    return this.#state === "open" && this.#send(datagram);
  }

  close(): void {
    this.end("closed");
  }

  /** Ends the channel with a reason; the first call counts. */
  protected end(reason: string): void {
    if (this.#state === "closed") return;
    this.#state = "closed";
    this.release();
    this.onclose?.(reason);
  }

  /** Sends a probe, in any state but closed. */
  protected sendProbe(): void {
    if (this.#state !== "closed") this.#send(PROBE);
  }

  protected authenticate(packet: Buffer): UdpOpened {
    const opened = this.#opener.open(packet);
    if (opened.ok) this.#prepareSoon();
    return opened;
  }

  /** Seals what the side then sends by itself. */
  protected seal(plaintext: Uint8Array): Buffer {
    const packet = this.#sealer.seal(plaintext);
    this.#prepareSoon();
    return packet;
  }

  /** Opens the channel, if it is not yet: it carries datagrams both ways. */
  protected open(): void {
    if (this.#state !== "connecting") return;
    this.#state = "open";
    this.onopen?.();
  }

  /** Tells that datagrams go another way from now on. */
  protected moved(): void {
    if (this.#state === "open") this.onmoved?.();
  }

  /** Hands on a datagram of the peer, if the channel is open. */
  protected deliver(datagram: Buffer): void {
    if (this.#state === "open") this.ondatagram?.(datagram);
  }

  /** Whether a packet can leave now: there is an address, and room in the queue. */
  protected abstract hasRoom(): boolean;
  /** A packet had no room. */
  protected abstract countDropped(): void;
  /** Sends one sealed packet to the peer; errors are counted, not thrown. */
  protected abstract transmit(packet: Buffer): void;
  /** Frees sockets, timers and table entries; called once. */
  protected abstract release(): void;

  #send(datagram: Uint8Array): boolean {
    if (!this.hasRoom()) {
      this.countDropped();
      return false;
    }
    this.transmit(this.seal(datagram));
    return true;
  }

  #prepareSoon(): void {
    if (this.#preparing) return;
    this.#preparing = true;
    this.clock.defer(this.#prepare);
  }

  readonly #prepare = (): void => {
    this.#preparing = false;
    if (this.#state === "closed") return;
    this.#sealer.prepare();
    this.#opener.prepare();
  };
}
