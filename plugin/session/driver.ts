/**
 * Drives a Link in real time, and is its only master. It connects the link with its reliable path
 * (a WebSocket, given as functions) and with at most one datagram channel, which may come and go.
 * It owns no protocol (core/link.ts) and opens no channel.
 *
 * What arrives is delivered before the call that brought it returns. What is sent leaves in the call where it rides the
 * WebSocket, else in a microtask, so that everything sent in one synchronous run shares datagrams; what the link has to
 * answer leaves when all that arrived with it, for other sessions too, was delivered: nobody's patch waits for
 * another's feedback. A handler may call back in (send, attach, close). One that throws loses nothing: its error is
 * thrown again from a microtask, as an event handler's would be, and the next message is delivered. An error inside the
 * link (an assertion) ends this session and nothing else.
 */

import type { Link } from "../core/link.js";
import type { RepairOption } from "../core/repair-option.js";
import { Standstill } from "../core/standstill.js";
import type { LinkStats } from "../core/stats.js";
import { DeadlineTimer, systemClock, type Clock } from "../host/clock.js";
import type { ChannelKind, DatagramChannel } from "../channels/datagram-channel.js";
import { callHost, rethrowLater } from "../host/host-call.js";
import { DRIVER_BATCH_MAX } from "./limits.js";

/** Figures of what a link has sent. */
export type LinkBacklog = Readonly<Pick<Link, "behindMs" | "unacknowledgedBytes" | "nextSeq" | "peerNext">>;

/** The part of a Link that the driver uses. */
export type DrivenLink = Pick<
  Link,
  | "send"
  | "sendUnreliable"
  | "openPath"
  | "movePath"
  | "closePath"
  | "handleDatagram"
  | "handleReliable"
  | "handleTimeout"
  | "pollDatagram"
  | "carryDatagram"
  | "unansweredMs"
  | "answeredInTimeMs"
  | "pollReliable"
  | "pollMessage"
  | "pollTimeout"
  | "path"
  | "stats"
  | "failure"
  | "setRepair"
  | "carryUnacknowledged"
  | "isCopy"
  | keyof LinkBacklog
>;

export type LinkRecordKind = "symbol" | "copy";

/**
 * Why a session ends: the peer broke the protocol (with the WebSocket close code that says how), or the link broke, a
 * fault of ours.
 */
export type SessionFailure =
  | { readonly kind: "protocol"; readonly code: number; readonly reason: string }
  | { readonly kind: "internal"; readonly reason: string };

export interface LinkDriverHandlers {
  /**
   * Sends one record as a WebSocket message; the bytes are the callee's. A "copy" holds what datagrams go on to bring
   * as well.
   */
  sendReliable(record: Uint8Array, kind: LinkRecordKind): void;
  /** One message of the peer; ordered ones come in order. The bytes are the callee's. */
  onMessage(bytes: Uint8Array, ordered: boolean): void;
  /** The peer broke the protocol, or the link broke: close the WebSocket. Once; the driver then closes itself. */
  onFailure(failure: SessionFailure): void;
  /** The attached channel brought a datagram, before its messages are delivered: the peer lives. */
  onHeard?(): void;
  /** The attached channel opened. */
  onChannelOpen?(channel: DatagramChannel): void;
  /** The attached channel ended by itself (not by detach, attach or close); the session goes on. */
  onChannelClose?(channel: DatagramChannel, reason: string): void;
}

export class LinkDriver {
  /** Datagrams that the channel did not take; for the link they are lost. */
  droppedDatagrams = 0;

  readonly #link: DrivenLink;
  readonly #handlers: LinkDriverHandlers;
  readonly #clock: Clock;
  readonly #timer: DeadlineTimer;
  readonly #standstill: Standstill;
  #channel: DatagramChannel | undefined;
  #closed = false;
  #delivering = false;
  #draining = false;
  #flushQueued = false;
  #flushDeferred = false;
  /** Whether anything happened since the last flush. */
  #changed = false;
  /** A batch was full: the rest is due as soon as other events had their turn. */
  #backlog = false;

  constructor(link: DrivenLink, handlers: LinkDriverHandlers, clock: Clock = systemClock) {
    this.#link = link;
    this.#handlers = handlers;
    this.#clock = clock;
    this.#standstill = new Standstill(link);
    this.#timer = new DeadlineTimer(clock, () => this.#onTimer());
  }

  /** What data rides now. */
  get path(): "websocket" | ChannelKind {
    const kind = this.#channel?.kind;
    return kind !== undefined && this.#link.path === "datagram" && !this.#standstill.standsStill(this.#clock.now())
      ? kind
      : "websocket";
  }

  /** Ended, by close() or a failure. */
  get isClosed(): boolean {
    return this.#closed;
  }

  /** Whether datagrams may be under way, though the link may not use the channel now. */
  get isChannelOpen(): boolean {
    return this.#channel?.state === "open";
  }

  /** What of this end's messages is still on its way. */
  get backlog(): LinkBacklog {
    return this.#link;
  }

  setRepair(repair: RepairOption): void {
    this.#link.setRepair(repair);
  }

  stats(): LinkStats {
    return this.#link.stats(this.#clock.now());
  }

  /** Sends one message, exactly once and in order; copied. No effect after close(). */
  send(message: Uint8Array): void {
    if (this.#closed) return;
    try {
      this.#link.send(message);
    } catch (error) {
      this.#break(error);
    }
    this.#afterSend();
  }

  /** Sends one message at most once; copied. No effect after close(). */
  sendUnreliable(message: Uint8Array): void {
    if (this.#closed) return;
    try {
      this.#link.sendUnreliable(message);
    } catch (error) {
      this.#break(error);
    }
    this.#afterSend();
  }

  /** Takes one record of the WebSocket; valid during the call. Its messages are delivered before this returns. */
  handleReliable(record: Uint8Array): void {
    if (this.#closed) return;
    try {
      this.#link.handleReliable(record, this.#clock.now());
    } catch (error) {
      this.#break(error);
    }
    this.#afterInput();
  }

  /**
   * Takes a channel and its handlers; a channel that was attached before is detached.
   * The link's path opens when the channel is open (now, if it is) and closes with it.
   */
  attach(channel: DatagramChannel): void {
    if (channel === this.#channel) return;
    this.detach();
    if (this.#closed) channel.close();
    if (channel.state === "closed") return;
    this.#channel = channel;
    channel.ondatagram = this.#onDatagram;
    channel.onclose = (reason) => this.#onChannelClose(channel, reason);
    channel.onopen = () => this.#onChannelOpen(channel);
    channel.onwritable = () => this.flush();
    channel.onmoved = () => this.#change((nowMs) => this.#link.movePath(nowMs));
    if (channel.state === "open") this.#onChannelOpen(channel);
  }

  /** Closes the channel, if there is one; the session goes on by the reliable path. */
  detach(): void {
    const channel = this.#dropChannel();
    if (channel === undefined) return;
    channel.close();
    this.#change(() => this.#link.closePath());
  }

  /**
   * The reliable path takes all that is unacknowledged, at the next flush; an open channel stays open, for what still
   * comes.
   */
  carryUnacknowledged(): void {
    if (this.#closed) return;
    try {
      this.#link.carryUnacknowledged();
    } catch (error) {
      this.#break(error);
    }
  }

  /** Sends now what waits for the microtask. True if a batch was full, and more may wait. */
  flush(): boolean {
    if (this.#closed) return false;
    try {
      return this.#pumpOut();
    } catch (error) {
      this.#break(error);
      return false;
    }
  }

  /**
   * Ends: closes the channel and the timer, and hands all that is not acknowledged, so at most the link's window, to
   * `sendReliable`: call this before the WebSocket's close. No other handler is called from here on. Idempotent.
   */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#release();
    try {
      this.#link.closePath();
      this.#drainReliable(Infinity);
    } catch (error) {
      rethrowLater(error);
    }
  }

  #onChannelOpen(channel: DatagramChannel): void {
    const { maxDatagramBytes: mtuBytes, overheadBytes } = channel;
    this.#change((nowMs) => this.#link.openPath({ mtuBytes, overheadBytes }, nowMs));
    if (!this.#closed) callHost(() => this.#handlers.onChannelOpen?.(channel));
  }

  #onChannelClose(channel: DatagramChannel, reason: string): void {
    this.#dropChannel();
    this.#change(() => this.#link.closePath());
    if (!this.#closed) callHost(() => this.#handlers.onChannelClose?.(channel, reason));
  }

  #onTimer(): void {
    this.#change((nowMs) => {
      // The timer may have been set for a backlog alone.
      if (nowMs >= this.#link.pollTimeout()) this.#link.handleTimeout(nowMs);
    });
    this.flush();
  }

  /** Changes the link; for what is rare: datagrams and records come without a closure. */
  #change(change: (nowMs: number) => void): void {
    if (this.#closed) return;
    try {
      change(this.#clock.now());
    } catch (error) {
      this.#break(error);
    }
    this.#afterInput();
  }

  readonly #onDatagram = (datagram: Uint8Array): void => {
    if (this.#closed) return;
    this.#handlers.onHeard?.();
    try {
      this.#link.handleDatagram(datagram, this.#clock.now());
    } catch (error) {
      this.#break(error);
    }
    this.#afterInput();
  };

  /** The link has changed: delivers what that brought, and sees to it that the rest leaves. */
  #afterInput(): void {
    if (this.#closed) return;
    try {
      this.#deliver();
    } catch (error) {
      this.#break(error);
    }
    this.#checkFailure();
    this.#deferFlush();
  }

  /**
   * Hands out messages in order. What a handler's own call brings is delivered after those that wait, by this same
   * loop.
   */
  #deliver(): void {
    if (this.#delivering) return;
    this.#delivering = true;
    try {
      for (let i = 0; i < DRIVER_BATCH_MAX; i++) {
        const message = this.#closed ? undefined : this.#link.pollMessage();
        if (message === undefined) return;
        try {
          this.#handlers.onMessage(message.bytes, message.ordered);
        } catch (error) {
          rethrowLater(error);
        }
      }
      this.#backlog = true;
    } finally {
      this.#delivering = false;
    }
  }

  #deferFlush(): void {
    this.#changed = true;
    if (this.#flushDeferred || this.#flushQueued || this.#closed) return;
    this.#flushDeferred = true;
    this.#clock.defer(this.#onDeferred);
  }

  readonly #onDeferred = (): void => {
    this.#flushDeferred = false;
    if (this.#changed) this.flush();
  };

  /**
   * What rides the WebSocket leaves in the call, as over a WebSocket alone; what rides datagrams waits for the
   * microtask, and shares them with what follows.
   */
  #afterSend(): void {
    if (this.#link.path === "reliable" || !this.isChannelOpen) {
      this.flush();
      return;
    }
    this.#changed = true;
    this.#drainReliable(DRIVER_BATCH_MAX);
    this.#queueFlush();
  }

  #queueFlush(): void {
    if (this.#flushQueued || this.#closed) return;
    this.#flushQueued = true;
    queueMicrotask(this.#onMicrotask);
  }

  /** One function for all flushes: a closure for each would be garbage on the hot path. */
  readonly #onMicrotask = (): void => {
    this.#flushQueued = false;
    this.flush();
  };

  /** Moves everything outward, then asks when to come back; true if a batch was full. */
  #pumpOut(): boolean {
    this.#changed = false;
    this.#drainReliable(DRIVER_BATCH_MAX);
    this.#drainDatagrams();
    this.#checkFailure();
    if (this.#closed) return false;
    const more = this.#backlog;
    this.#backlog = false;
    const nowMs = this.#clock.now();
    const lookMs = this.#standstill.nextLookMs(nowMs);
    this.#timer.set(more ? nowMs : lookMs === Infinity ? this.#link.pollTimeout() : lookMs);
    return more;
  }

  /** In order, though sending one may bring another: that one is this loop's as well. */
  #drainReliable(countMax: number): void {
    if (this.#draining) return;
    this.#draining = true;
    for (let i = 0; i < countMax; i++) {
      const record = this.#link.pollReliable();
      if (record === undefined) {
        this.#draining = false;
        return;
      }
      try {
        this.#handlers.sendReliable(record, this.#link.isCopy(record) ? "copy" : "symbol");
      } catch (error) {
        rethrowLater(error);
      }
    }
    this.#draining = false;
    this.#backlog = true;
  }

  #drainDatagrams(): void {
    for (let i = 0; i < DRIVER_BATCH_MAX; i++) {
      const channel = this.#channel;
      if (channel === undefined || channel.state !== "open") return;
      const nowMs = this.#clock.now();
      const verdict = this.#standstill.decide(channel, nowMs);
      // What the channel was not given may be the reliable path's now.
      if (this.#standstill.nextLookMs(nowMs) !== Infinity) this.#drainReliable(DRIVER_BATCH_MAX);
      if (verdict === "hold") return;
      const datagram = this.#link.pollDatagram(nowMs);
      if (datagram === undefined) return;
      if (!channel.send(datagram)) this.droppedDatagrams++;
    }
    this.#backlog = true;
  }

  #checkFailure(): void {
    const failure = this.#link.failure;
    if (failure !== undefined) this.#fail({ kind: "protocol", ...failure });
  }

  /** An error of our own: it ends this session, not the process. */
  #break(error: unknown): void {
    this.#fail({ kind: "internal", reason: error instanceof Error ? error.message : String(error) });
  }

  #fail(failure: SessionFailure): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#release();
    callHost(() => this.#handlers.onFailure(failure));
  }

  #release(): void {
    this.#timer.cancel();
    this.#dropChannel()?.close();
  }

  /** Forgets the channel, so that nothing more comes from it. */
  #dropChannel(): DatagramChannel | undefined {
    const channel = this.#channel;
    if (channel === undefined) return undefined;
    this.#channel = undefined;
    this.#standstill.reset();
    channel.onopen = null;
    channel.onwritable = null;
    channel.onmoved = null;
    channel.ondatagram = null;
    channel.onclose = null;
    return channel;
  }
}
