/**
 * A pair of datagram channels inside one process: for tests, examples and bots.
 * Delivery is asynchronous (a microtask each) and lossless up to the bound of its queue; wrap it with
 * `impairChannel` for a network. As with UDP, the peer is not told of a close.
 */

import type { ChannelState, DatagramChannel } from "./datagram-channel.js";
import { checkDatagramSize } from "./datagram-size.js";
import { MEMORY_QUEUE_DATAGRAMS_MAX, UDP_PAYLOAD_BYTES_MAX } from "./limits.js";

export interface MemoryChannelOptions {
  /** Largest datagram, bytes; 1200 unless told. */
  maxDatagramBytes?: number;
  /** What the channel claims to add to every datagram, bytes; 0 unless told. */
  overheadBytes?: number;
  /** Datagrams in flight each way; beyond, send returns false. 1024 unless told. */
  queueDatagramsMax?: number;
}

/** Two connected channels, [a, b]; both open in a microtask. */
export function createMemoryChannelPair(options: MemoryChannelOptions = {}): [MemoryChannel, MemoryChannel] {
  const a = new MemoryChannel(options);
  const b = new MemoryChannel(options);
  a.connect(b);
  b.connect(a);
  return [a, b];
}

export class MemoryChannel implements DatagramChannel {
  readonly kind = "memory" as const;
  readonly maxDatagramBytes: number;
  readonly overheadBytes: number;
  readonly queuesUnseen = false;
  onopen: (() => void) | null = null;
  onwritable: (() => void) | null = null;
  onmoved: (() => void) | null = null;
  ondatagram: ((datagram: Uint8Array) => void) | null = null;
  onclose: ((reason: string) => void) | null = null;

  readonly #queueDatagramsMax: number;
  #state: ChannelState = "connecting";
  #peer: MemoryChannel | undefined;
  #inFlight = 0;

  constructor(options: MemoryChannelOptions) {
    this.maxDatagramBytes = options.maxDatagramBytes ?? UDP_PAYLOAD_BYTES_MAX;
    this.overheadBytes = options.overheadBytes ?? 0;
    this.#queueDatagramsMax = options.queueDatagramsMax ?? MEMORY_QUEUE_DATAGRAMS_MAX;
  }

  get state(): ChannelState {
    return this.#state;
  }

  get writable(): boolean {
    return this.#inFlight < this.#queueDatagramsMax;
  }

  /** Joins this end to its peer and opens it in a microtask. */
  connect(peer: MemoryChannel): void {
    this.#peer = peer;
    queueMicrotask(() => {
      if (this.#state !== "connecting") return;
      this.#state = "open";
      this.onopen?.();
    });
  }

  send(datagram: Uint8Array): boolean {
    checkDatagramSize(datagram, this.maxDatagramBytes);
    const peer = this.#peer;
    if (this.#state !== "open" || peer === undefined || this.#inFlight >= this.#queueDatagramsMax) return false;
    const copy = datagram.slice();
    this.#inFlight++;
    queueMicrotask(() => {
      if (this.#inFlight-- === this.#queueDatagramsMax && this.#state === "open") this.onwritable?.();
      if (peer.#state === "open") peer.ondatagram?.(copy);
    });
    return true;
  }

  close(): void {
    if (this.#state === "closed") return;
    this.#state = "closed";
    this.onclose?.("closed");
  }
}
