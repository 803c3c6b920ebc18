import { linkStats as serverLinkStats } from "colyseus-fec";
import { FecClient, linkControl, linkStats } from "colyseus-fec/client";
import { afterEach, expect, test } from "vitest";
import { serverClient, silentUdpSocket, startServer, until, untilUdp, type TestServer } from "./harness.js";
import { SyncRoom, Witness } from "./sync-room.js";

let server: TestServer;

afterEach(() => server.stop());

test("where UDP is blocked, the game plays over WebSocket", async () => {
  const silent = await silentUdpSocket();
  server = await startServer({ sync: SyncRoom }, { udp: { publicAddress: `127.0.0.1:${silent.port}` } });
  const room = await new FecClient(server.url).joinOrCreate("sync");
  const witness = new Witness(room);
  const asked = new Promise((resolve) => silent.socket.once("message", resolve));
  await asked;
  await witness.play(40);
  await witness.check();
  expect(linkStats(room).path).toBe("websocket");
  expect(serverLinkStats(serverClient(room)).path).toBe("websocket");
  await room.leave();
  silent.socket.close();
});

test("a server without UDP, and a client without channels, play over WebSocket", async () => {
  server = await startServer({ sync: SyncRoom }, { udp: false });
  const rooms = [
    await new FecClient(server.url).create("sync"),
    await new FecClient(server.url, { channels: [] }).create("sync"),
  ];
  for (const room of rooms) {
    const witness = new Witness(room);
    await witness.play(10);
    await witness.check();
    expect(linkStats(room).path).toBe("websocket");
    await room.leave();
  }
  expect(server.transport.udpStats).toBeUndefined();
});

test("UDP cut for five seconds mid-game: no disconnect, nothing lost, and the path comes back", async () => {
  server = await startServer({ sync: SyncRoom });
  const room = await new FecClient(server.url, { netem: {} }).joinOrCreate("sync");
  const witness = new Witness(room);
  await untilUdp(room);
  let drops = 0;
  room.onDrop(() => drops++);
  await witness.play(20);
  linkControl(room)!.blackout(true);
  await until(
    "both sides on WebSocket",
    () => linkStats(room).path === "websocket" && serverLinkStats(serverClient(room)).path === "websocket",
  );
  await witness.play(200); // five seconds of patches
  linkControl(room)!.blackout(false);
  await untilUdp(room);
  await witness.play(20);
  await witness.check();
  expect(drops).toBe(0);
  expect(linkStats(room).counters.suspensions).toBe(1);
  await room.leave();
});

test("a channel that cannot be opened is asked for again, and the one before is freed", async () => {
  server = await startServer({ sync: SyncRoom }, { udp: { publicAddress: "no-such-host.invalid:1" } });
  const room = await new FecClient(server.url).joinOrCreate("sync");
  const witness = new Witness(room);
  let offers = 0;
  const { ws } = room.connection.transport as unknown as { ws: WebSocket };
  ws.addEventListener("message", ({ data }) => {
    const record = Buffer.from(data as ArrayBuffer);
    if (record[0] === 0x1f && record.includes('"udp"')) offers++;
  });
  await until("a new offer", () => offers > 0);
  expect(server.transport.udpStats!.sessions).toBe(1);
  await witness.check();
  await room.leave();
  await until("the channel is gone", () => server.transport.udpStats!.sessions === 0);
});

test("an impairment can be changed while the game runs", async () => {
  server = await startServer({ sync: SyncRoom }, { netem: {} });
  const room = await new FecClient(server.url, { netem: {} }).joinOrCreate("sync");
  const witness = new Witness(room);
  await untilUdp(room);
  linkControl(room)!.configure({ loss: 0.2, delayMs: 10 });
  linkControl(room)!.setRepair("off");
  await witness.play(60);
  expect(linkStats(room).lossRatio).toBeGreaterThan(0.05);
  await witness.check();
  expect(() => linkControl(room)!.configure({ loss: 2 })).toThrow('"loss" expected 0..1, got 2');
  await room.leave();
});
