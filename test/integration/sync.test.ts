import { ColyseusSDK } from "@colyseus/sdk";
import { linkStats as serverLinkStats } from "colyseus-fec";
import { FecClient, linkStats } from "colyseus-fec/client";
import { afterEach, beforeEach, expect, test } from "vitest";
import { serverClient, serverRoom, startServer, untilUdp, type TestServer } from "./harness.js";
import { SyncRoom, Witness } from "./sync-room.js";

let server: TestServer;

beforeEach(async () => {
  server = await startServer({ sync: SyncRoom });
});

afterEach(() => server.stop());

test("a room's patches and messages reach a FecClient by UDP, exact at every tick", async () => {
  const room = await new FecClient(server.url).joinOrCreate("sync");
  const witness = new Witness(room);
  await untilUdp(room);
  await witness.play(40);
  await witness.check();
  const stats = linkStats(room);
  expect(stats.path).toBe("udp");
  expect(stats.symbols.received).toBeGreaterThan(40);
  expect(stats.symbols.sent).toBeGreaterThan(40);
  expect(serverLinkStats(serverClient(room)).symbols.received).toBeGreaterThan(40);
  await room.leave();
});

test("a stock SDK client plays in the same room over plain WebSocket", async () => {
  const fec = await new FecClient(server.url).joinOrCreate("sync");
  const plain = await new ColyseusSDK(server.url).join("sync");
  const witnesses = [new Witness(fec), new Witness(plain)];
  await untilUdp(fec);
  await Promise.all(witnesses.map((witness) => witness.play(30)));
  for (const witness of witnesses) await witness.check();
  expect(serverLinkStats(serverClient(plain))).toMatchObject({ path: "websocket", symbols: { sent: 0, received: 0 } });
  expect(serverClient(plain).rawUnreliable).toBeUndefined();
  await Promise.all([fec.leave(), plain.leave()]);
});

test("a FecClient plays on a server without the plugin's transport as the stock SDK does", async () => {
  const { WebSocketTransport } = await import("@colyseus/ws-transport");
  const { Server } = await import("@colyseus/core");
  await server.stop();
  const transport = new WebSocketTransport();
  const stock = new Server({ transport, greet: false, gracefullyShutdown: false });
  stock.define("sync", SyncRoom);
  await stock.listen(0, "127.0.0.1");
  const { port } = transport.server!.address() as { port: number };
  const room = await new FecClient(`ws://127.0.0.1:${port}`).joinOrCreate("sync");
  const witness = new Witness(room);
  await witness.play(20);
  await witness.check();
  expect(linkStats(room)).toMatchObject({ path: "websocket", symbols: { sent: 0, received: 0 } });
  expect(serverRoom(room).clients.length).toBe(1);
  await room.leave();
  await stock.gracefullyShutdown(false);
  server = await startServer({ sync: SyncRoom });
});
