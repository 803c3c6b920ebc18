/**
 * What core holds as `client.ref`: looks like the `ws` socket that it wraps, but its messages ride a Link.
 * Owns the link, its driver and the records on the WebSocket; which datagram channel is attached is datagram-offer.ts.
 * docs/WIRE-FORMAT.md section 1.
 */

import { CloseCode, logger } from "@colyseus/core";
import type { RawData, WebSocket } from "ws";
import { encodeControl, readControl, type ControlRecord, type Hello } from "../session/control-records.js";
import { LinkDriver } from "../session/driver.js";
import { CLIENT_CONTROL_RECORD_BYTES_MAX } from "../session/limits.js";
import type { LiveImpairment } from "../channels/impaired/live-impairment.js";
import { TokenBucket } from "../host/token-bucket.js";
import { Link } from "../core/link.js";
import type { PeerFields } from "../channels/webrtc/sdp.js";
import type { RepairOption } from "../core/repair-option.js";
import { RECORD_CONTROL } from "../core/wire/constants.js";
import { debugFec } from "./debug.js";
import {
  CLOSE_DELAY_MS,
  CLOSE_REASON_BYTES_MAX,
  CONTROL_RECORDS,
  IDLE_RECORDS,
  RECORD_BYTES_BEFORE_JOIN_MAX,
  RECORDS_BEFORE_JOIN_MAX,
} from "./limits.js";
import { SocketFacade } from "./socket-facade.js";
import { SocketProbe } from "./socket-probe.js";
import type { StateFlow } from "./state-flow.js";

const BINARY = { binary: true } as const;

type SendCallback = (error?: Error) => void;

/** WebSocket close codes: an error inside the link (session/driver.ts), and RFC 6455's for what breaks a rule of the host. */
const INTERNAL_ERROR = 1011;
const POLICY_VIOLATION = 1008;

/** A message as core and ws-transport give it; an array of numbers comes from ws-transport's simulateLatency. */
export type SentBytes = Uint8Array | number[];

export interface FecRefOptions {
  /** Largest message that the client may send, bytes. */
  readonly messageBytesMax: number;
  /** Largest SYMBOL payload that the client may send, bytes. */
  readonly fragmentBytes: number;
  /** What hello says of datagram channels. */
  readonly channels: Pick<Hello, "channels" | "iceServers">;
  readonly repair: RepairOption;
  /** Of the datagram channels that this session will have. */
  readonly impairment: LiveImpairment;
}

/**
 * Emits "message" (a Node Buffer, never reused) for every delivered message and "close" (code, reason) exactly once;
 * passes on "ping", "pong" and, where someone listens, "error".
 */
export class FecRef extends SocketFacade {
  readonly link: Link;
  readonly driver: LinkDriver;
  readonly impairment: LiveImpairment;
  /** What of the room's state goes over this connection; undefined until its client is in the room: everything. */
  flow: StateFlow | undefined;
  /** Called when the attached datagram channel opened. */
  onchannelopen: (() => void) | null = null;
  /** Called when the attached datagram channel ended at this end by itself, for this reason. */
  onchannelclose: ((reason: string) => void) | null = null;
  /** Called when the client closed its datagram channel. */
  onpeerclose: (() => void) | null = null;
  /** Called when the client asks for a WebRTC connection: {@link takeWebRtcRequest} has it. */
  onwebrtcrequest: (() => void) | null = null;

  /** Called when the client shows by a datagram or a message that it lives. */
  onheard: (() => void) | null = null;

  readonly #probe: SocketProbe;
  readonly #controls = new TokenBucket(CONTROL_RECORDS, performance.now());
  readonly #idleRecords = new TokenBucket(IDLE_RECORDS, performance.now());
  /** The last one only: a client may ask before it is in its room, and for one connection at a time. */
  #webRtcRequest: PeerFields | undefined;
  /** The close frame that waits, and whether one may. */
  #waitingClose: { readonly timer: NodeJS.Timeout; send(): void } | undefined;
  #mayWait = true;
  #recordsWritten = 0;
  #messagesDelivered = 0;
  #admission: { kind: "waiting"; records: number; bytes: number } | { kind: "admitted" } = {
    kind: "waiting",
    records: 0,
    bytes: 0,
  };

  /** Takes over an open socket and sends hello as its first message. */
  constructor(webSocket: WebSocket, { messageBytesMax, fragmentBytes, channels, repair, impairment }: FecRefOptions) {
    super(webSocket);
    this.impairment = impairment;
    this.link = new Link({ messageBytesMax, repair });
    this.#probe = new SocketProbe((payload) => webSocket.ping(payload));
    this.driver = new LinkDriver(this.link, {
      sendReliable: (record) => this.#writeRecord(record),
      onMessage: (bytes) => {
        this.#messagesDelivered++;
        this.emit("message", Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength), true);
      },
      onFailure: (code, reason) => this.#onFailure(code, reason),
      onHeard: () => this.onheard?.(),
      onChannelOpen: () => this.onchannelopen?.(),
      onChannelClose: (channel, reason) => {
        debugFec("%s channel ended: %s", channel.kind, reason);
        this.onchannelclose?.(reason);
        this.sendControl({ kind: "close" });
      },
    });
    webSocket.on("message", (data) => this.#onRecord(data));
    webSocket.on("ping", (data) => this.emit("ping", data));
    webSocket.on("pong", (data) => this.#probe.onPong(data, performance.now()) || this.emit("pong", data));
    webSocket.on("error", (error) => this.listenerCount("error") > 0 && this.emit("error", error));
    webSocket.once("close", (code, reason) => this.#end(code, reason));
    this.sendControl({ kind: "hello", version: 1, fragment: fragmentBytes, ...channels });
  }

  /** The client's half of the WebRTC connection that it asked for last, once. */
  takeWebRtcRequest(): PeerFields | undefined {
    const request = this.#webRtcRequest;
    this.#webRtcRequest = undefined;
    return request;
  }

  /** The client is in its room: the bound on what it may send before ends. */
  admit(): void {
    this.#admission = { kind: "admitted" };
  }

  /**
   * Sends one ordered message; the bytes are copied. The callback always runs, later: with an Error when the socket is
   * not open, else as soon as the link has the message (it is then delivered before any close that follows).
   */
  send(data: SentBytes, options?: object | SendCallback, callback?: SendCallback): void {
    const done = typeof options === "function" ? (options as SendCallback) : callback;
    if (this.#isOpenFor(done)) {
      this.driver.send(data instanceof Uint8Array ? data : new Uint8Array(data));
      if (done) process.nextTick(done);
    }
  }

  /** Sends one message at most once, in any order; otherwise as {@link send}. */
  sendUnreliable(data: Uint8Array, callback?: SendCallback): void {
    if (this.#isOpenFor(callback)) {
      this.driver.sendUnreliable(data);
      if (callback) process.nextTick(callback);
    }
  }

  /** How much longer than a round trip the oldest message has been on its way, by either path, ms; 0 if none is. */
  behindMs(nowMs: number): number {
    this.#probe.onArrived(this.link.peerNext);
    return Math.max(this.link.behindMs(nowMs), this.#probe.behindMs(nowMs));
  }

  /** Bytes of messages that are not known to have arrived; what waits for its first answer only counts when there was one. */
  get waitingBytes(): number {
    this.#probe.onArrived(this.link.peerNext);
    return this.link.unacknowledgedBytes + this.#probe.waitingBytes;
  }

  sendControl(control: ControlRecord): void {
    this.#write(encodeControl(control));
  }

  /** As the socket's, but CLOSING from {@link close} on. */
  override get readyState(): WebSocket["readyState"] {
    const { readyState } = this.webSocket;
    return this.#waitingClose !== undefined && readyState === this.OPEN ? this.CLOSING : readyState;
  }

  /**
   * Closes after everything handed to {@link send}: what only rode datagrams and is not acknowledged goes by WebSocket first.
   * What is on its way from the client is still delivered, by either path, until "close". As ws, which gives up after 30 s.
   * @throws TypeError for a code, RangeError for a reason that no close frame holds, as ws; nothing has changed then.
   */
  close(code?: number, reason: string | Buffer = ""): void {
    if (this.#waitingClose !== undefined) return;
    if (this.readyState === this.OPEN) {
      requireClosable(code, reason);
      // A client that leaves has sent all that it has by WebSocket. Any other does so now: a browser answers the close frame by itself, before the page has read what came ahead of it.
      const waits = this.#mayWait && this.driver.isChannelOpen && code !== CloseCode.CONSENTED;
      this.#flushAll();
      if (waits) {
        const send = () => this.webSocket.close(code, reason);
        this.#waitingClose = { timer: setTimeout(send, CLOSE_DELAY_MS), send };
        return;
      }
    }
    this.webSocket.close(code, reason);
  }

  /** The process may end at once: a close frame that waits is sent, and no later one waits. What the client had sent by datagram may be lost. */
  hurryClose(): void {
    this.#mayWait = false;
    clearTimeout(this.#waitingClose?.timer);
    this.#waitingClose?.send();
  }

  #isOpenFor(done: SendCallback | undefined): boolean {
    if (this.readyState === this.OPEN) return true;
    if (done) process.nextTick(done, new Error(`WebSocket is not open: readyState ${this.readyState}`));
    return false;
  }

  /** The driver flushes a bounded batch at a time; the link's queues are bounded, so this ends. */
  #flushAll(): void {
    // The client then gives to the WebSocket what it sent by datagram.
    if (this.driver.isChannelOpen) this.sendControl({ kind: "close" });
    try {
      this.link.carryUnacknowledged();
    } catch (error) {
      this.#onFailure(INTERNAL_ERROR, (error as Error).message);
    }
    for (let before = -1; before !== this.#recordsWritten;) {
      before = this.#recordsWritten;
      this.driver.flush();
    }
  }

  #writeRecord(record: Uint8Array): void {
    this.#write(record);
    // What datagrams bring as well is late only when they are: the link knows.
    if (this.#admission.kind === "admitted" && this.readyState === this.OPEN && !this.link.isCopy(record))
      this.#probe.onWritten(record.length, this.link.nextSeq, performance.now());
  }

  #write(record: Uint8Array): void {
    if (this.readyState !== this.OPEN) return;
    this.#recordsWritten++;
    this.webSocket.send(record, BINARY);
  }

  #onRecord(data: RawData): void {
    this.onheard?.();
    const record = data as Buffer; // binaryType is ws's default, "nodebuffer"
    // Between our close and the client's answer its messages are still taken, as ws does; there is nothing to agree on any more.
    if (this.readyState !== this.OPEN && record[0] === RECORD_CONTROL) return;
    if (!this.#isWithinAdmission(record.length)) this.#fail(POLICY_VIOLATION, "too much before the join");
    else if (record[0] === RECORD_CONTROL) this.#onControl(record);
    else this.#onLinkRecord(record);
  }

  #isWithinAdmission(recordBytes: number): boolean {
    const admission = this.#admission;
    if (admission.kind === "admitted") return true;
    admission.records++;
    admission.bytes += recordBytes;
    return admission.records <= RECORDS_BEFORE_JOIN_MAX && admission.bytes <= RECORD_BYTES_BEFORE_JOIN_MAX;
  }

  #onLinkRecord(record: Buffer): void {
    const before = this.#messagesDelivered;
    // Not as a Buffer, whose slice() is a view of ws's memory.
    this.driver.handleReliable(new Uint8Array(record.buffer, record.byteOffset, record.length));
    if (this.#messagesDelivered === before && !this.#idleRecords.spend(performance.now()))
      this.#fail(POLICY_VIOLATION, "too many records that deliver nothing");
  }

  #onControl(record: Buffer): void {
    if (!this.#controls.spend(performance.now())) {
      this.#fail(POLICY_VIOLATION, "too many control records");
      return;
    }
    const control = readControl(record, CLIENT_CONTROL_RECORD_BYTES_MAX);
    if (control.kind === "invalid") this.#fail(control.code, control.reason);
    else if (control.kind === "close") this.onpeerclose?.();
    else if (control.kind === "webrtc-request") {
      this.#webRtcRequest = control.peer;
      this.onwebrtcrequest?.();
    }
  }

  /** A link that broke is a bug of ours, and not the end of the session: the SDK reconnects, with a new one. */
  #onFailure(code: number, reason: string): void {
    if (code === INTERNAL_ERROR) logger.error(`colyseus-fec: a link broke: ${reason}`);
    this.#fail(code === INTERNAL_ERROR ? CloseCode.MAY_TRY_RECONNECT : code, reason);
  }

  #fail(code: number, reason: string): void {
    debugFec("session ends with %d: %s", code, reason);
    this.driver.close();
    this.webSocket.close(code, Buffer.from(reason).subarray(0, CLOSE_REASON_BYTES_MAX));
  }

  #end(code: number, reason: Buffer): void {
    clearTimeout(this.#waitingClose?.timer);
    this.driver.close();
    this.onheard = null;
    this.onchannelopen = null;
    this.onchannelclose = null;
    this.onpeerclose = null;
    this.onwebrtcrequest = null;
    this.emit("close", code, reason);
  }
}

/** ws finds out only when it has begun to close. The codes are those of RFC 6455 section 7.4 that a close frame may hold. */
function requireClosable(code: number | undefined, reason: string | Buffer): void {
  const protocol =
    code !== undefined && code >= 1000 && code <= 1014 && code !== 1004 && code !== 1005 && code !== 1006;
  if (code !== undefined && !protocol && !(code >= 3000 && code <= 4999))
    throw new TypeError("First argument must be a valid error code number");
  if (code !== undefined && Buffer.byteLength(reason) > CLOSE_REASON_BYTES_MAX)
    throw new RangeError(`The message must not be greater than ${CLOSE_REASON_BYTES_MAX} bytes`);
}
