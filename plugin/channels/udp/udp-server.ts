/**
 * The server's end of the UDP channel: one node:dgram socket for all sessions, told apart by connection id.
 * It sends datagrams only to an address that the client has proved to be at (RFC 9000 section 8.2): any other gets at
 * most one challenge for each authentic datagram from it, 34 bytes for at least 24. It answers nothing that is not
 * authentic, and bounds what a session and what garbage can make it do (udp-budget.ts). The envelope is
 * udp-envelope.ts; sessions and their admission are the host's. docs/WIRE-FORMAT.md section 5.
 */

import { randomBytes } from "node:crypto";
import type { RemoteInfo, Socket } from "node:dgram";
import type { AddressInfo } from "node:net";
import type { DatagramChannel } from "../datagram-channel.js";
import { systemClock, type Clock } from "../../host/clock.js";
import { callHost } from "../../host/host-call.js";
import { CONNECTION_ID_TRIES_MAX, IPV6_UDP_HEADER_BYTES, UDP_ENVELOPE_BYTES, UDP_SESSIONS_MAX } from "../limits.js";
import { TokenBucket } from "../../host/token-bucket.js";
import { bindUdpSocket } from "./udp-bind.js";
import { SessionBudget, UDP_BUDGET_DEFAULT, type UdpBudgetOptions } from "./udp-budget.js";
import { UdpChannel, type UdpSession } from "./udp-channel.js";
import { readConnectionId, type UdpRejection } from "./udp-envelope.js";
import { UDP_SECRET_BYTES } from "./udp-keys.js";
import { encodeChallenge, kindOf, PathTokens, tokenOf } from "./udp-path.js";
import { hasSendRoom, sendPacket, udpHeaderBytes } from "./udp-socket.js";

export interface UdpEndpointOptions {
  /** 0 = any free one. */
  port: number;
  /** A name or an IP literal; every IPv6 and IPv4 address unless told (IPv4 alone where there is no IPv6). */
  host?: string;
  log?: (message: string) => void;
  budget?: UdpBudgetOptions;
  /** For tests. */
  clock?: Clock;
}

/** Datagrams by fate; each received one counts in exactly one of those after `received`, up to `overRate`. */
export interface UdpEndpointStats {
  received: number;
  /** Authentic and new: handed to a channel. */
  accepted: number;
  /** Too short or too long, or from port 0, where nothing can be answered. */
  malformed: number;
  unknownConnection: number;
  /** Seen before, or too old to tell. */
  replayed: number;
  /** Dropped before the cipher: its counter is further ahead than any sender gets. */
  farAhead: number;
  /** The tag was wrong: each cost one run of the cipher. */
  unauthentic: number;
  /** Dropped before the cipher, because too much garbage had come under its session's id. */
  overBudget: number;
  /** Dropped before the cipher, because its session had sent too much. */
  overRate: number;
  sent: number;
  /** Of those sent, the challenges to addresses that are not validated. */
  challenges: number;
  /** Challenges not sent: the session had had too many. */
  challengesDropped: number;
  /** Not sent: the queue was full. */
  sendDropped: number;
  sendErrors: number;
  socketErrors: number;
  /** Channels ended by an error of ours, or of a handler, while they took a datagram. */
  internalErrors: number;
}

/** One UDP socket and the channels of its sessions. */
export class UdpEndpoint {
  readonly stats: UdpEndpointStats = {
    received: 0,
    accepted: 0,
    malformed: 0,
    unknownConnection: 0,
    replayed: 0,
    farAhead: 0,
    unauthentic: 0,
    overBudget: 0,
    overRate: 0,
    sent: 0,
    challenges: 0,
    challengesDropped: 0,
    sendDropped: 0,
    sendErrors: 0,
    socketErrors: 0,
    internalErrors: 0,
  };

  readonly #socket: Socket;
  readonly #channels = new Map<number, UdpServerChannel>();
  readonly #budgetOptions: UdpBudgetOptions;
  /** For the garbage of all sessions. */
  readonly #common: TokenBucket;
  readonly #clock: Clock;
  readonly #log: (message: string) => void;
  #closing: Promise<void> | undefined;

  /** Binds the socket. Rejects with the system's error (EADDRINUSE, EACCES, ENOTFOUND ...). */
  static async bind(options: UdpEndpointOptions): Promise<UdpEndpoint> {
    return new UdpEndpoint(await bindUdpSocket(options), options);
  }

  private constructor(socket: Socket, options: UdpEndpointOptions) {
    this.#socket = socket;
    this.#clock = options.clock ?? systemClock;
    this.#log = options.log ?? (() => {});
    this.#budgetOptions = options.budget ?? UDP_BUDGET_DEFAULT;
    this.#common = new TokenBucket(this.#budgetOptions.common, this.#clock.now());
    socket.on("message", (packet, from) => this.#onPacket(packet, from));
    socket.on("error", (error) => {
      this.stats.socketErrors++;
      this.#log(`UDP socket: ${error.message}`);
    });
  }

  address(): AddressInfo {
    return this.#socket.address();
  }

  /** Sessions on this socket, open or waiting for their client. */
  get channelCount(): number {
    return this.#channels.size;
  }

  /**
   * A channel for one session, with a fresh id and secret for its client; it opens when the client has proved its
   * address. Closing it frees the id. @throws RangeError above 65536 sessions; Error after close().
   */
  createChannel(): { channel: DatagramChannel } & UdpSession {
    if (this.#closing !== undefined) throw new Error("the UDP endpoint is closed");
    if (this.#channels.size >= UDP_SESSIONS_MAX)
      throw new RangeError(`UDP sessions expected at most ${UDP_SESSIONS_MAX}`);
    const session: UdpSession = { connectionId: this.#freeId(), secret: randomBytes(UDP_SECRET_BYTES) };
    const budget = new SessionBudget(this.#budgetOptions, this.#common, this.#clock.now());
    const free = () => this.#channels.delete(session.connectionId);
    const channel = new UdpServerChannel(session, budget, this.#socket, this.stats, free, this.#clock);
    this.#channels.set(session.connectionId, channel);
    return { channel, ...session };
  }

  /** Closes every channel (reason "endpoint closed") and the socket; idempotent. Resolves when the port is free. */
  close(): Promise<void> {
    this.#closing ??= new Promise((resolve) => {
      for (const channel of [...this.#channels.values()]) channel.shut("endpoint closed");
      this.#socket.close(() => resolve());
    });
    return this.#closing;
  }

  /** Drops what is cheap to drop, then asks the budget, then the cipher. */
  #onPacket(packet: Buffer, from: RemoteInfo): void {
    this.stats.received++;
    const connectionId = from.port === 0 ? undefined : readConnectionId(packet);
    if (connectionId === undefined) {
      this.stats.malformed++;
      return;
    }
    const channel = this.#channels.get(connectionId);
    if (channel === undefined) {
      this.stats.unknownConnection++;
      return;
    }
    const nowMs = this.#clock.now();
    const atPeer = channel.isAt(from);
    const refusal = channel.budget.refusal(atPeer, nowMs);
    if (refusal !== undefined) {
      this.stats[refusal]++;
      return;
    }
    const fate = this.#receive(channel, packet, from, nowMs);
    this.stats[fate]++;
    if (fate === "accepted") channel.budget.chargeDatagram();
    else if (fate === "unauthentic") channel.budget.chargeGarbage(atPeer, nowMs);
  }

  /** An error ends one channel: thrown out of a socket's handler, it would end the process and all sessions. */
  #receive(channel: UdpServerChannel, packet: Buffer, from: RemoteInfo, nowMs: number): PacketFate {
    try {
      return channel.receive(packet, from, nowMs);
    } catch (error) {
      this.stats.internalErrors++;
      this.#log(`UDP channel: ${(error as Error).stack ?? String(error)}`);
      callHost(() => channel.shut("internal error"));
      return "accepted";
    }
  }

  #freeId(): number {
    for (let i = 0; i < CONNECTION_ID_TRIES_MAX; i++) {
      const id = randomBytes(4).readUInt32LE(0);
      if (!this.#channels.has(id)) return id;
    }
    throw new RangeError("no free connection id");
  }
}

type PacketFate = "accepted" | UdpRejection;

/** Where a client is: it has answered a challenge from there. */
interface Peer {
  readonly address: string;
  readonly port: number;
  readonly headerBytes: number;
}

/** One session's channel; its peer is at the newest address that was validated. */
class UdpServerChannel extends UdpChannel {
  readonly #socket: Socket;
  readonly #stats: UdpEndpointStats;
  readonly #free: () => void;
  readonly #tokens = new PathTokens();
  #peer: Peer | undefined;
  /** Largest counter that came from the peer's address. */
  #peerCounter = -1;

  constructor(
    session: UdpSession,
    readonly budget: SessionBudget,
    socket: Socket,
    stats: UdpEndpointStats,
    free: () => void,
    clock: Clock,
  ) {
    super(session, "server", clock);
    this.#socket = socket;
    this.#stats = stats;
    this.#free = free;
  }

  get overheadBytes(): number {
    return UDP_ENVELOPE_BYTES + (this.#peer?.headerBytes ?? IPV6_UDP_HEADER_BYTES);
  }

  isAt(from: RemoteInfo): boolean {
    return this.#peer !== undefined && this.#peer.port === from.port && this.#peer.address === from.address;
  }

  /** Takes one packet of this connection id and says what became of it. */
  receive(packet: Buffer, from: RemoteInfo, nowMs: number): PacketFate {
    const opened = this.authenticate(packet);
    if (!opened.ok) return opened.reason;
    const { datagram, counter, newest } = opened;
    const kind = kindOf(datagram);
    let moved = false;
    if (kind === "response" && this.#validates(datagram, counter, from, nowMs)) {
      // Another port alone is a NAT's, and the same way (RFC 9000 section 9.4).
      moved = this.#peer !== undefined && this.#peer.address !== from.address;
      this.#peer = { address: from.address, port: from.port, headerBytes: udpHeaderBytes(from.address) };
    }
    if (this.isAt(from)) {
      this.#peerCounter = Math.max(this.#peerCounter, counter);
      if (kind === "probe" || kind === "response") this.sendProbe();
      this.open();
    } else if (newest) {
      this.#challenge(from, nowMs);
    }
    if (moved) this.moved();
    if (kind === "data") this.deliver(datagram);
    return "accepted";
  }

  /** Ends the channel for a reason that is the endpoint's. */
  shut(reason: string): void {
    this.end(reason);
  }

  protected override hasRoom(): boolean {
    return this.#peer !== undefined && hasSendRoom(this.#socket);
  }

  protected override countDropped(): void {
    if (this.#peer !== undefined) this.#stats.sendDropped++;
  }

  protected override transmit(packet: Buffer): void {
    this.#stats.sent++;
    sendPacket(this.#socket, packet, this.#peer, this.#onSent);
  }

  protected override release(): void {
    this.#free();
  }

  /** A late answer from an address that the client has left since does not move it back. */
  #validates(response: Buffer, counter: number, from: RemoteInfo, nowMs: number): boolean {
    return counter > this.#peerCounter && this.#tokens.accepts(tokenOf(response), from.address, from.port, nowMs);
  }

  #challenge(to: RemoteInfo, nowMs: number): void {
    if (!this.budget.takeChallenge(nowMs)) {
      this.#stats.challengesDropped++;
      return;
    }
    if (!hasSendRoom(this.#socket)) {
      this.#stats.sendDropped++;
      return;
    }
    this.#stats.sent++;
    this.#stats.challenges++;
    const frame = encodeChallenge(this.#tokens.issue(to.address, to.port, nowMs));
    sendPacket(this.#socket, this.seal(frame), to, this.#onSent);
  }

  /** One function for all sends: a closure per datagram would be garbage on the hot path. */
  readonly #onSent = (error: Error | null): void => {
    if (error !== null) this.#stats.sendErrors++;
  };
}
