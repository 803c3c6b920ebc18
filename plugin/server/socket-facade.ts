/**
 * The rest of a `ws` socket's interface, for what middleware and games read of `client.ref`: properties of the socket
 * below, and listeners in the way of the DOM. Sends, closes and delivers nothing: that is FecSocket.
 */

import { EventEmitter } from "node:events";
import type { Socket } from "node:net";
import type { WebSocket } from "ws";

/** What listeners of addEventListener get: of ws's events, the members that do not depend on its version. */
export interface SocketEvent {
  readonly type: string;
  readonly target: SocketFacade;
  /** "message": the bytes, a Node Buffer. */
  readonly data?: Buffer;
  /** "close" */
  readonly code?: number;
  readonly reason?: string;
  readonly wasClean?: boolean;
  /** "error" */
  readonly error?: Error;
  readonly message?: string;
}

type Listener = ((event: SocketEvent) => void) | { handleEvent(event: SocketEvent): void };

interface Registration {
  readonly type: string;
  readonly listener: Listener;
  readonly onEvent: (...args: unknown[]) => void;
}

const EVENT_TYPES: readonly string[] = ["open", "message", "close", "error"];

export class SocketFacade extends EventEmitter {
  static readonly CONNECTING = 0;
  static readonly OPEN = 1;
  static readonly CLOSING = 2;
  static readonly CLOSED = 3;
  readonly CONNECTING = 0;
  readonly OPEN = 1;
  readonly CLOSING = 2;
  readonly CLOSED = 3;

  /** The socket below. */
  readonly webSocket: WebSocket;

  /** Listeners of addEventListener: as many as the game adds, as with any emitter. */
  readonly #registrations: Registration[] = [];

  constructor(webSocket: WebSocket) {
    super();
    this.webSocket = webSocket;
  }

  get readyState(): WebSocket["readyState"] {
    return this.webSocket.readyState;
  }

  get bufferedAmount(): number {
    return this.webSocket.bufferedAmount;
  }

  /** Private in ws, and the usual way to a client's address. */
  get _socket(): Socket {
    return (this.webSocket as unknown as { _socket: Socket })._socket;
  }

  get protocol(): string {
    return this.webSocket.protocol;
  }

  get url(): string {
    return this.webSocket.url;
  }

  get extensions(): string {
    return this.webSocket.extensions;
  }

  /** Messages are Buffers: "nodebuffer". */
  get binaryType(): WebSocket["binaryType"] {
    return this.webSocket.binaryType;
  }

  get isPaused(): boolean {
    return this.webSocket.isPaused;
  }

  /** Stops reading the WebSocket; datagrams still come. */
  pause(): void {
    this.webSocket.pause();
  }

  resume(): void {
    this.webSocket.resume();
  }

  terminate(): void {
    this.webSocket.terminate();
  }

  ping(data?: unknown, mask?: boolean, callback?: (error: Error) => void): void {
    this.webSocket.ping(data, mask, callback);
  }

  pong(data?: unknown, mask?: boolean, callback?: (error: Error) => void): void {
    this.webSocket.pong(data, mask, callback);
  }

  /** As ws's: "open", "message", "close" and "error", once for each listener; other types have no effect. */
  addEventListener(type: string, listener: Listener, options: { once?: boolean } = {}): void {
    const known = this.#registrations.some((each) => each.type === type && each.listener === listener);
    if (known || !EVENT_TYPES.includes(type)) return;
    const onEvent = (...args: unknown[]) => {
      if (options.once) this.removeEventListener(type, listener);
      const event = this.#event(type, args);
      if (typeof listener === "function") listener.call(this, event);
      else listener.handleEvent(event);
    };
    this.#registrations.push({ type, listener, onEvent });
    this.on(type, onEvent);
  }

  removeEventListener(type: string, listener: Listener): void {
    const index = this.#registrations.findIndex((each) => each.type === type && each.listener === listener);
    if (index < 0) return;
    const [{ onEvent }] = this.#registrations.splice(index, 1) as [Registration];
    this.off(type, onEvent);
  }

  #event(type: string, [first, second]: unknown[]): SocketEvent {
    const base = { type, target: this };
    if (type === "message") return { ...base, data: first as Buffer };
    if (type === "error") return { ...base, error: first as Error, message: (first as Error).message };
    if (type === "close") return { ...base, code: first as number, reason: String(second), wasClean: first !== 1006 };
    return base;
  }
}
