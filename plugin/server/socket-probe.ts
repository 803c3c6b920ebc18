/**
 * How far behind a client's WebSocket is. `bufferedAmount` tells only what the kernel would not take, on a slow link
 * seconds late; a ping frame in the stream (RFC 6455 section 5.5.2) is answered once all that was written before it has
 * arrived. Pings only while records are written, and concludes nothing until one was answered: a proxy may keep pings
 * to itself. What datagrams brought while TCP backs off has arrived, whenever the ping behind it does.
 */

import { seqDiff, type Seq } from "../core/seq.js";
import { SOCKET_PROBES_MAX, SOCKET_PROBE_INTERVAL_MS } from "./limits.js";

/** Tells our pings from the host's: "fec", then their number, 16 bits. */
const MARK = [0x66, 0x65, 0x63] as const;
const PAYLOAD_BYTES = MARK.length + 2;

interface Probe {
  readonly number: number;
  readonly sentMs: number;
  /** Bytes written before it, and the ordered symbol after the last in them. */
  readonly bytes: number;
  readonly upTo: Seq;
}

export class SocketProbe {
  readonly #ping: (payload: Uint8Array) => void;
  /** Unanswered, oldest first. */
  readonly #probes: Probe[] = [];
  /** How many of them, from the oldest on, wait for nothing but their pong: datagrams brought what is before them. */
  #overtaken = 0;
  #number = 0;
  #writtenBytes = 0;
  #confirmedBytes = 0;
  #probedMs = -Infinity;
  #leastMs = Infinity;

  /** ping: sends a ping frame with this payload. */
  constructor(ping: (payload: Uint8Array) => void) {
    this.#ping = ping;
  }

  /**
   * A record of so many bytes was written to the socket; what was written so far holds no ordered symbol from upTo on.
   */
  onWritten(bytes: number, upTo: Seq, nowMs: number): void {
    this.#writtenBytes += bytes;
    if (nowMs - this.#probedMs < SOCKET_PROBE_INTERVAL_MS || this.#probes.length >= SOCKET_PROBES_MAX) return;
    this.#probedMs = nowMs;
    this.#number = (this.#number + 1) & 0xffff;
    this.#probes.push({ number: this.#number, sentMs: nowMs, bytes: this.#writtenBytes, upTo });
    this.#ping(Uint8Array.of(...MARK, this.#number & 0xff, this.#number >> 8));
  }

  /**
   * False if the pong answers a ping of someone else. One pong may answer for all pings before it (RFC 6455 section
   * 5.5.3).
   */
  onPong(payload: Uint8Array, nowMs: number): boolean {
    if (payload.length !== PAYLOAD_BYTES || MARK.some((byte, i) => payload[i] !== byte)) return false;
    const number = payload[MARK.length]! + 256 * payload[MARK.length + 1]!;
    const index = this.#probes.findIndex((probe) => probe.number === number);
    if (index < 0) return true;
    const { sentMs, bytes } = this.#probes[index]!;
    this.#probes.splice(0, index + 1);
    this.#overtaken = Math.max(0, this.#overtaken - index - 1);
    this.#confirmedBytes = Math.max(this.#confirmedBytes, bytes);
    this.#leastMs = Math.min(this.#leastMs, nowMs - sentMs);
    return true;
  }

  /** The client has every ordered symbol before upTo, by whatever path. */
  onArrived(upTo: Seq): void {
    for (
      let probe = this.#probes[this.#overtaken];
      probe && seqDiff(upTo, probe.upTo) >= 0;
      probe = this.#probes[this.#overtaken]
    ) {
      this.#confirmedBytes = Math.max(this.#confirmedBytes, probe.bytes);
      this.#overtaken++;
    }
  }

  /**
   * How much longer than the least round trip the oldest record has gone unconfirmed, ms, as far as probes tell; 0 if
   * none has.
   */
  behindMs(nowMs: number): number {
    return this.#isWaiting ? Math.max(0, nowMs - this.#probes[this.#overtaken]!.sentMs - this.#leastMs) : 0;
  }

  /** Bytes written that are not confirmed; 0 while no probe waits. */
  get waitingBytes(): number {
    return this.#isWaiting ? this.#writtenBytes - this.#confirmedBytes : 0;
  }

  get #isWaiting(): boolean {
    return this.#probes.length > this.#overtaken && this.#leastMs !== Infinity;
  }
}
