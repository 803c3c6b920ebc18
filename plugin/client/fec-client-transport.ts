/**
 * The SDK transport of a FecClient: wraps the SDK's own WebSocket transport, and asks the server for a Link in the URL
 * of every connection, the reconnections included. Each connection is a FecConnection.
 */

import { LiveImpairment } from "../channels/impaired/live-impairment.js";
import { OPEN } from "../host/socket-state.js";
import { parseRepair, type RepairOption } from "../core/repair-option.js";
import { makeLinkControl, type LinkControl } from "../session/link-control.js";
import { noSessionStats, type SessionStats } from "../session/statistics.js";
import { FecConnection } from "./fec-connection.js";
import type { ResolvedClientOptions } from "./options.js";
import {
  socketOf,
  type SdkEvents,
  type SdkSocket,
  type SdkTransport,
  type SdkWebSocketTransport,
} from "./sdk-internals.js";

/** A snapshot of a room's link; see LinkStats. */
export interface RoomLinkStats extends SessionStats {
  /**
   * Why there is no datagram channel: how the last try or the last channel ended. undefined while one is open, and
   * where none was tried.
   */
  readonly lastChannelError: string | undefined;
}

/** Why a client that wants channels has none on a server of another transport. */
const NOT_SPOKEN = "the server does not speak colyseus-fec";
let plain: RoomLinkStats | undefined;

export class FecClientTransport implements SdkTransport {
  /** The URL of the last connect(), as the SDK gave it. */
  url: string | undefined;

  readonly #inner: SdkWebSocketTransport;
  readonly #options: ResolvedClientOptions;
  readonly #beforeUnreliable: () => void;
  readonly #impairment: LiveImpairment;
  #repair: RepairOption;
  #connection: FecConnection | undefined;

  /** @param beforeUnreliable called before each patch of the unreliable channel is handed on. */
  constructor(inner: SdkWebSocketTransport, options: ResolvedClientOptions, beforeUnreliable: () => void = () => {}) {
    this.#inner = inner;
    this.#beforeUnreliable = beforeUnreliable;
    this.#options = options;
    this.#repair = options.repair;
    this.#impairment = new LiveImpairment(options.netem);
  }

  /** The connection's handlers; the SDK and its tooling set and replace them at any time. */
  get events(): SdkEvents {
    return this.#inner.events;
  }

  set events(events: SdkEvents) {
    this.#inner.events = events;
  }

  /** The socket of the last connect(). */
  get ws(): SdkSocket | undefined {
    return socketOf(this.#inner);
  }

  get isOpen(): boolean {
    return this.ws?.readyState === OPEN;
  }

  /** Of the present connection; undefined while it has no link and nothing to say. */
  stats(): RoomLinkStats | undefined {
    const { session, isPlain } = this.#connection ?? {};
    if (isPlain && this.#options.channels.length > 0)
      return (plain ??= Object.freeze({ ...noSessionStats(), lastChannelError: NOT_SPOKEN }));
    return session && { ...session.stats(), lastChannelError: session.lastChannelError };
  }

  /** The switches of this connection and of those that follow it. */
  get control(): LinkControl {
    return makeLinkControl(this.#impairment, (repair) => {
      this.#repair = parseRepair(repair);
      this.#connection?.session?.setRepair(this.#repair);
    });
  }

  /**
   * Connects anew; a connection that is still there is ended without an event. @throws what the WebSocket's constructor
   * throws.
   */
  connect(url: string, headers?: unknown): void {
    this.#connection?.abandon();
    this.#connection = undefined;
    this.url = url;
    const query = `fec=1&channels=${this.#options.channels.join(",")}`;
    this.#inner.connect(`${url}${url.includes("?") ? "&" : "?"}${query}`, headers);
    this.#connection = new FecConnection({
      inner: this.#inner,
      socket: socketOf(this.#inner)!,
      transport: this,
      options: this.#options,
      repair: this.#repair,
      impairment: this.#impairment,
      beforeUnreliable: this.#beforeUnreliable,
      host: new URL(url).hostname.replace(/^\[|\]$/g, ""),
    });
  }

  /** Sends one message exactly once, in order; the bytes are copied. */
  send(data: Uint8Array | ArrayBuffer): void {
    this.#send(data, true);
  }

  /**
   * Sends one message at most once; by WebSocket, exactly once, while no datagram path is open. The bytes are copied.
   */
  sendUnreliable(data: Uint8Array | ArrayBuffer): void {
    this.#send(data, false);
  }

  close(code?: number, reason?: string): void {
    this.#connection?.close(code, reason);
  }

  /** An ArrayBuffer comes from the SDK's debug panel. */
  #send(data: Uint8Array | ArrayBuffer, ordered: boolean): void {
    if (this.#connection === undefined) throw new Error('"send" expected after connect()');
    this.#connection.send(data instanceof Uint8Array ? data : new Uint8Array(data), ordered);
  }
}
