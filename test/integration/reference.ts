/** The transport under test and ws-transport, in one process and with the same rooms: what a test says of one it can compare with the other. */

import type { AddressInfo } from "node:net";
import { ClientState, matchMaker, type Room } from "@colyseus/core";
import { ColyseusSDK, type Room as SdkRoom } from "@colyseus/sdk";
import { WebSocketTransport, type TransportOptions } from "@colyseus/ws-transport";
import type { FecTransportOptions } from "colyseus-fec";
import { FecClient } from "colyseus-fec/client";
import { serverClient, startServer, until, untilUdp, type TestServer } from "./harness.js";

/** Who talks: ws-transport with the stock SDK, or ours with no datagram channel, or with an open one. */
export type Side = "ws-transport" | "WebSocket" | "UDP";

/** Ours. */
export const SIDES: readonly Side[] = ["WebSocket", "UDP"];

export interface BothServers extends TestServer {
  /** ws://host:port of ws-transport, which has no matchmaking of its own: clients come by seat. */
  readonly referenceUrl: string;
}

/** Starts both; ws-transport gets those of the options that are its own. */
export async function startBoth(
  rooms: Record<string, new () => Room>,
  options: FecTransportOptions = {},
): Promise<BothServers> {
  const server = await startServer(rooms, options);
  const { udp, webrtc, netem, repair, resyncAfterMs, ...own } = options;
  const reference = new WebSocketTransport(own satisfies TransportOptions);
  await new Promise<void>((resolve) => void reference.listen(0, "127.0.0.1", undefined, resolve));
  const { port } = reference.server!.address() as AddressInfo;
  return {
    ...server,
    referenceUrl: `ws://127.0.0.1:${port}`,
    stop: async () => {
      await server.stop();
      reference.shutdown();
    },
  };
}

export function urlOf(servers: BothServers, side: Side): string {
  return side === "ws-transport" ? servers.referenceUrl : servers.url;
}

/** A room of its own, and the seat in it. */
export const newSeat = (room: string, options: object = {}) => matchMaker.create(room, options);

/** Joins a room of its own; resolves when core has it joined (sooner, it may not reconnect) and the side's path is open. Reconnections wait for nothing. */
export async function joinAs(
  servers: BothServers,
  side: Side,
  roomName: string,
  options: object = {},
): Promise<SdkRoom> {
  const url = urlOf(servers, side);
  const client =
    side === "ws-transport" ? new ColyseusSDK(url) : new FecClient(url, { channels: side === "UDP" ? ["udp"] : [] });
  const room = await client.consumeSeatReservation(await newSeat(roomName, options));
  Object.assign(room.reconnection, { minUptime: 0, minDelay: 1, delay: 1 });
  await until("joined", () => serverClient(room).state === ClientState.JOINED);
  if (side === "UDP") await untilUdp(room);
  return room;
}
