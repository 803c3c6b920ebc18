/**
 * One client's session at the server, over its WebSocket: who may send how much and when (admission.ts,
 * record-rates.ts), how far behind the client is (socket-probe.ts), and how the session ends (closing-handshake.ts).
 * The link and what both ends do alike is session/session.ts, which datagram channel is attached datagram-offer.ts,
 * what core sees of it fec-socket.ts. docs/WIRE-FORMAT.md section 1.
 */

import { CloseCode, debugAndPrintError, logger, Protocol } from "@colyseus/core";
import type { WebSocket } from "ws";
import type { DatagramChannel } from "../channels/datagram-channel.js";
import type { LiveImpairment } from "../channels/impaired/live-impairment.js";
import type { PeerFields } from "../channels/webrtc/sdp.js";
import { RECORD_CONTROL } from "../core/wire/constants.js";
import type { RepairOption } from "../core/repair-option.js";
import { systemClock, type Clock } from "../host/clock.js";
import { onHostEnd } from "../host/host-end.js";
import { CLOSING, OPEN } from "../host/socket-state.js";
import { MAY_TRY_RECONNECT, MESSAGE_TOO_BIG, POLICY_VIOLATION, PROTOCOL_ERROR } from "../session/close-codes.js";
import { PROTOCOL_VERSION, type ControlRecord, type Hello, type ReadControl } from "../session/control-records.js";
import type { SessionFailure } from "../session/driver.js";
import { CLIENT_CONTROL_RECORD_BYTES_MAX } from "../session/limits.js";
import { makeLinkControl, type LinkControl } from "../session/link-control.js";
import { Session, type RecordKind } from "../session/session.js";
import type { SessionStats } from "../session/statistics.js";
import { Admission } from "./admission.js";
import { ClosingHandshake } from "./closing-handshake.js";
import { debugFec } from "./debug.js";
import { CLOSE_REASON_BYTES_MAX, FAILED_CLOSE_MS, UNHEARD_PAUSE_MS } from "./limits.js";
import { RecordRates } from "./record-rates.js";
import { SocketProbe } from "./socket-probe.js";

const BINARY = { binary: true } as const;

export interface ServerSessionOptions {
  /** Largest message that the client may send, bytes. */
  readonly messageBytesMax: number;
  /** Largest SYMBOL payload that the client may send, bytes. */
  readonly fragmentBytes: number;
  /** Kinds of datagram channel that hello names. */
  readonly channels: Hello["channels"];
  readonly repair: RepairOption;
  /** Of the datagram channels that this session will have. */
  readonly impairment: LiveImpairment;
  readonly clock?: Clock;
}

export interface ServerSessionHandlers {
  /** One message of the client; the bytes are the callee's. False if nobody listens. */
  onMessage(bytes: Uint8Array): boolean;
  /** The client shows by a datagram or a message that it lives. */
  onHeard(): void;
  /** The WebSocket is closed. Once, and last. */
  onClose(code: number, reason: Buffer): void;
}

/** Who keeps the session's datagram channel; see {@link ServerSession.channelKeeper}. */
export interface ChannelKeeper {
  /** The attached channel opened. */
  onChannelOpen(): void;
  /** The attached channel ended at this end by itself, for this reason. */
  onChannelClose(reason: string): void;
  /** The client closed its channel. */
  onPeerClose(): void;
  /** The client asks for a WebRTC connection. */
  onWebRtcRequest(peer: PeerFields): void;
}

export class ServerSession {
  /** Set once the client is in its room; until then no channel is offered. */
  channelKeeper: ChannelKeeper | undefined;

  readonly #webSocket: WebSocket;
  readonly #handlers: ServerSessionHandlers;
  readonly #clock: Clock;
  readonly #session: Session;
  readonly #probe: SocketProbe;
  readonly #admission = new Admission();
  readonly #rates: RecordRates;
  readonly #closing: ClosingHandshake;
  readonly #forgetHostEnd: () => void;
  /** Messages that came to someone who listens: before the join, and once core has dropped the client, nobody does. */
  #messagesHeard = 0;
  /**
   * The client may have sent by datagram: since it was given a channel, open here or not, and until it says that it
   * closed it.
   */
  #clientHasChannel = false;
  /** The client said that it leaves. */
  #clientLeft = false;
  /** The session is over, and what still comes is not looked at. */
  #failed = false;
  #failTimer: unknown;

  /** Takes over an open socket and sends hello as its first message. */
  constructor(webSocket: WebSocket, handlers: ServerSessionHandlers, options: ServerSessionOptions) {
    const { messageBytesMax, fragmentBytes, channels, repair, impairment, clock = systemClock } = options;
    this.#webSocket = webSocket;
    this.#handlers = handlers;
    this.#clock = clock;
    this.#rates = new RecordRates(clock.now());
    this.#closing = new ClosingHandshake(clock);
    this.#probe = new SocketProbe((payload) => webSocket.ping(payload));
    this.#session = new Session(
      {
        writeRecord: (record, kind) => this.#writeRecord(record, kind),
        onMessage: (bytes) => this.#onMessage(bytes),
        onControl: (control) => this.#onControl(control),
        onFailure: (failure) => this.#onFailure(failure),
        onHeard: () => handlers.onHeard(),
        onChannelOpen: () => this.channelKeeper?.onChannelOpen(),
        onChannelClose: (reason) => {
          debugFec("channel ended: %s", reason);
          this.channelKeeper?.onChannelClose(reason);
          this.sendControl({ kind: "close" });
        },
      },
      { repair, impairment, messageBytesMax, controlBytesMax: CLIENT_CONTROL_RECORD_BYTES_MAX, clock },
    );
    // After the session's own, which hands over what is unacknowledged.
    this.#forgetHostEnd = onHostEnd(() => this.hurryClose());
    // binaryType is ws's default, "nodebuffer"
    webSocket.on("message", (data, isBinary) => this.#onRecord(data as Buffer, isBinary));
    webSocket.once("close", (code, reason) => this.#onClose(code, reason));
    this.sendControl({ kind: "hello", version: PROTOCOL_VERSION, fragment: fragmentBytes, channels });
  }

  /** The socket's state, but CLOSING from {@link close} on. */
  get readyState(): WebSocket["readyState"] {
    const { readyState } = this.#webSocket;
    return this.#closing.waiting && readyState === OPEN ? CLOSING : readyState;
  }

  get isOpen(): boolean {
    return this.readyState === OPEN;
  }

  get control(): LinkControl {
    return makeLinkControl(this.#session.impairment, (repair) => this.#session.setRepair(repair));
  }

  stats(): SessionStats {
    return this.#session.stats();
  }

  /** The client is in its room; see admission.ts. */
  admit(): void {
    this.#admission.admit();
  }

  /** Sends one message, exactly once and in order; copied. */
  send(message: Uint8Array): void {
    this.#session.send(message);
  }

  /** Sends one message at most once, in any order; copied. */
  sendUnreliable(message: Uint8Array): void {
    this.#session.sendUnreliable(message);
  }

  sendControl(control: ControlRecord): void {
    this.#session.sendControl(control);
  }

  /** Takes a datagram channel, impaired if that is asked for; one that was attached before is detached. */
  attach(channel: DatagramChannel): void {
    this.#clientHasChannel = true;
    this.#session.attach(channel);
  }

  detach(): void {
    this.#session.detach();
  }

  /** How much longer than a round trip the oldest message has been on its way, by either path, ms; 0 if none is. */
  behindMs(nowMs: number): number {
    const { backlog } = this.#session;
    this.#probe.onArrived(backlog.peerNext);
    return Math.max(backlog.behindMs(nowMs), this.#probe.behindMs(nowMs));
  }

  /**
   * Bytes of messages that are not known to have arrived; what waits for its first answer only counts when there was
   * one.
   */
  get waitingBytes(): number {
    const { backlog } = this.#session;
    this.#probe.onArrived(backlog.peerNext);
    return backlog.unacknowledgedBytes + this.#probe.waitingBytes;
  }

  /** False if the pong answers a ping of someone else. */
  onPong(payload: Buffer): boolean {
    return this.#probe.onPong(payload, this.#clock.now());
  }

  /**
   * Closes after everything handed to {@link send}: what only rode datagrams and is not acknowledged goes by WebSocket
   * first. What is on its way from the client is still delivered until its answer or "close": by datagram until the
   * close frame, by WebSocket as ws does, which gives up after 30 s.
   * @throws TypeError for a code, RangeError for a reason that no close frame holds, as ws; nothing has changed then.
   */
  close(code?: number, reason: string | Buffer = ""): void {
    if (this.#closing.waiting) return;
    if (this.isOpen) {
      requireClosable(code, reason);
      this.#session.handOver();
      // A client that left has sent all that it has by WebSocket. Any other does so when it is told.
      if (this.#clientHasChannel && !this.#clientLeft) {
        this.sendControl({ kind: "end" });
        if (this.#closing.begin(() => this.#sendCloseFrame(code, reason))) return;
      }
    }
    this.#webSocket.close(code, reason);
  }

  /**
   * The process may end at once: a close frame that waits is sent, and no later one waits. What the client had sent by
   * datagram may be lost.
   */
  hurryClose(): void {
    this.#closing.hurry();
  }

  /** Another connection has taken this one's place. */
  abandon(): void {
    this.#session.close();
    this.close(CloseCode.WITH_ERROR);
  }

  #writeRecord(record: Uint8Array, kind: RecordKind): void {
    if (!this.isOpen) return;
    this.#webSocket.send(record, BINARY);
    // What datagrams bring as well is late only when they are: the link knows.
    if (kind === "symbol" && this.#admission.admitted)
      this.#probe.onWritten(record.length, this.#session.backlog.nextSeq, this.#clock.now());
  }

  #onMessage(bytes: Uint8Array): void {
    if (this.#closing.answered) return;
    if (bytes[0] === Protocol.LEAVE_ROOM) this.#clientLeft = true;
    if (this.#handlers.onMessage(bytes)) this.#messagesHeard++;
    // Core has dropped the client, and may keep its socket for as long as the room's onDrop takes: it is not to be
    // listened to by two ways.
    else if (this.#admission.admitted) this.#session.detach();
  }

  #onRecord(record: Buffer, isBinary: boolean): void {
    if (this.#failed) return;
    this.#handlers.onHeard();
    const before = this.#messagesHeard;
    // Not as a Buffer, whose slice() is a view of ws's memory.
    const bytes = new Uint8Array(record.buffer, record.byteOffset, record.length);
    const isControl = bytes[0] === RECORD_CONTROL;
    if (!isBinary) this.#fail(PROTOCOL_ERROR, "text record");
    else if (!isControl && !this.#admission.takes(bytes))
      this.#fail(PROTOCOL_ERROR, "a record out of order before the join");
    else this.#session.handleRecord(bytes);
    if (isControl || this.#messagesHeard > before || this.#rates.takesIdle(this.#clock.now())) return;
    if (this.#isHeard) this.#fail(POLICY_VIOLATION, "too many records that deliver nothing");
    else this.#pause();
  }

  /** Whether core has listened to the client, and its close has not been answered. */
  get #isHeard(): boolean {
    return this.#admission.admitted && !this.#closing.answered && this.#messagesHeard > 0;
  }

  /** What nobody listens to is read no faster than it may be idle: the client's TCP waits, and the session goes on. */
  #pause(): void {
    if (this.#webSocket.isPaused) return;
    this.#webSocket.pause();
    this.#clock.setTimeout(() => this.#webSocket.resume(), UNHEARD_PAUSE_MS);
  }

  #onControl(control: ReadControl): void {
    if (!this.#rates.takesControl(this.#clock.now())) this.#fail(POLICY_VIOLATION, "too many control records");
    else if (control.kind === "end") this.#closing.onAnswer();
    // Between our close and the client's answer there is nothing else to agree on.
    else if (!this.isOpen) return;
    else if (control.kind === "invalid") this.#fail(control.code, control.reason);
    else if (control.kind === "close") this.#onPeerClose();
    else if (control.kind === "webrtc-request") this.channelKeeper?.onWebRtcRequest(control.peer);
  }

  #onPeerClose(): void {
    this.#clientHasChannel = false;
    this.channelKeeper?.onPeerClose();
  }

  /** From now on the client is taken to have given all to the WebSocket. */
  #sendCloseFrame(code: number | undefined, reason: string | Buffer): void {
    this.#session.detach();
    this.#webSocket.close(code, reason);
  }

  /** A link that broke is a bug of ours, and not the end of the session: the SDK reconnects, with a new one. */
  #onFailure(failure: SessionFailure): void {
    if (failure.kind === "internal") logger.error(`colyseus-fec: a link broke: ${failure.reason}`);
    this.#fail(failure.kind === "internal" ? MAY_TRY_RECONNECT : failure.code, failure.reason);
  }

  /** A client that does not answer this close frame is not waited for as long as ws would. */
  #fail(code: number, reason: string): void {
    if (this.#failed) return;
    this.#failed = true;
    debugFec("session ends with %d: %s", code, reason);
    if (code === MESSAGE_TOO_BIG)
      debugAndPrintError(`colyseus-fec: a message above maxPayload ends its session (${reason})`);
    this.#session.close();
    this.#webSocket.close(code, Buffer.from(reason).subarray(0, CLOSE_REASON_BYTES_MAX));
    this.#failTimer = this.#clock.setTimeout(() => this.#webSocket.terminate(), FAILED_CLOSE_MS);
  }

  #onClose(code: number, reason: Buffer): void {
    this.#forgetHostEnd();
    this.#clock.clearTimeout(this.#failTimer);
    this.#closing.cancel();
    this.#session.close();
    this.channelKeeper = undefined;
    this.#handlers.onClose(code, reason);
  }
}

/**
 * ws finds out only when it has begun to close. The codes are those of RFC 6455 section 7.4 that a close frame may
 * hold.
 */
function requireClosable(code: number | undefined, reason: string | Buffer): void {
  const protocol =
    code !== undefined && code >= 1000 && code <= 1014 && code !== 1004 && code !== 1005 && code !== 1006;
  if (code !== undefined && !protocol && !(code >= 3000 && code <= 4999))
    throw new TypeError("First argument must be a valid error code number");
  if (code !== undefined && Buffer.byteLength(reason) > CLOSE_REASON_BYTES_MAX)
    throw new RangeError(`The message must not be greater than ${CLOSE_REASON_BYTES_MAX} bytes`);
}
