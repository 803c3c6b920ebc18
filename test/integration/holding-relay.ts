/** A relay of WebSocket messages that passes on at once what a client says, and holds what the server says until it is released. */

import type { AddressInfo } from "node:net";
import { WebSocket, WebSocketServer } from "ws";

export interface HoldingRelay {
  readonly port: number;
  /** Messages of servers that wait. */
  readonly heldCount: number;
  /** Passes on what waits, and everything from here on. */
  release(): void;
  stop(): Promise<void>;
}

/** @param url ws://host:port of the server; each connection asks it for what the client asked for. */
export async function startHoldingRelay(url: string): Promise<HoldingRelay> {
  const server = new WebSocketServer({ port: 0, host: "127.0.0.1" });
  const held: (() => void)[] = [];
  let isHolding = true;
  server.on("connection", (client, request) => {
    const upstream = new WebSocket(`${url}${request.url}`);
    const early: Buffer[] = [];
    for (const [socket, other] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      socket.on("error", () => {});
      socket.on("close", (code, reason) => {
        if (other.readyState === WebSocket.OPEN && code !== 1005 && code !== 1006) other.close(code, reason);
        else other.terminate();
      });
    }
    client.on("message", (data: Buffer) => {
      if (upstream.readyState === WebSocket.OPEN) upstream.send(data);
      else early.push(data);
    });
    upstream.on("open", () => early.forEach((data) => upstream.send(data)));
    upstream.on("message", (data: Buffer) => {
      if (isHolding) held.push(() => client.send(data));
      else client.send(data);
    });
  });
  await new Promise((resolve) => server.once("listening", resolve));
  return {
    port: (server.address() as AddressInfo).port,
    get heldCount() {
      return held.length;
    },
    release: () => {
      isHolding = false;
      for (const pass of held.splice(0)) pass();
    },
    stop: async () => {
      for (const client of server.clients) client.terminate();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
