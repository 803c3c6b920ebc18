/** linkStats and linkControl where there is no link: stock clients, servers without the plugin, and what is neither. */

import { Server, type Client } from "@colyseus/core";
import { ColyseusSDK, type Room as SdkRoom } from "@colyseus/sdk";
import { WebSocketTransport } from "@colyseus/ws-transport";
import { linkControl as serverLinkControl, linkStats as serverLinkStats } from "colyseus-fec";
import { FecClient, linkControl, linkStats } from "colyseus-fec/client";
import { expect, test } from "vitest";
import { serverClient, startServer, until } from "./harness.js";
import { SyncRoom, Witness } from "./sync-room.js";

test("without a link, statistics are one frozen snapshot of zeros, and there are no switches", async () => {
  const server = await startServer({ sync: SyncRoom });
  const rooms = [
    await new ColyseusSDK(server.url).create("sync"),
    await new ColyseusSDK(server.url).create("sync"),
  ] as SdkRoom[];
  rooms.forEach((room) => new Witness(room));
  const stats = rooms.flatMap((room) => [linkStats(room), serverLinkStats(serverClient(room))]);
  expect([stats[0], stats[1]]).toEqual([stats[2], stats[3]]);
  expect(stats[0] === stats[2] && stats[1] === stats[3]).toBe(true);
  for (const each of stats) {
    expect(each).toMatchObject({ path: "websocket", rttMs: 0, behindMs: 0, symbols: { sent: 0 } });
    expect([each, each.symbols, each.counters, each.applyDelayMs].every(Object.isFrozen)).toBe(true);
  }
  expect([linkControl(rooms[0]!), serverLinkControl(serverClient(rooms[0]!))]).toEqual([undefined, undefined]);
  await Promise.all(rooms.map((room) => room.leave()));
  await server.stop();
});

test("on a server without the plugin the path is the WebSocket, and it says why", async () => {
  const transport = new WebSocketTransport();
  const server = new Server({ transport, greet: false, gracefullyShutdown: false });
  server.define("sync", SyncRoom);
  await server.listen(0, "127.0.0.1");
  const { port } = transport.server!.address() as { port: number };
  const room = await new FecClient(`ws://127.0.0.1:${port}`).create("sync");
  new Witness(room);
  expect(linkStats(room)).toMatchObject({
    path: "websocket",
    lastChannelError: "the server does not speak colyseus-fec",
  });
  await room.leave();
  await server.gracefullyShutdown(false);
});

test("what is no room, or no client, is refused by name", () => {
  for (const wrong of [undefined, null, 1, "room", {}]) {
    for (const ask of [linkStats, linkControl])
      expect(() => ask(wrong as SdkRoom)).toThrow('"room" expected a room that a client joined');
    for (const ask of [serverLinkStats, serverLinkControl])
      expect(() => ask(wrong as Client)).toThrow('"client" expected a client of a room on the server');
  }
});

test("a client tells why it has no datagram channel: none that it wants is there, or none opened", async () => {
  const server = await startServer({ sync: SyncRoom }, { udp: { publicAddress: "no-such-host.invalid:1" } });
  const cases: [channels: ("udp" | "webrtc")[], error: string | RegExp][] = [
    [["webrtc"], "the server has no webrtc"],
    [["udp"], /^udp: .*no-such-host/],
  ];
  for (const [channels, error] of cases) {
    const room = await new FecClient(server.url, { channels }).create("sync");
    new Witness(room);
    await until("a reason", () => linkStats(room).lastChannelError?.match(error));
    await room.leave();
  }
  await server.stop();
});
