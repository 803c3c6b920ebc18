/** What the integration tests share: a real Colyseus server on free ports, and waiting for things to happen. */

import { createSocket, type Socket } from "node:dgram";
import { createServer, type Server as TcpServer } from "node:net";
import type { AddressInfo } from "node:net";
import { matchMaker, Server, type Room } from "@colyseus/core";
import type { Room as SdkRoom } from "@colyseus/sdk";
import { FecTransport, linkStats as serverLinkStats, type FecTransportOptions } from "colyseus-fec";
import { linkStats } from "colyseus-fec/client";

type RoomClass = new () => Room;

export interface LogLine {
  readonly level: string;
  readonly text: string;
}

export interface TestServer {
  readonly server: Server;
  readonly transport: FecTransport;
  /** ws://host:port */
  readonly url: string;
  readonly port: number;
  /** What core's logger was given, from this server's start on. */
  readonly log: readonly LogLine[];
  stop(): Promise<void>;
}

/** Starts a server on 127.0.0.1 unless told, by default on a free TCP port; UDP takes the same number unless told, and there is no WebRTC unless told. One at a time: the matchmaker is global. */
export async function startServer(
  rooms: Record<string, RoomClass>,
  options: FecTransportOptions = {},
  port = 0,
  host = "127.0.0.1",
): Promise<TestServer> {
  const log: LogLine[] = [];
  const transport = new FecTransport({ webrtc: false, ...options });
  const server = new Server({ transport, greet: false, gracefullyShutdown: false, logger: collector(log) });
  for (const [name, room] of Object.entries(rooms)) server.define(name, room);
  await server.listen(port, host);
  const bound = (transport.server!.address() as AddressInfo).port;
  return {
    server,
    transport,
    url: `ws://${host}:${bound}`,
    port: bound,
    log,
    stop: () => server.gracefullyShutdown(false),
  };
}

function collector(log: LogLine[]) {
  const level =
    (name: string) =>
    (...parts: unknown[]) =>
      void log.push({ level: name, text: parts.map(String).join(" ") });
  return {
    debug: level("debug"),
    error: level("error"),
    info: level("info"),
    trace: level("trace"),
    warn: level("warn"),
  };
}

/** Waits until the condition holds and returns its value. @throws Error with the description when it does not in time. */
export async function until<Value>(
  what: string,
  condition: () => Value | Promise<Value>,
  timeoutMs = 10_000,
): Promise<NonNullable<Value>> {
  const endMs = performance.now() + timeoutMs;
  for (;;) {
    const value = await condition();
    if (value) return value;
    if (performance.now() > endMs) throw new Error(`not within ${timeoutMs} ms: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

/** The server's side of a room that a client joined; both run in this process. */
export function serverRoom<RoomType extends Room>(room: SdkRoom): RoomType {
  return matchMaker.getLocalRoomById(room.roomId) as unknown as RoomType;
}

export function serverClient(room: SdkRoom) {
  return serverRoom(room).clients.get(room.sessionId)!;
}

/** Waits until both sides send by UDP. */
export function untilUdp(room: SdkRoom, timeoutMs?: number): Promise<void> {
  return untilPath(room, "udp", timeoutMs);
}

/** Waits until both sides send by this path. */
export async function untilPath(
  room: SdkRoom,
  path: "udp" | "webrtc" | "websocket",
  timeoutMs?: number,
): Promise<void> {
  const bothWays = () => {
    const client = serverClient(room);
    return client !== undefined && linkStats(room).path === path && serverLinkStats(client).path === path;
  };
  await until(`path ${path} on both sides`, bothWays, timeoutMs);
}

/** A UDP socket that is bound and answers nothing; unless told, at a port whose number a TCP server may take. */
export async function silentUdpSocket(port = 0): Promise<{ socket: Socket; port: number }> {
  for (;;) {
    const socket = createSocket("udp4");
    await new Promise<void>((resolve, reject) => {
      socket.once("error", (error) => {
        socket.close();
        reject(error);
      });
      socket.bind(port, "127.0.0.1", resolve);
    });
    const { port: bound } = socket.address();
    if (port !== 0 || (await isTcpPortFree(bound))) return { socket, port: bound };
    // Another test's server has it: core's listen would wait for ever.
    socket.close();
  }
}

export async function isUdpPortFree(port: number): Promise<boolean> {
  try {
    const { socket } = await silentUdpSocket(port);
    await new Promise<void>((resolve) => socket.close(resolve));
    return true;
  } catch {
    return false;
  }
}

export async function isTcpPortFree(port: number): Promise<boolean> {
  const server: TcpServer = createServer();
  return new Promise((resolve) => {
    server.once("error", () => resolve(false));
    server.listen(port, "127.0.0.1", () => server.close(() => resolve(true)));
  });
}

/** The next event of a room as a promise. */
export function once<Args extends unknown[]>(signal: { once(callback: (...args: Args) => void): void }): Promise<Args> {
  return new Promise((resolve) => signal.once((...args) => resolve(args)));
}
