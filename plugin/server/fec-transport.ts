/**
 * The Colyseus transport: ws-transport, plus a Link for every client that asks for one (`fec=1` in its URL).
 * A client that does not ask gets ws-transport, byte for byte. Admission is the WebSocket's: a link is made only for a
 * client with a seat, and a datagram channel is offered only to one that core has let into a room.
 */

import type { IncomingMessage, Server as HttpServer } from "node:http";
import {
  CloseCode,
  connectClientToRoom,
  createAuthContext,
  debugAndPrintError,
  isDevMode,
  logger,
  matchMaker,
  type AuthContext,
  type Room,
} from "@colyseus/core";
import { WebSocketTransport } from "@colyseus/ws-transport";
import type { WebSocket } from "ws";
import { systemClock } from "../host/clock.js";
import { knownKinds, type OfferedKind } from "../session/channel-kinds.js";
import { LiveImpairment } from "../channels/impaired/live-impairment.js";
import type { UdpEndpointStats } from "../channels/udp/udp-server.js";
import type { WebRtcEndpointStats } from "../channels/webrtc/webrtc-server.js";
import { SYMBOL_RECORD_HEADER_BYTES } from "../core/wire/constants.js";
import { DatagramOffer } from "./datagram-offer.js";
import { debugFec } from "./debug.js";
import { FecSocket } from "./fec-socket.js";
import { FecRoomClient } from "./fec-room-client.js";
import { resolveFecOptions, type FecTransportOptions, type ResolvedFecOptions } from "./options.js";
import { watchHealth, type PingedWebSocket } from "./socket-health.js";
import { StateFlow } from "./state-flow.js";
import { UdpListener } from "./udp-listener.js";
import { WebRtcListener } from "./webrtc-listener.js";

type UpgradeInfo = { url: URL; context: AuthContext };
type ListenCallback = (error?: Error) => void;
type AttachOptions = { filter?: (request: IncomingMessage) => boolean };

export interface UdpStats extends Readonly<UdpEndpointStats> {
  readonly port: number;
  /** Open, or offered and waiting for the client. */
  readonly sessions: number;
}

export interface WebRtcStats extends Readonly<WebRtcEndpointStats> {
  readonly ports: readonly number[];
  /** Open, or answered and under way. */
  readonly sessions: number;
}

/** A client that asks for a Link, read from its URL. */
interface FecRequest {
  readonly url: URL;
  readonly sessionId: string;
  readonly roomId: string;
  readonly reconnectionToken: string | undefined;
  readonly channels: readonly OfferedKind[];
}

export class FecTransport extends WebSocketTransport {
  readonly #options: ResolvedFecOptions;
  readonly #udp: UdpListener | undefined;
  readonly #webrtc: WebRtcListener | undefined;
  /** The connection of every joined session, so that the one that it replaces can be ended. */
  readonly #sessions = new Map<string, FecSocket>();
  /** Every connection that is not closed. */
  readonly #open = new Set<FecSocket>();
  #latencyMs = 0;

  /** @throws TypeError or RangeError for a wrong option: `"udp.port" expected 0..65535, got 70000`. */
  constructor(options: FecTransportOptions = {}) {
    const { ours, webSocket } = resolveFecOptions(options);
    super(webSocket);
    this.#options = ours;
    this.#udp = ours.udp === false ? undefined : new UdpListener(ours.udp);
    this.#webrtc = ours.webrtc === false ? undefined : new WebRtcListener(ours.webrtc);
    if (this.server) this.#follow(this.server);
    // ws-transport passes its listener unbound: `this` would be the WebSocketServer. That one is new here in every
    // mode, so no one else listens yet.
    this.wss.removeAllListeners("connection");
    this.wss.on("connection", (socket, request, upgrade?: UpgradeInfo) =>
      this.onConnection(socket as PingedWebSocket, request, upgrade),
    );
  }

  /**
   * The UDP socket: its port, its sessions, and its datagrams by fate; undefined before listening, and when sessions
   * stay on WebSocket.
   */
  get udpStats(): UdpStats | undefined {
    const endpoint = this.#udp?.endpoint;
    return endpoint && { port: endpoint.address().port, sessions: endpoint.channelCount, ...endpoint.stats };
  }

  /** The WebRTC sockets and connections; undefined before listening, and when browsers stay on WebSocket. */
  get webrtcStats(): WebRtcStats | undefined {
    const endpoint = this.#webrtc?.endpoint;
    return endpoint && { ports: endpoint.ports, sessions: endpoint.channelCount, ...endpoint.stats };
  }

  /**
   * Listens on TCP and UDP; the listener is called once all are bound. A UDP port that was asked for and cannot be
   * bound closes the HTTP server, and its error goes to the listener (so core's `listen` rejects), or else to the
   * server's "error".
   */
  override listen(port: number, hostname?: string, backlog?: number, listeningListener?: ListenCallback): this {
    return super.listen(port, hostname, backlog, () => {
      void Promise.all(this.#listeners.map((listener) => listener.bound())).then((errors) => {
        const error = errors.find((each) => each !== undefined);
        process.nextTick(() => this.#onBound(error, listeningListener));
      });
    });
  }

  override attachToServer(server: HttpServer, options: AttachOptions = {}): this {
    super.attachToServer(server, options);
    this.#follow(server);
    return this;
  }

  /** Core does not wait for it, and ends the process next: what clients are to be told is written before it returns. */
  override shutdown(): void {
    for (const { session } of this.#open) session.hurryClose();
    super.shutdown();
    for (const listener of this.#listeners) void listener.shutdown();
  }

  /** Delays what the server sends, on either channel. */
  override simulateLatency(milliseconds: number): void {
    super.simulateLatency(milliseconds);
    this.#latencyMs = milliseconds;
  }

  protected override async onConnection(
    socket: PingedWebSocket,
    request: IncomingMessage,
    upgrade?: UpgradeInfo,
  ): Promise<void> {
    const url = upgrade?.url ?? new URL(`ws://server${request.url ?? "/"}`);
    const fec = readFecRequest(url);
    // Without a seat, ws-transport refuses: its client takes a first message that is no record for a plain server's.
    if (fec === undefined || !hasSeat(fec)) return super.onConnection(socket, request, upgrade);
    const onheard = watchHealth(socket, systemClock);
    if (!(await this.#untilBound(socket))) return;
    const fecSocket = new FecSocket(socket, onheard, {
      messageBytesMax: this.#options.messageBytesMax,
      fragmentBytes: this.#options.messageBytesMax - SYMBOL_RECORD_HEADER_BYTES,
      channels: this.#channels(),
      repair: this.#options.repair,
      impairment: new LiveImpairment(this.#options.netem),
    });
    this.#open.add(fecSocket);
    socket.once("close", () => this.#open.delete(fecSocket));
    const client = new FecRoomClient(fec.sessionId, fecSocket, () => this.#latencyMs);
    const context = upgrade?.context ?? authContext(request, url);
    await this.#join(fec, client, fecSocket, context, request.socket.localAddress);
  }

  /**
   * Hello names the channels that are bound: on a server that listened before this transport came, the first client may
   * be here sooner. It is not read meanwhile; a client sends nothing before hello. False if it is gone.
   */
  async #untilBound(socket: WebSocket): Promise<boolean> {
    const settling = this.#listeners.map((listener) => listener.settling).filter((bind) => bind !== undefined);
    if (settling.length === 0) return true;
    socket.pause();
    await Promise.all(settling);
    socket.resume();
    return socket.readyState === socket.OPEN;
  }

  async #join(
    fec: FecRequest,
    client: FecRoomClient,
    socket: FecSocket,
    context: AuthContext,
    localAddress: string | undefined,
  ): Promise<void> {
    const { reconnectionToken } = fec;
    const skipHandshake = fec.url.searchParams.has("skipHandshake");
    const key = `${fec.roomId}/${fec.sessionId}`;
    const room: Room | undefined = matchMaker.getLocalRoomById(fec.roomId);
    try {
      // The holder of the token is back while the old connection still looks open (it changed networks): core waits for
      // that one's end, which without this is the pings' to notice, seconds later.
      if (
        reconnectionToken !== undefined &&
        room?.clients.get(fec.sessionId)?.reconnectionToken === reconnectionToken
      ) {
        this.#sessions.get(key)?.terminate();
      }
      await connectClientToRoom(room, client, context, { reconnectionToken, skipHandshake });
    } catch (error) {
      const { code, message } = error as Error & { code: number };
      debugAndPrintError(error as Error);
      // As ws-transport does: with a token the SDK may try again, since the seat may not be held yet while devMode
      // reloads.
      const retry = isDevMode ? CloseCode.MAY_TRY_RECONNECT : CloseCode.FAILED_TO_RECONNECT;
      client.error(code, message, () => socket.close(reconnectionToken === undefined ? CloseCode.WITH_ERROR : retry));
      return;
    }
    const { session } = socket;
    session.admit();
    if (room !== undefined) this.#startFlow(client, socket, room);
    this.#replaceSession(key, socket);
    if (fec.channels.length > 0) {
      const { sessionId, channels: wanted } = fec;
      const offer = new DatagramOffer(session, {
        sessionId,
        wanted,
        udp: this.#udp,
        webrtc: this.#webrtc,
        localAddress,
      });
      session.channelKeeper = offer;
      offer.start();
    }
  }

  #startFlow(client: FecRoomClient, socket: FecSocket, room: Room): void {
    const flow = new StateFlow(client, socket.session, room, this.#options.resyncAfterMs);
    socket.flow = flow;
    socket.webSocket.once("close", () => flow.stop());
  }

  #follow(server: NonNullable<WebSocketTransport["server"]>): void {
    for (const listener of this.#listeners) listener.follow(server);
    const announce = () =>
      void Promise.all(this.#listeners.map((listener) => listener.bound())).then((errors) => {
        if (errors.every((error) => error === undefined)) this.#announce();
      });
    server.on("listening", announce);
    if (server.listening) announce();
  }

  /** One line at the start for who opens the firewall. */
  #announce(): void {
    const names = this.#listeners.map(({ boundName }) => boundName).filter((name) => name !== undefined);
    if (names.length > 0) logger.info(`colyseus-fec: ${names.join(", ")}`);
  }

  get #listeners(): (UdpListener | WebRtcListener)[] {
    return [this.#udp, this.#webrtc].filter((listener) => listener !== undefined);
  }

  /** The kinds that are bound now. */
  #channels(): OfferedKind[] {
    const channels: OfferedKind[] = [];
    if (this.#udp?.endpoint !== undefined) channels.push("udp");
    if (this.#webrtc?.endpoint !== undefined) channels.push("webrtc");
    return channels;
  }

  /** Ends the connection that this one took over: core moves its `ref` away and would leave the socket to the pings. */
  #replaceSession(key: string, socket: FecSocket): void {
    if (socket.readyState === socket.CLOSED) return;
    const stale = this.#sessions.get(key);
    this.#sessions.set(key, socket);
    socket.webSocket.once("close", () => this.#sessions.get(key) === socket && this.#sessions.delete(key));
    if (stale === undefined) return;
    debugFec("session %s moved to a new connection", key);
    stale.flow?.stop();
    stale.session.abandon();
  }

  #onBound(error: Error | undefined, listener: ListenCallback | undefined): void {
    if (error === undefined) {
      listener?.();
      return;
    }
    this.server?.close();
    if (listener !== undefined) listener(error);
    else this.server?.emit("error", error);
  }
}

/** The request, or undefined for a plain client and for a latency measurement. */
function readFecRequest(url: URL): FecRequest | undefined {
  const sessionId = url.searchParams.get("sessionId");
  const roomId = /\/[a-zA-Z0-9_-]+\/([a-zA-Z0-9_-]+)$/.exec(url.pathname)?.[1];
  if (url.searchParams.get("fec") !== "1" || sessionId === null || roomId === undefined) return undefined;
  const reconnectionToken = url.searchParams.get("reconnectionToken") ?? undefined;
  return {
    url,
    sessionId,
    roomId,
    reconnectionToken,
    channels: knownKinds((url.searchParams.get("channels") ?? "").split(",")),
  };
}

/** What connectClientToRoom asks first. */
function hasSeat({ roomId, sessionId, reconnectionToken }: FecRequest): boolean {
  const room = matchMaker.getLocalRoomById(roomId);
  // Core looks rooms up in a plain object, where "constructor" finds something else.
  return typeof room?.hasReservedSeat === "function" && room.hasReservedSeat(sessionId, reconnectionToken);
}

function authContext(request: IncomingMessage, url: URL): AuthContext {
  return createAuthContext({
    headers: request.headers as Record<string, string | undefined>,
    token: url.searchParams.get("_authToken"),
    remoteAddress: request.socket.remoteAddress,
  });
}
