/**
 * A datagram channel over a bad network: wraps any channel with plugin/netem's model, both ways, live.
 * A damaged datagram is dropped here and not handed on: below a real channel, UDP's checksum or the cipher's tag does
 * so. Timers fire on whole milliseconds, so delays are as coarse.
 */

import {
  Impairment,
  resolveDirections,
  type DirectionalImpairment,
  type ImpairmentOptions,
  type ImpairmentStats,
} from "../../netem/index.js";
import { DeadlineTimer, systemClock, type Clock } from "../../host/clock.js";
import { appendCrc32, stripCrc32, CRC32_BYTES } from "./crc32.js";
import type { ChannelKind, ChannelState, DatagramChannel } from "../datagram-channel.js";
import { checkDatagramSize } from "../datagram-size.js";

/**
 * Wraps a channel and takes over its handlers; close the wrapper, not the channel. `send` and `receive` are seen from
 * this side. The options' overheadBytes is replaced by the channel's own. @throws TypeError or RangeError for a wrong
 * option.
 */
export function impairChannel(
  channel: DatagramChannel,
  impairment: DirectionalImpairment,
  clock: Clock = systemClock,
): ImpairedChannel {
  return new ImpairedChannel(channel, impairment, clock);
}

export class ImpairedChannel implements DatagramChannel {
  onopen: (() => void) | null = null;
  onwritable: (() => void) | null = null;
  onmoved: (() => void) | null = null;
  ondatagram: ((datagram: Uint8Array) => void) | null = null;
  onclose: ((reason: string) => void) | null = null;

  readonly #channel: DatagramChannel;
  readonly #clock: Clock;
  readonly #send: Impairment;
  readonly #receive: Impairment;
  readonly #timer: DeadlineTimer;

  constructor(channel: DatagramChannel, impairment: DirectionalImpairment, clock: Clock) {
    const { send, receive } = resolveDirections(impairment);
    this.#channel = channel;
    this.#clock = clock;
    this.#send = new Impairment(this.#withOverhead(send));
    this.#receive = new Impairment(this.#withOverhead(receive));
    this.#timer = new DeadlineTimer(clock, () => this.#pump());
    channel.onopen = () => this.onopen?.();
    channel.onwritable = () => this.onwritable?.();
    channel.onmoved = () => this.onmoved?.();
    channel.ondatagram = (datagram) => this.#onDatagram(datagram);
    channel.onclose = (reason) => this.#onClose(reason);
  }

  get kind(): ChannelKind {
    return this.#channel.kind;
  }

  get state(): ChannelState {
    return this.#channel.state;
  }

  get maxDatagramBytes(): number {
    return this.#channel.maxDatagramBytes;
  }

  get overheadBytes(): number {
    return this.#channel.overheadBytes;
  }

  get writable(): boolean {
    return this.#channel.writable;
  }

  get queuesUnseen(): boolean {
    return this.#channel.queuesUnseen;
  }

  /** What became of the datagrams so far, each way. */
  get stats(): { send: ImpairmentStats; receive: ImpairmentStats } {
    return { send: this.#send.stats, receive: this.#receive.stats };
  }

  /** True also for a datagram that the impairment takes: a network does not tell. */
  send(datagram: Uint8Array): boolean {
    checkDatagramSize(datagram, this.maxDatagramBytes);
    if (this.state !== "open") return false;
    this.#send.push(appendCrc32(datagram), this.#clock.now());
    this.#pump();
    return true;
  }

  close(): void {
    this.#channel.close();
  }

  /** Starts or ends a blackout of both directions. */
  blackout(on: boolean): void {
    this.#send.blackout(on);
    this.#receive.blackout(on);
  }

  /**
   * Replaces the options of both directions, for datagrams from now on. @throws TypeError or RangeError; then nothing
   * has changed.
   */
  configure(impairment: DirectionalImpairment): void {
    const { send, receive } = resolveDirections(impairment);
    this.#send.configure(this.#withOverhead(send));
    this.#receive.configure(this.#withOverhead(receive));
  }

  #onDatagram(datagram: Uint8Array): void {
    this.#receive.push(appendCrc32(datagram), this.#clock.now());
    this.#pump();
  }

  #onClose(reason: string): void {
    this.#timer.cancel();
    this.#send.clear();
    this.#receive.clear();
    this.onclose?.(reason);
  }

  /**
   * Hands on what is due; bounded by what netem holds, since what a handler sends is due later or handed on by its own
   * call.
   */
  #pump(): void {
    const nowMs = this.#clock.now();
    for (let due = this.#send.poll(nowMs); due !== undefined; due = this.#send.poll(nowMs)) {
      const datagram = stripCrc32(due);
      if (datagram !== undefined && this.state === "open") this.#channel.send(datagram);
    }
    for (let due = this.#receive.poll(nowMs); due !== undefined; due = this.#receive.poll(nowMs)) {
      const datagram = stripCrc32(due);
      if (datagram !== undefined && this.state === "open") this.ondatagram?.(datagram);
    }
    if (this.state !== "closed") this.#timer.set(Math.min(this.#send.nextTimeMs(), this.#receive.nextTimeMs()));
  }

  /** The rate counts what really travels: the channel's overhead, and not the check of this wrapper. */
  #withOverhead(options: ImpairmentOptions): ImpairmentOptions {
    return { ...options, overheadBytes: Math.max(0, this.#channel.overheadBytes - CRC32_BYTES) };
  }
}
