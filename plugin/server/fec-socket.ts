/**
 * What core holds as `client.ref` of a FEC session: looks like the `ws` socket that it wraps, but its messages ride a
 * link. Makes the session, server-session.ts, and passes on.
 */

import type { WebSocket } from "ws";
import { ServerSession, type ServerSessionOptions } from "./server-session.js";
import { SocketFacade } from "./socket-facade.js";
import type { StateFlow } from "./state-flow.js";

type SendCallback = (error?: Error) => void;

/** A message as core and ws-transport give it; an array of numbers comes from ws-transport's simulateLatency. */
export type SentBytes = Uint8Array | number[];

/**
 * Emits "message" (a Node Buffer, never reused) for every delivered message and "close" (code, reason) exactly once;
 * passes on "ping", "pong" and, where someone listens, "error".
 */
export class FecSocket extends SocketFacade {
  readonly session: ServerSession;
  /** What of the room's state goes over this connection; undefined until its client is in the room: everything. */
  flow: StateFlow | undefined;

  /**
   * Takes over an open socket. @param onHeard called when the client shows by a datagram or a message that it lives.
   */
  constructor(webSocket: WebSocket, onHeard: () => void, options: ServerSessionOptions) {
    super(webSocket);
    this.session = new ServerSession(
      webSocket,
      {
        onMessage: (bytes) => this.emit("message", Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength), true),
        onHeard,
        onClose: (code, reason) => this.emit("close", code, reason),
      },
      options,
    );
    webSocket.on("ping", (data) => this.emit("ping", data));
    webSocket.on("pong", (data) => this.session.onPong(data) || this.emit("pong", data));
    webSocket.on("error", (error) => this.listenerCount("error") > 0 && this.emit("error", error));
  }

  /** As the socket's, but CLOSING from {@link close} on. */
  override get readyState(): WebSocket["readyState"] {
    return this.session.readyState;
  }

  /**
   * Sends one ordered message; the bytes are copied. The callback always runs, later: with an Error when the socket is
   * not open, else as soon as the link has the message (it is then delivered before any close that follows).
   */
  send(data: SentBytes, options?: object | SendCallback, callback?: SendCallback): void {
    const done = typeof options === "function" ? (options as SendCallback) : callback;
    if (this.#isOpenFor(done)) {
      this.session.send(data instanceof Uint8Array ? data : new Uint8Array(data));
      if (done) process.nextTick(done);
    }
  }

  /** Sends one message at most once, in any order; otherwise as {@link send}. */
  sendUnreliable(data: Uint8Array, callback?: SendCallback): void {
    if (this.#isOpenFor(callback)) {
      this.session.sendUnreliable(data);
      if (callback) process.nextTick(callback);
    }
  }

  /** As {@link ServerSession.close}. */
  close(code?: number, reason?: string | Buffer): void {
    this.session.close(code, reason);
  }

  #isOpenFor(done: SendCallback | undefined): boolean {
    if (this.session.isOpen) return true;
    if (done) process.nextTick(done, new Error(`WebSocket is not open: readyState ${this.readyState}`));
    return false;
  }
}
