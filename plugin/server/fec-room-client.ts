/**
 * The server-side client of a FEC session: ws-transport's, whose `ref` is a FecSocket, plus the unreliable channel.
 * That `rawUnreliable` exists is how core knows that the client can be sent `@unreliable` fields.
 */

import { Protocol, ProtocolModifier, type ISendOptions } from "@colyseus/core";
import { WebSocketClient } from "@colyseus/ws-transport";
import type { WebSocket } from "ws";
import { systemClock } from "../host/clock.js";
import { FecSocket } from "./fec-socket.js";
import type { StateFlow } from "./state-flow.js";

/** First byte of a frame of `@unreliable` fields: [code | UNRELIABLE][uint16 sequence, little-endian][body]. */
const UNRELIABLE_PATCH = Protocol.ROOM_STATE_PATCH | ProtocolModifier.UNRELIABLE;
const UNRELIABLE_HEADER_BYTES = 3;

export class FecRoomClient extends WebSocketClient {
  readonly #latencyMs: () => number;
  #unreliableSequence = 0;

  /** latencyMs: what simulateLatency was last told. */
  constructor(sessionId: string, socket: FecSocket, latencyMs: () => number) {
    // A FecSocket has every member of a ws socket that core and ws-transport use.
    super(sessionId, socket as unknown as WebSocket);
    this.#latencyMs = latencyMs;
  }

  /**
   * Sends an ordered message, unless it is a patch for a client that is too far behind. The bytes are copied; the
   * callback always runs.
   */
  override raw(data: Uint8Array, options?: ISendOptions, callback?: (error?: Error) => void): void {
    const flow = this.#flow;
    const bytes = flow === undefined ? data : flow.filter(data);
    if (bytes !== undefined) super.raw(bytes, options, callback);
    else if (callback) process.nextTick(callback);
  }

  /**
   * Sends a full state in the place of patches, whatever is shed. The SDK counts unreliable frames from 0 again at it.
   */
  rawFullState(state: Uint8Array): void {
    this.#unreliableSequence = 0;
    super.raw(state);
  }

  /** Sends a frame at most once, in any order. The bytes are copied; the callback always runs. */
  rawUnreliable(data: Uint8Array, _options?: ISendOptions, callback?: (error?: Error) => void): void {
    const flow = this.#flow;
    if (flow !== undefined && !flow.passesUnreliable(data)) {
      if (callback) process.nextTick(callback);
      return;
    }
    const frame = this.#renumber(new Uint8Array(data));
    const delayMs = this.#latencyMs();
    if (delayMs > 0) systemClock.setTimeout(() => this.#sendUnreliable(frame, callback), delayMs);
    else this.#sendUnreliable(frame, callback);
  }

  /** A reconnection gives the previous client the new one's ref, which may be a plain socket. */
  get #flow(): StateFlow | undefined {
    const ref: unknown = this.ref;
    return ref instanceof FecSocket ? ref.flow : undefined;
  }

  #sendUnreliable(frame: Uint8Array, callback?: (error?: Error) => void): void {
    if (this.ref instanceof FecSocket) this.ref.sendUnreliable(frame, callback);
    else this.raw(frame, undefined, callback);
  }

  /**
   * Numbers patches per connection, from 1. The room's own counter is shared, and the SDK takes 0 for the newest at
   * ROOM_STATE: a client that joins while the counter is above 32767 would drop every frame for minutes.
   */
  #renumber(frame: Uint8Array): Uint8Array {
    if (frame[0] !== UNRELIABLE_PATCH || frame.length < UNRELIABLE_HEADER_BYTES) return frame;
    this.#unreliableSequence = (this.#unreliableSequence + 1) & 0xffff;
    frame[1] = this.#unreliableSequence & 0xff;
    frame[2] = this.#unreliableSequence >> 8;
    return frame;
  }
}
