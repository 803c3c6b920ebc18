/**
 * Starts the arena's server: a Colyseus server with one kept room, over the plugin's transport or over WebSocket alone.
 */
import { once } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";
import { type Client, matchMaker, Server, type Transport } from "@colyseus/core";
import { WebSocketTransport } from "@colyseus/ws-transport";
import type { ClientLinkStats, FecTransportOptions } from "colyseus-fec";
import { ARENA_ROOM } from "../protocol/messages.js";
import { ArenaRoom } from "./arena-room.js";
import { NO_LINKS, type NetLinks } from "./net-control.js";
import { createPageHandler } from "./page.js";

/** How long clients may take to close their connections, ms: a process that ends takes those with it that have not been told yet why. */
const FAREWELL_MS = 1000;

export type RepairOption = NonNullable<FecTransportOptions["repair"]>;
export type Netem = NonNullable<FecTransportOptions["netem"]>;
export type WebRtc = NonNullable<FecTransportOptions["webrtc"]>;

export interface ArenaServerOptions {
  /** TCP and UDP, 0..65535; 0 = any free one. */
  port: number;
  transport: "fec" | "ws";
  repair?: RepairOption;
  /** Impairs datagrams both ways, at this end. */
  netem?: Netem;
  /** Where browsers' datagrams come in, or false. Default: the transport's own. */
  webrtc?: WebRtc;
  patchRateHz?: number;
  seed?: number;
  /** Folder of the built page, served at "/". Default: no page. */
  pageFolder?: string;
}

export interface ArenaServer {
  readonly room: ArenaRoom;
  readonly port: number;
  /** Is there a page at "/"? */
  readonly hasPage: boolean;
  /** Statistics of every client in the room that is on the plugin's transport. */
  linkStats(): ClientLinkStats[];
  /** Resolves when every connection is closed, or a second later. */
  stop(): Promise<void>;
}

/** One at a time: Colyseus' match maker is one per process. */
export async function startArenaServer(options: ArenaServerOptions): Promise<ArenaServer> {
  const { transport, linkStats, links } = await createTransport(options);
  const page = options.pageFolder === undefined ? undefined : createPageHandler(options.pageFolder);
  const server = new Server({
    transport,
    greet: false,
    gracefullyShutdown: false,
    ...(page !== undefined && { express: (app) => void app.use(page) }),
  });
  const { patchRateHz, seed } = options;
  // These options win over those of the client that creates a room.
  server.define(ARENA_ROOM, ArenaRoom, { patchRateHz, seed, keep: true, links });
  await listen(server, transport, options.port);
  const { roomId } = await matchMaker.createRoom(ARENA_ROOM, {});
  const room = matchMaker.getLocalRoomById(roomId) as unknown as ArenaRoom;
  const address = transport.server?.address();
  const port = typeof address === "object" && address !== null ? address.port : options.port;
  return {
    room,
    port,
    hasPage: page !== undefined,
    linkStats: () => room.clients.map(linkStats).filter((stats) => stats !== undefined),
    stop: () => stop(server, transport),
  };
}

/** Core's own shutdown does not wait for the connections that it closes. */
async function stop(server: Server, transport: Transport): Promise<void> {
  const http = transport.server;
  const isOver = new AbortController();
  const closed = http?.listening === true ? once(http, "close") : undefined;
  await server.gracefullyShutdown(false);
  await Promise.race([closed, sleep(FAREWELL_MS, undefined, { signal: isOver.signal }).catch(() => undefined)]);
  isOver.abort();
}

/** Core's own listen() neither resolves nor rejects when the TCP port is taken. */
async function listen(server: Server, transport: Transport, port: number): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    transport.server?.once("error", reject);
    server.listen(port).then(resolve, reject);
  });
}

interface ChosenTransport {
  transport: Transport;
  linkStats(client: Client): ClientLinkStats | undefined;
  links: NetLinks;
}

async function createTransport({ transport, repair, netem, webrtc }: ArenaServerOptions): Promise<ChosenTransport> {
  if (transport === "ws") return { transport: new WebSocketTransport({}), linkStats: () => undefined, links: NO_LINKS };
  // Loaded only when it is used: the comparison runs without the plugin.
  const { FecTransport, linkControl, linkStats } = await import("colyseus-fec");
  const links: NetLinks = {
    impairment: netem === undefined ? "clean" : typeof netem === "string" ? netem : undefined,
    repair: repair ?? "adaptive",
    setRepair: (client, option) => linkControl(client)?.setRepair(option),
    leaveAlone: (client) => {
      if (netem !== undefined) linkControl(client)?.configure("clean");
    },
  };
  return { transport: new FecTransport({ repair, netem, webrtc }), linkStats, links };
}
