/**
 * One session at the client, once the server's hello has come: what is sent rides the link, what comes passes the gate
 * before ROOM_STATE, and a datagram channel is kept beside the WebSocket (datagram-path.ts). What both ends do alike is
 * session/session.ts.
 */

import { CloseCode, Protocol } from "@colyseus/sdk";
import type { LiveImpairment } from "../channels/impaired/live-impairment.js";
import type { RepairOption } from "../core/repair-option.js";
import { systemClock, type Clock } from "../host/clock.js";
import { MAY_TRY_RECONNECT } from "../session/close-codes.js";
import type { Hello, ReadControl } from "../session/control-records.js";
import { CONTROL_RECORD_BYTES_MAX } from "../session/limits.js";
import { Session } from "../session/session.js";
import type { SessionStats } from "../session/statistics.js";
import { DatagramPath } from "./datagram-path.js";
import type { ResolvedClientOptions } from "./options.js";
import { StateGate } from "./state-gate.js";

export interface ClientSessionOptions {
  readonly options: ResolvedClientOptions;
  readonly repair: RepairOption;
  readonly impairment: LiveImpairment;
  /** The host that the WebSocket reached. */
  readonly host: string;
  readonly hello: Hello;
  readonly clock?: Clock;
}

export interface ClientSessionHandlers {
  /** Sends one record as a WebSocket message; the bytes are the callee's. */
  writeRecord(record: Uint8Array): void;
  /** One message of the server; the bytes are the callee's. */
  onMessage(bytes: Uint8Array): void;
  /** The session cannot go on: close the WebSocket with this code. */
  onFailure(code: number, reason: string): void;
}

export class ClientSession {
  readonly #handlers: ClientSessionHandlers;
  readonly #session: Session;
  readonly #path: DatagramPath;
  readonly #gate: StateGate;
  /** Largest SYMBOL payload that the server takes, bytes. */
  readonly #fragmentBytes: number;

  constructor(
    handlers: ClientSessionHandlers,
    { options, repair, impairment, host, hello, clock = systemClock }: ClientSessionOptions,
  ) {
    this.#handlers = handlers;
    this.#fragmentBytes = hello.fragment;
    this.#gate = new StateGate((bytes) => handlers.onMessage(bytes));
    this.#session = new Session(
      {
        writeRecord: (record) => handlers.writeRecord(record),
        onMessage: (bytes, ordered) => this.#gate.deliver(bytes, ordered),
        onControl: (control) => this.#onControl(control),
        // A link that broke is not the end of the session: the SDK reconnects, with a new one.
        onFailure: ({ kind, reason }) =>
          handlers.onFailure(kind === "internal" ? MAY_TRY_RECONNECT : CloseCode.WITH_ERROR, reason),
        onChannelOpen: () => this.#path.onOpen(),
        onChannelClose: (reason) => this.#path.onClose(reason),
      },
      { repair, impairment, recordPayloadMax: hello.fragment, controlBytesMax: CONTROL_RECORD_BYTES_MAX, clock },
    );
    this.#path = new DatagramPath(this.#session, { options, host, hello, clock });
  }

  /** Why there is no datagram channel; see DatagramPath. */
  get lastChannelError(): string | undefined {
    return this.#path.lastError;
  }

  stats(): SessionStats {
    return this.#session.stats();
  }

  /** Changes the repair of what this end sends. @throws TypeError or RangeError for a wrong option. */
  setRepair(repair: RepairOption): void {
    this.#session.setRepair(repair);
  }

  /**
   * Sends one message; copied. An unreliable one that no record of the server's size holds goes as an ordered one,
   * which can be split.
   */
  send(bytes: Uint8Array, ordered: boolean): void {
    if (!ordered && bytes.length <= this.#fragmentBytes) {
      this.#session.sendUnreliable(bytes);
      return;
    }
    this.#session.send(bytes);
    // The last message: by WebSocket, with all that is under way, it needs no repair and no patience.
    if (bytes[0] === Protocol.LEAVE_ROOM) this.#giveUpChannel();
  }

  /** Takes one WebSocket message of the server; valid during the call. */
  handleRecord(record: Uint8Array): void {
    this.#session.handleRecord(record);
  }

  /** Gives the channel up for good, and to the WebSocket, which is to be closed next, all that is unacknowledged. */
  prepareClose(): void {
    this.#giveUpChannel();
    this.#session.flushAll();
  }

  /** Ends; as {@link Session.close}. */
  close(): void {
    this.#path.stop();
    this.#session.close();
  }

  #giveUpChannel(): void {
    this.#path.stop();
    this.#session.detach();
  }

  #onControl(control: ReadControl): void {
    if (control.kind === "invalid") this.#handlers.onFailure(CloseCode.WITH_ERROR, "malformed control record");
    else this.#path.onControl(control);
  }
}
