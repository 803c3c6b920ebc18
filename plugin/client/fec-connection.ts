/**
 * One WebSocket connection of a FecClientTransport, from connect() to its close: finds out what the server speaks by
 * its first message, and is then either the SDK's own WebSocket transport or a ClientSession whose messages look like
 * the socket's. docs/WIRE-FORMAT.md sections 1 and 4.
 */

import { CloseCode } from "@colyseus/sdk";
import { systemClock } from "../host/clock.js";
import { CONNECTING, OPEN } from "../host/socket-state.js";
import { PROTOCOL_VERSION, readControl, type ReadControl } from "../session/control-records.js";
import type { LiveImpairment } from "../channels/impaired/live-impairment.js";
import type { RepairOption } from "../core/repair-option.js";
import { RECORD_CONTROL } from "../core/wire/constants.js";
import { ClientSession } from "./client-session.js";
import { CLOSE_AFTER_ERROR_MS, HELD_BYTES_MAX } from "./limits.js";
import type { ResolvedClientOptions } from "./options.js";
import { isUnreliable, type SdkEvents, type SdkSocket, type SdkWebSocketTransport } from "./sdk-internals.js";

interface Undecided {
  readonly kind: "undecided";
  readonly held: { readonly bytes: Uint8Array; readonly ordered: boolean }[];
  heldBytes: number;
}

type Mode =
  | Undecided
  | { readonly kind: "plain" }
  | { readonly kind: "fec"; readonly session: ClientSession }
  | { readonly kind: "ended" };

export interface FecConnectionContext {
  /** The SDK's transport, after its connect(). */
  readonly inner: SdkWebSocketTransport;
  readonly socket: SdkSocket;
  /** Whose `events` are read for every event: tooling replaces them. */
  readonly transport: { readonly events: SdkEvents };
  readonly options: ResolvedClientOptions;
  readonly repair: RepairOption;
  readonly impairment: LiveImpairment;
  /** Called before each patch of the unreliable channel is handed on. */
  beforeUnreliable(): void;
  /** The host of the WebSocket's URL. */
  readonly host: string;
}

export class FecConnection {
  readonly #context: FecConnectionContext;
  readonly #onPlainMessage: SdkSocket["onmessage"];
  #mode: Mode = { kind: "undecided", held: [], heldBytes: 0 };

  constructor(context: FecConnectionContext) {
    this.#context = context;
    const { socket, transport } = context;
    this.#onPlainMessage = socket.onmessage;
    socket.onmessage = (event: { data: unknown }) => this.#onSocketMessage(event);
    socket.onclose = (event: unknown) => {
      this.#end();
      transport.events.onclose?.(event);
    };
    const onError = socket.onerror;
    socket.onerror = (event: unknown) => {
      onError?.(event);
      this.#expectClose();
    };
  }

  /** The server speaks Colyseus and not this protocol. */
  get isPlain(): boolean {
    return this.#mode.kind === "plain";
  }

  /** undefined before hello, after the end, and on a plain connection. */
  get session(): ClientSession | undefined {
    return this.#mode.kind === "fec" ? this.#mode.session : undefined;
  }

  /** Sends one message; the bytes are copied. @throws Error before the socket is open, as the SDK's transport. */
  send(data: Uint8Array, ordered: boolean): void {
    const { inner, socket } = this.#context;
    const mode = this.#mode;
    if (mode.kind === "plain" || socket.readyState === CONNECTING) {
      if (ordered) inner.send(data);
      else inner.sendUnreliable(data);
      return;
    }
    if (socket.readyState !== OPEN || mode.kind === "ended") return;
    if (mode.kind === "fec") mode.session.send(data, ordered);
    else this.#hold(mode, data, ordered);
  }

  /**
   * Closes after everything sent went out: what only rode datagrams and is not acknowledged goes by WebSocket first.
   */
  close(code?: number, reason?: string): void {
    const mode = this.#mode;
    // With this code the SDK's transport calls onclose at once, and nothing may come after it.
    if (code === CloseCode.MAY_TRY_RECONNECT && mode.kind !== "plain") this.#end();
    else if (mode.kind === "fec") mode.session.prepareClose();
    this.#context.inner.close(code, reason);
  }

  /** Ends without an event: a new connection takes this one's place. */
  abandon(): void {
    const { socket } = this.#context;
    this.#end();
    socket.onopen = socket.onmessage = socket.onclose = null;
    socket.onerror = () => {}; // `ws` throws an error that nobody listens for
    if (socket.readyState <= OPEN) socket.close();
  }

  /** Until the server's first message shows what it speaks. */
  #hold(mode: Undecided, data: Uint8Array, ordered: boolean): void {
    mode.heldBytes += data.length;
    if (mode.heldBytes > HELD_BYTES_MAX)
      this.#fail(CloseCode.MAY_TRY_RECONNECT, "too much before the server's first message");
    else mode.held.push({ bytes: new Uint8Array(data), ordered });
  }

  /**
   * Node 22's global WebSocket reports a failed connection by "error" alone and stays CONNECTING; the SDK's retries
   * wait for a close.
   */
  #expectClose(): void {
    const { socket } = this.#context;
    if (socket.readyState !== CONNECTING) return;
    systemClock.setTimeout(() => {
      const { onclose } = socket;
      if (socket.readyState !== CONNECTING || onclose === null) return;
      socket.onclose = null;
      onclose({ type: "close", code: CloseCode.ABNORMAL_CLOSURE, reason: "", wasClean: false });
    }, CLOSE_AFTER_ERROR_MS);
  }

  #onSocketMessage(event: { data: unknown }): void {
    const record = event.data instanceof ArrayBuffer ? new Uint8Array(event.data) : undefined;
    if (this.#mode.kind === "undecided") {
      if (record?.[0] === RECORD_CONTROL) this.#begin(readControl(record));
      else this.#becomePlain(event);
    } else if (this.#mode.kind === "fec") {
      if (record === undefined) this.#fail(CloseCode.WITH_ERROR, "text record");
      else this.#mode.session.handleRecord(record);
    }
  }

  #becomePlain(event: unknown): void {
    const { inner, socket } = this.#context;
    const held = this.#mode.kind === "undecided" ? this.#mode.held : [];
    this.#mode = { kind: "plain" };
    socket.onmessage = this.#onPlainMessage;
    for (const { bytes, ordered } of held) {
      if (ordered) inner.send(bytes);
      else inner.sendUnreliable(bytes);
    }
    this.#onPlainMessage?.(event);
  }

  #begin(hello: ReadControl): void {
    if (hello.kind !== "hello" || hello.version !== PROTOCOL_VERSION) {
      this.#fail(CloseCode.WITH_ERROR, "the server speaks another version of colyseus-fec");
      return;
    }
    const { options, repair, impairment, host } = this.#context;
    const held = this.#mode.kind === "undecided" ? this.#mode.held : [];
    const session = new ClientSession(
      {
        writeRecord: (record) => this.#write(record),
        onMessage: (bytes) => this.#emit(bytes),
        onFailure: (code, reason) => this.#fail(code, reason),
      },
      { options, repair, impairment, host, hello },
    );
    this.#mode = { kind: "fec", session };
    for (const { bytes, ordered } of held) session.send(bytes, ordered);
  }

  #write(record: Uint8Array): void {
    const { socket } = this.#context;
    if (socket.readyState !== OPEN) return;
    socket.send(record);
  }

  /** The bytes look as the socket's own do: an ArrayBuffer that nobody else holds. */
  #emit(bytes: Uint8Array): void {
    const { socket, transport } = this.#context;
    if (bytes.length > 0 && isUnreliable(bytes)) this.#context.beforeUnreliable();
    const whole = bytes.byteLength === bytes.buffer.byteLength ? bytes : bytes.slice();
    transport.events.onmessage?.({ type: "message", data: whole.buffer, target: socket, currentTarget: socket });
  }

  #fail(code: number, reason: string): void {
    console.warn(`colyseus-fec: closing the connection: ${reason}`);
    this.#end();
    this.#context.inner.close(code, reason.slice(0, 100));
  }

  #end(): void {
    const mode = this.#mode;
    this.#mode = { kind: "ended" };
    if (mode.kind === "fec") mode.session.close();
  }
}
