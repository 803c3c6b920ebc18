/** A connection without an SDK, for what no SDK does. */

import { ColyseusSDK } from "@colyseus/sdk";
import { WebSocket } from "ws";
import type { TestServer } from "./harness.js";

export interface RawConnection {
  readonly socket: WebSocket;
  readonly records: Buffer[];
  readonly closed: Promise<{ code: number; reason: string }>;
}

export function connect(server: TestServer, path: string): RawConnection {
  const socket = new WebSocket(`${server.url}${path}`);
  const records: Buffer[] = [];
  socket.on("message", (data: Buffer) => records.push(data));
  socket.on("error", () => {});
  const closed = new Promise<{ code: number; reason: string }>((resolve) =>
    socket.once("close", (code, reason) => resolve({ code, reason: reason.toString() })),
  );
  return { socket, records, closed };
}

/** Reserves a seat; returns the path to connect to. */
export async function reserve(server: TestServer, room = "sync", options = {}): Promise<string> {
  const { http } = new ColyseusSDK(server.url);
  const post = http.post.bind(http) as unknown as (
    path: string,
    init: object,
  ) => Promise<{ data: Record<string, string> }>;
  const { data } = await post(`/matchmake/joinOrCreate/${room}`, { body: options });
  return `/${data.processId}/${data.roomId}?sessionId=${data.sessionId}`;
}
