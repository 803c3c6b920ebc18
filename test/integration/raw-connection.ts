/** A connection without an SDK, for what no SDK does. */

import { ColyseusSDK } from "@colyseus/sdk";
import { WebSocket } from "ws";
import type { TestServer } from "./harness.js";

export interface RawConnection {
  readonly socket: WebSocket;
  readonly records: Buffer[];
  readonly closed: Promise<{ code: number; reason: string }>;
}

export function connect(server: Pick<TestServer, "url">, path: string): RawConnection {
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
  return pathOf(data as Parameters<typeof pathOf>[0]);
}

/** The path of a seat that is reserved. */
export function pathOf(seat: { processId?: string; roomId: string; sessionId: string }): string {
  return `/${seat.processId}/${seat.roomId}?sessionId=${seat.sessionId}`;
}

/** A whole message as a SYMBOL record (docs/WIRE-FORMAT.md section 1). */
export function symbol(sequence: number, message: Uint8Array): Uint8Array {
  const header = Buffer.of(0x1e, 3, 0, 0, 0, 0);
  header.writeUInt32LE(sequence, 2);
  return Buffer.concat([header, message]);
}

/** Resolves when the other end has read all that was sent before, or is gone. */
export function untilRead({ socket, closed }: RawConnection): Promise<unknown> {
  const pong = new Promise((resolve) => socket.once("pong", resolve));
  if (socket.readyState === WebSocket.OPEN) socket.ping();
  return Promise.race([pong, closed]);
}
