/**
 * What both ends of a session share: a link with its driver over one WebSocket, the CONTROL records beside the link's
 * own, the impairment of its datagram channels, and the last words of a host that ends. The WebSocket is given as
 * functions; which channel is attached, who is let in and what a CONTROL record means are each end's own.
 * docs/ARCHITECTURE.md, docs/WIRE-FORMAT.md sections 1 and 4.
 */

import type { DatagramChannel } from "../channels/datagram-channel.js";
import type { LiveImpairment } from "../channels/impaired/live-impairment.js";
import { Link } from "../core/link.js";
import type { RepairOption } from "../core/repair-option.js";
import { RECORD_CONTROL } from "../core/wire/constants.js";
import { systemClock, type Clock } from "../host/clock.js";
import { onHostEnd } from "../host/host-end.js";
import type { PathName } from "./channel-kinds.js";
import { encodeControl, readControl, type ControlRecord, type ReadControl } from "./control-records.js";
import {
  LinkDriver,
  type LinkBacklog,
  type LinkDriverHandlers,
  type LinkRecordKind,
  type SessionFailure,
} from "./driver.js";
import type { SessionStats } from "./statistics.js";

export interface SessionOptions {
  readonly repair: RepairOption;
  /** Of the datagram channels that this session will have. */
  readonly impairment: LiveImpairment;
  /** Largest message taken from the peer, bytes; no limit of its own unless told. */
  readonly messageBytesMax?: number;
  /** Largest SYMBOL payload that the peer takes, bytes; no limit unless told. */
  readonly recordPayloadMax?: number;
  /** Largest CONTROL record taken from the peer, bytes. */
  readonly controlBytesMax: number;
  readonly clock?: Clock;
}

/** A CONTROL record, or one of the link's: see {@link LinkDriverHandlers.sendReliable}. */
export type RecordKind = "control" | LinkRecordKind;

export interface SessionHandlers {
  /** Sends one record as a WebSocket message; the bytes are the callee's. */
  writeRecord(record: Uint8Array, kind: RecordKind): void;
  /** One message of the peer; ordered ones come in order. The bytes are the callee's. */
  onMessage(bytes: Uint8Array, ordered: boolean): void;
  /** A CONTROL record of the peer that could be read, or was none. */
  onControl(control: ReadControl): void;
  /** The peer broke the protocol, or the link broke. Once, and nothing is called after it. */
  onFailure(failure: SessionFailure): void;
  /** The attached channel brought a datagram, before its messages are delivered: the peer lives. */
  onHeard?(): void;
  /** The attached channel opened. */
  onChannelOpen?(): void;
  /** The attached channel ended by itself; the session goes on. */
  onChannelClose?(reason: string): void;
}

export class Session {
  readonly impairment: LiveImpairment;
  readonly #driver: LinkDriver;
  readonly #handlers: SessionHandlers;
  readonly #controlBytesMax: number;
  readonly #forgetHostEnd: () => void;

  constructor(handlers: SessionHandlers, options: SessionOptions) {
    const { repair, impairment, messageBytesMax, recordPayloadMax, controlBytesMax, clock = systemClock } = options;
    this.impairment = impairment;
    this.#handlers = handlers;
    this.#controlBytesMax = controlBytesMax;
    this.#driver = new LinkDriver(
      new Link({ repair, messageBytesMax, recordPayloadMax }),
      {
        sendReliable: (record, kind) => handlers.writeRecord(record, kind),
        onMessage: (bytes, ordered) => handlers.onMessage(bytes, ordered),
        onFailure: (failure) => handlers.onFailure(failure),
        onHeard: () => handlers.onHeard?.(),
        onChannelOpen: () => handlers.onChannelOpen?.(),
        onChannelClose: (_channel, reason) => handlers.onChannelClose?.(reason),
      },
      clock,
    );
    this.#forgetHostEnd = onHostEnd(() => this.handOver());
  }

  /** What the next message rides. */
  get path(): PathName {
    // The memory channel, which nobody offers, has no name of its own here.
    return this.#driver.path as PathName;
  }

  /** What of this end's messages is still on its way by datagram; the WebSocket tells nothing of what rides it. */
  get backlog(): LinkBacklog {
    return this.#driver.backlog;
  }

  stats(): SessionStats {
    return { ...this.#driver.stats(), path: this.path, datagramsRefused: this.#driver.droppedDatagrams };
  }

  /** Sends one message, exactly once and in order; copied. No effect after close(). */
  send(message: Uint8Array): void {
    this.#driver.send(message);
  }

  /** Sends one message at most once; copied. No effect after close(). */
  sendUnreliable(message: Uint8Array): void {
    this.#driver.sendUnreliable(message);
  }

  sendControl(control: ControlRecord): void {
    this.#handlers.writeRecord(encodeControl(control), "control");
  }

  /**
   * Takes one WebSocket message of the peer; valid during the call. What it brings is delivered before this returns. No
   * effect after the end.
   */
  handleRecord(record: Uint8Array): void {
    if (this.#driver.isClosed) return;
    if (record[0] === RECORD_CONTROL) this.#handlers.onControl(readControl(record, this.#controlBytesMax));
    else this.#driver.handleReliable(record);
  }

  /** Takes a channel, impaired if that is asked for; one that was attached before is detached. */
  attach(channel: DatagramChannel): void {
    this.#driver.attach(this.impairment.wrap(channel));
  }

  /** Closes the channel, if there is one: what it carried, and everything after, rides the WebSocket. */
  detach(): void {
    this.#driver.detach();
  }

  /** Changes the repair of what this end sends. @throws TypeError or RangeError for a wrong option. */
  setRepair(repair: RepairOption): void {
    this.#driver.setRepair(repair);
  }

  /** Hands the WebSocket all that the peer has not acknowledged; an open channel stays open, for what still comes. */
  handOver(): void {
    this.#driver.carryUnacknowledged();
    this.flushAll();
  }

  /** Sends all that waits. A flush moves a bounded batch, and the link's queues are bounded, so this ends. */
  flushAll(): void {
    while (this.#driver.flush());
  }

  /**
   * Ends: closes the channel and hands all that is not acknowledged to the WebSocket, so call this before its close.
   * Idempotent.
   */
  close(): void {
    this.#forgetHostEnd();
    this.#driver.close();
  }
}
