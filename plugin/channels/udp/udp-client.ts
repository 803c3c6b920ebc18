/**
 * The client's end of the UDP channel, for Node: says hello until the server answers, then carries datagrams.
 * The session (connection id and secret) comes by the WebSocket; retrying after a failure is the caller's.
 * When the client's network changes, it takes a new socket under the same session (the server follows the newest
 * path that it validates), and another until it hears the server or gives up. docs/WIRE-FORMAT.md section 5.
 */

import type { Socket } from "node:dgram";
import { lookup } from "node:dns/promises";
import type { LookupAddress } from "node:dns";
import {
  HELLO_TIMES_MS,
  IPV6_UDP_HEADER_BYTES,
  UDP_ENVELOPE_BYTES,
  UDP_OPEN_TIMEOUT_MS,
  UDP_REBIND_ERROR_INTERVAL_MS,
  UDP_REBIND_SILENCE_MS,
  UDP_SEARCH_MS,
  UDP_UNANSWERED_MS,
} from "../limits.js";
import { DeadlineTimer, type Clock } from "../../host/clock.js";
import { TokenBucket } from "../../host/token-bucket.js";
import { CLIENT_GARBAGE } from "./udp-budget.js";
import { UdpChannel, type UdpSession } from "./udp-channel.js";
import { encodeResponse, kindOf, tokenOf } from "./udp-path.js";
import { createUdpSocket, enlargeBuffers, hasSendRoom, sendPacket, udpHeaderBytes } from "./udp-socket.js";

export interface UdpClientOptions extends UdpSession {
  /** A name or an IP literal. Of a name with addresses of both families, one of each is tried at once. */
  host: string;
  port: number;
  /** Ends the channel, with reason "aborted". */
  signal?: AbortSignal;
  /** Milliseconds until a channel that is not open ends with reason "timeout"; 10000 unless told. */
  timeoutMs?: number;
  /** For tests. */
  clock?: Clock;
}

export interface UdpClientStats {
  received: number;
  accepted: number;
  malformed: number;
  replayed: number;
  farAhead: number;
  unauthentic: number;
  overBudget: number;
  sent: number;
  sendDropped: number;
  sendErrors: number;
  socketErrors: number;
  rebinds: number;
}

/**
 * Starts to open a channel; it is "connecting" when this returns.
 * Ends by `onclose`: "timeout", "aborted", "closed", "silent" (open, and not heard from for half a minute), or "lookup:
 * " and the resolver's error.
 * @throws RangeError for a secret that has not 32 bytes.
 */
export function openUdpChannel(options: UdpClientOptions): UdpClientChannel {
  return new UdpClientChannel(options);
}

/** A socket with the address that it is connected to. */
interface Route {
  readonly socket: Socket;
  readonly remote: LookupAddress;
  /** Known once it is connected. */
  localAddress: string | undefined;
  /** A datagram cannot be sent before the connect has been made. */
  connected: boolean;
}

export class UdpClientChannel extends UdpChannel {
  readonly stats: UdpClientStats = {
    received: 0,
    accepted: 0,
    malformed: 0,
    replayed: 0,
    farAhead: 0,
    unauthentic: 0,
    overBudget: 0,
    sent: 0,
    sendDropped: 0,
    sendErrors: 0,
    socketErrors: 0,
    rebinds: 0,
  };

  readonly #options: UdpClientOptions;
  readonly #garbage = new TokenBucket(CLIENT_GARBAGE, this.clock.now());
  /** The end of a channel that does not open. */
  readonly #openTimer = new DeadlineTimer(this.clock, () => this.end("timeout"));
  /** The next hello. */
  readonly #helloTimer = new DeadlineTimer(this.clock, () => this.#sayHello());
  /** The next step of the search. */
  readonly #searchTimer = new DeadlineTimer(this.clock, () => this.#searchOn());
  #helloStartMs = 0;
  /** Hellos said so far. */
  #helloCount = 0;
  /** One of each family, as looked up. */
  #remotes: LookupAddress[] = [];
  /** One per address family while connecting or searching; the first that hears the server stays. */
  #routes: Route[] = [];
  #heardMs = 0;
  /** When the first datagram was sent that the server should have answered since, ms. */
  #askedMs = -Infinity;
  #reboundMs = 0;
  /** The local address that the server was last heard at, while another socket is tried. */
  #leftAddress: string | undefined;
  /** When the first socket was taken since the server was last heard; undefined while there is no search. */
  #searchStartMs: number | undefined;

  constructor(options: UdpClientOptions) {
    super(options, "client", options.clock);
    this.#options = options;
    options.signal?.addEventListener("abort", this.#onAbort, { once: true });
    this.#openTimer.set(this.clock.now() + (options.timeoutMs ?? UDP_OPEN_TIMEOUT_MS));
    // A microtask or more later, so that the caller has set its handlers when it ends.
    void this.#connect();
  }

  get overheadBytes(): number {
    const remote = this.#routes[0]?.remote;
    return UDP_ENVELOPE_BYTES + (remote === undefined ? IPV6_UDP_HEADER_BYTES : udpHeaderBytes(remote.address));
  }

  /** The local port of the socket in use, or undefined before there is one. */
  get localPort(): number | undefined {
    const route = this.#routes[0];
    return route?.connected ? route.socket.address().port : undefined;
  }

  /**
   * Takes a new socket, so a new local address and port, and probes; for a change of network. No effect unless open.
   * Until the server is heard it takes further ones, for the other address family too, and ends after 26 s.
   */
  rebind(): void {
    const old = this.#routes[0];
    if (this.state !== "open" || old === undefined) return;
    const remotes = this.#searchStartMs === undefined ? [old.remote] : this.#remotes;
    this.stats.rebinds++;
    this.#reboundMs = this.clock.now();
    this.#searchStartMs ??= this.#reboundMs;
    this.#leftAddress ??= old.localAddress;
    for (const route of this.#routes) route.socket.close();
    this.#routes = remotes.map((remote) => this.#openRoute(remote));
    this.#searchBy(Math.min(this.#reboundMs + UDP_REBIND_SILENCE_MS, this.#searchStartMs + UDP_SEARCH_MS));
  }

  override send(datagram: Uint8Array): boolean {
    const sent = super.send(datagram);
    if (sent) this.#rebindIfSilent();
    return sent;
  }

  protected override hasRoom(): boolean {
    for (const route of this.#routes) {
      if (route.connected && hasSendRoom(route.socket)) return true;
    }
    return false;
  }

  protected override countDropped(): void {
    this.stats.sendDropped++;
  }

  protected override transmit(packet: Buffer): void {
    for (const route of this.#routes) {
      if (route.connected && hasSendRoom(route.socket)) this.#sendOn(route, packet);
    }
  }

  protected override release(): void {
    this.#options.signal?.removeEventListener("abort", this.#onAbort);
    this.#endHellos();
    this.#searchTimer.cancel();
    for (const route of this.#routes) route.socket.close();
    this.#routes = [];
  }

  async #connect(): Promise<void> {
    let addresses: LookupAddress[];
    try {
      addresses = await lookup(this.#options.host, { all: true });
    } catch (error) {
      this.end(`lookup: ${(error as Error).message}`);
      return;
    }
    if (this.#options.signal?.aborted) this.end("aborted");
    if (this.state !== "connecting") return;
    this.#remotes = firstOfEachFamily(addresses);
    this.#routes = this.#remotes.map((remote) => this.#openRoute(remote));
    this.#helloStartMs = this.clock.now();
    this.#awaitNextHello();
  }

  #openRoute(remote: LookupAddress): Route {
    const route: Route = {
      remote,
      localAddress: undefined,
      connected: false,
      socket: createUdpSocket(remote.family === 6 ? "udp6" : "udp4"),
    };
    const { socket } = route;
    socket.on("message", (packet) => this.#onPacket(packet, route));
    // ECONNREFUSED arrives here when nothing listens there (yet): not fatal, the hello is said again.
    socket.on("error", (error) => this.#onSocketError(error));
    socket.connect(this.#options.port, remote.address, (error?: Error) => {
      if (!this.#routes.includes(route)) return;
      if (error) {
        this.#onSocketError(error);
        return;
      }
      route.connected = true;
      route.localAddress = socket.address().address;
      enlargeBuffers(socket);
      this.sendProbe();
    });
    return route;
  }

  #sayHello(): void {
    this.sendProbe();
    this.#awaitNextHello();
  }

  /** The first hello is said by the route itself as soon as it is connected. */
  #awaitNextHello(): void {
    const last = HELLO_TIMES_MS.length - 1;
    const next = ++this.#helloCount;
    const atMs = next <= last ? HELLO_TIMES_MS[next]! : HELLO_TIMES_MS[last]! * (next - last + 1);
    this.#helloTimer.set(this.#helloStartMs + atMs);
  }

  #endHellos(): void {
    this.#openTimer.cancel();
    this.#helloTimer.cancel();
  }

  #onPacket(packet: Buffer, route: Route): void {
    this.stats.received++;
    if (!this.#garbage.has(this.clock.now())) {
      this.stats.overBudget++;
      return;
    }
    const opened = this.authenticate(packet);
    this.stats[opened.ok ? "accepted" : opened.reason]++;
    if (!opened.ok) {
      if (opened.reason === "unauthentic") this.#garbage.take();
      return;
    }
    this.#heardMs = this.clock.now();
    this.#endSearch();
    this.#settleOn(route);
    this.#take(opened.datagram, route);
  }

  /** A server sends nothing but challenges before its channel is open: all else opens this one, and ends the hellos. */
  #take(plaintext: Buffer, route: Route): void {
    const kind = kindOf(plaintext);
    if (kind === "challenge") this.#sendOn(route, this.seal(encodeResponse(tokenOf(plaintext))));
    if (kind !== "data" && kind !== "probe") return;
    if (this.state === "connecting") this.#endHellos();
    this.open();
    if (kind === "data") this.deliver(plaintext);
  }

  #sendOn(route: Route, packet: Buffer): void {
    this.stats.sent++;
    sendPacket(route.socket, packet, undefined, this.#onSent);
  }

  /** Keeps the route that heard the server. */
  #settleOn(route: Route): void {
    if (this.#routes.length > 1) {
      for (const other of this.#routes) {
        if (other !== route) other.socket.close();
      }
      this.#routes = [route];
    }
    if (this.#leftAddress === undefined) return;
    const isElsewhere = route.localAddress !== this.#leftAddress;
    this.#leftAddress = undefined;
    if (isElsewhere) this.moved();
  }

  /**
   * An interface that went away leaves a connected socket with a dead source address, and no error: only silence. That
   * is what follows a datagram that asks for an answer, so not feedback on what was just heard: a pause of both ends is
   * none.
   */
  #rebindIfSilent(): void {
    const nowMs = this.clock.now();
    if (this.#askedMs < this.#heardMs + UDP_UNANSWERED_MS) this.#askedMs = nowMs;
    if (this.#searchStartMs === undefined && nowMs - this.#askedMs > UDP_REBIND_SILENCE_MS) this.rebind();
  }

  #onSocketError(error: Error): void {
    this.stats.socketErrors++;
    if ((error as NodeJS.ErrnoException).code === "ECONNREFUSED") return;
    const dueMs = this.#reboundMs + UDP_REBIND_ERROR_INTERVAL_MS;
    if (this.clock.now() > dueMs) this.rebind();
    else this.#searchBy(dueMs);
  }

  /** Goes on searching at this time, or before; a server that is heard ends that. */
  #searchBy(atMs: number): void {
    if (this.state === "open" && atMs < this.#searchTimer.deadlineMs) this.#searchTimer.set(atMs);
  }

  #searchOn(): void {
    const startMs = this.#searchStartMs;
    if (startMs !== undefined && this.clock.now() - startMs >= UDP_SEARCH_MS) this.end("silent");
    else this.rebind();
  }

  #endSearch(): void {
    this.#searchStartMs = undefined;
    this.#searchTimer.set(Infinity);
  }

  readonly #onSent = (error: Error | null): void => {
    if (error === null) return;
    this.stats.sendErrors++;
    this.#onSocketError(error);
  };

  readonly #onAbort = (): void => this.end("aborted");
}

/** At most one IPv4 and one IPv6 address, in the resolver's order. */
function firstOfEachFamily(addresses: readonly LookupAddress[]): LookupAddress[] {
  const families = [...new Set(addresses.map((a) => a.family))];
  return families.map((family) => addresses.find((a) => a.family === family)!);
}
