/** What is on its way when the server ends a session: `client.leave()` of a room, against ws-transport's. */

import { Room, type Client } from "@colyseus/core";
import type { Room as SdkRoom } from "@colyseus/sdk";
import { linkStats as serverLinkStats } from "colyseus-fec";
import { FecClient, linkControl, linkStats, type FecClientOptions } from "colyseus-fec/client";
import { afterEach, beforeEach, expect, test } from "vitest";
import { once, serverClient, serverRoom, startServer, until, untilUdp, type TestServer } from "./harness.js";

class GateRoom extends Room {
  readonly received: number[] = [];

  override onCreate(): void {
    this.onMessage("number", (_client, number: number) => void this.received.push(number));
    this.onMessage("quit", (client) => client.leave(4001));
  }
}

let server: TestServer;

beforeEach(async () => {
  server = await startServer({ gate: GateRoom });
});

afterEach(() => server.stop());

async function join(options: FecClientOptions): Promise<{ room: SdkRoom; host: GateRoom; client: Client }> {
  const room = await new FecClient(server.url, options).create("gate");
  room.reconnection.enabled = false;
  if (options.channels?.length !== 0) await untilUdp(room);
  return { room, host: serverRoom<GateRoom>(room), client: serverClient(room) };
}

const paths: [path: string, options: FecClientOptions][] = [
  ["UDP", {}],
  ["WebSocket", { channels: [] }],
];

test.each(paths)(
  "messages that are on their way by %s when the room calls leave() reach onMessage",
  async (_path, options) => {
    const { room, host, client } = await join(options);
    for (let i = 0; i < 3; i++) room.send("number", i);
    client.leave(4002);
    expect((await once(room.onLeave))[0]).toBe(4002);
    expect(host.received).toEqual([0, 1, 2]);
  },
);

test.each(paths)(
  "messages that follow by %s on one that makes the room call leave() reach onMessage",
  async (_path, options) => {
    const { room, host } = await join(options);
    room.send("number", 0);
    room.send("quit");
    room.send("number", 1);
    room.send("number", 2);
    expect((await once(room.onLeave))[0]).toBe(4001);
    expect(host.received).toEqual([0, 1, 2]);
  },
);

test("messages whose datagrams are lost when the room calls leave() reach onMessage by the WebSocket", async () => {
  const { room, host, client } = await join({ netem: {} });
  linkControl(room)!.blackout(true);
  for (let i = 0; i < 3; i++) room.send("number", i);
  await Promise.resolve(); // they ride datagrams from here on
  client.leave(4002);
  expect((await once(room.onLeave))[0]).toBe(4002);
  await until("all of them", () => host.received.length === 3);
  expect(host.received).toEqual([0, 1, 2]);
});

test("leave() with a code or a reason that no close frame holds throws as ws does, and changes nothing", async () => {
  const { room, host, client } = await join({});
  for (const code of [999, 1004, 1005, 1006, 1015, 2000, 5000, NaN])
    expect(() => client.leave(code), `${code}`).toThrow("valid error code");
  expect(() => client.leave(4000, "é".repeat(62))).toThrow("123 bytes");
  room.send("number", 1);
  await until("a message", () => host.received.length === 1);
  expect([linkStats(room).path, serverLinkStats(client).path]).toEqual(["udp", "udp"]);
  client.leave(4000, "é".repeat(61));
  expect(await once(room.onLeave)).toEqual([4000, "é".repeat(61)]);
});
