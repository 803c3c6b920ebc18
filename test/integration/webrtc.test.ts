/** FecClient over WebRTC in Node, through a real server: joining, loss, blocked ports, reconnection, shutdown, wrong options. */

import { createSocket } from "node:dgram";
import { Server } from "@colyseus/core";
import { FecTransport, linkStats as serverLinkStats } from "colyseus-fec";
import { FecClient, linkControl, linkStats, type FecClientOptions } from "colyseus-fec/client";
import { afterEach, describe, expect, test } from "vitest";
import {
  isUdpPortFree,
  once,
  serverClient,
  silentUdpSocket,
  startServer,
  until,
  untilPath,
  type TestServer,
} from "./harness.js";
import { connect, reserve } from "./raw-connection.js";
import { SyncRoom, Witness } from "./sync-room.js";

let server: TestServer | undefined;

afterEach(async () => {
  await server?.stop();
  server = undefined;
});

async function start(webrtc: object = {}): Promise<TestServer> {
  server = await startServer({ sync: SyncRoom }, { webrtc });
  return server;
}

/** docs: the HTTP port's number plus 1000. */
const defaultPort = (httpPort: number) => (httpPort > 64_535 ? httpPort - 1000 : httpPort + 1000);

async function join(options: FecClientOptions = {}) {
  const room = await new FecClient(server!.url, { channels: ["webrtc"], ...options }).joinOrCreate("sync");
  return { room, witness: new Witness(room) };
}

describe("a client that wants WebRTC", () => {
  test("joins, and both sides send by it on the HTTP port's number plus 1000", async () => {
    await start();
    const { room, witness } = await join();
    await untilPath(room, "webrtc");
    await witness.play(40);
    await witness.check();
    expect(server!.transport.webrtcStats).toMatchObject({
      ports: [defaultPort(server!.port)],
      sessions: 1,
      created: 1,
      opened: 1,
      unopened: 0,
    });
    expect(linkStats(room).symbols.received).toBeGreaterThan(20);
    expect(serverLinkStats(serverClient(room)).symbols.received).toBeGreaterThan(20);
    await room.leave();
    await until("no connection is left", () => server!.transport.webrtcStats!.sessions === 0);
  });

  const networks: [string, FecClientOptions["netem"]][] = [
    ["5 % loss", { loss: 0.05, delayMs: 20 }],
    ["20 % loss with reordering and copies", { loss: 0.2, delayMs: 20, jitterMs: 15, reorder: true, duplicate: 0.1 }],
  ];
  test.each(networks)("at %s sees every tick's state, and every message once and in order", async (_name, netem) => {
    await start();
    const { room, witness } = await join({ netem });
    await untilPath(room, "webrtc", 20_000);
    await witness.play(150);
    await witness.check();
    const { symbols } = linkStats(room);
    expect(symbols.recovered + symbols.retransmitted + symbols.carried).toBeGreaterThan(0);
    await room.leave();
  });

  test("plays over WebSocket where the port is blocked", async () => {
    const silent = await silentUdpSocket();
    await start({ port: 0, publicAddress: `127.0.0.1:${silent.port}` });
    const asked = new Promise((resolve) => silent.socket.once("message", resolve));
    const { room, witness } = await join();
    await asked;
    await witness.play(40);
    await witness.check();
    expect([linkStats(room).path, serverLinkStats(serverClient(room)).path]).toEqual(["websocket", "websocket"]);
    await room.leave();
    silent.socket.close();
    await until("no connection is left", () => server!.transport.webrtcStats!.sessions === 0);
  });

  test("goes on over WebSocket when the path falls silent, and comes back to it", async () => {
    await start();
    const { room, witness } = await join({ netem: {} });
    await untilPath(room, "webrtc");
    linkControl(room)!.blackout(true);
    await untilPath(room, "websocket");
    await witness.play(80);
    linkControl(room)!.blackout(false);
    await untilPath(room, "webrtc");
    await witness.play(20);
    await witness.check();
    await room.leave();
  });

  test("takes the first kind of its list that the server has", async () => {
    await start();
    const both = await join({ channels: ["webrtc", "udp"] });
    await untilPath(both.room, "webrtc");
    const udpFirst = await join({ channels: ["udp", "webrtc"] });
    await untilPath(udpFirst.room, "udp");
    expect(server!.transport.webrtcStats!.created).toBe(1);
    await Promise.all([both.room.leave(), udpFirst.room.leave()]);
    await server!.stop();
    server = await startServer({ sync: SyncRoom }, { udp: false, webrtc: {} });
    const only = await join({ channels: ["udp", "webrtc"] });
    await untilPath(only.room, "webrtc");
    await only.room.leave();
  });

  test("falls back to UDP when WebRTC does not open", async () => {
    const silent = await silentUdpSocket();
    await start({ publicAddress: `127.0.0.1:${silent.port}` });
    const { room, witness } = await join({ channels: ["webrtc", "udp"] });
    await untilPath(room, "udp", 25_000);
    await witness.play(10);
    await witness.check();
    await room.leave();
    silent.socket.close();
  });

  test("reconnects, and leaves no connection behind", async () => {
    await start();
    const { room } = await join();
    Object.assign(room.reconnection, { minUptime: 0, minDelay: 1, delay: 1 });
    await untilPath(room, "webrtc");
    for (let i = 0; i < 2; i++) {
      const reconnected = once(room.onReconnect);
      (serverClient(room).ref as unknown as { terminate(): void }).terminate();
      await reconnected;
      await untilPath(room, "webrtc");
    }
    expect(server!.transport.webrtcStats).toMatchObject({ sessions: 1, created: 3, opened: 3 });
    await room.leave();
    await until("no connection is left", () => server!.transport.webrtcStats!.sessions === 0);
  });
});

describe("a server with WebRTC", () => {
  test("frees its port on shutdown, and can bind it again", async () => {
    const running = await start();
    const { room } = await join();
    await untilPath(room, "webrtc");
    const port = defaultPort(running.port);
    expect(await isUdpPortFree(port)).toBe(false);
    await running.stop();
    await until("the port is free", () => isUdpPortFree(port));
    await start({ port });
    const again = await join();
    await untilPath(again.room, "webrtc");
    await again.room.leave();
  });

  // Fixed ports lie below the range from which the system gives ports away.
  test("does not take a port of processes that count their HTTP ports up, at the top of the range either", async () => {
    const transports: FecTransport[] = [];
    for (const port of [21_121, 21_122, 21_123, 65_301]) {
      const transport = new FecTransport();
      transports.push(transport);
      await new Promise<void>((resolve, reject) =>
        transport.listen(port, "127.0.0.1", undefined, (error) => (error ? reject(error) : resolve())),
      );
    }
    expect(transports.map(({ udpStats, webrtcStats }) => [udpStats?.port, webrtcStats?.ports])).toEqual([
      [21_121, [22_121]],
      [21_122, [22_122]],
      [21_123, [22_123]],
      [65_301, [64_301]],
    ]);
    for (const transport of transports) transport.shutdown();
    await until("the last port is free", () => isUdpPortFree(64_301));
  });

  test("spreads clients over a range of ports, and leaves out those that are taken", async () => {
    const taken = createSocket("udp4");
    await new Promise<void>((resolve) => taken.bind(21_101, "127.0.0.1", resolve));
    await start({ portRange: [21_100, 21_102] });
    expect(server!.transport.webrtcStats!.ports).toEqual([21_100, 21_102]);
    const joined = await Promise.all([join(), join(), join()]);
    await Promise.all(joined.map(({ room }) => untilPath(room, "webrtc")));
    await Promise.all(joined.map(({ room }) => room.leave()));
    taken.close();
  });

  test("whose default port is taken warns, and clients play over WebSocket", async () => {
    const taken = await silentUdpSocket(22_110);
    server = await startServer({ sync: SyncRoom }, { webrtc: { publicAddress: "127.0.0.1" } }, 21_110);
    expect(server.log.find(({ level }) => level === "warn")?.text).toBe(
      `colyseus-fec: no WebRTC for browsers (bind EADDRINUSE 127.0.0.1:${taken.port}; "webrtc.port" sets another one). Sessions stay on WebSocket.`,
    );
    expect(server.transport.webrtcStats).toBeUndefined();
    const { room, witness } = await join();
    await witness.play(5);
    expect(linkStats(room).path).toBe("websocket");
    await room.leave();
    taken.socket.close();
  });

  test("whose port was asked for and is taken fails to listen", async () => {
    const taken = await silentUdpSocket();
    const transport = new FecTransport({ webrtc: { port: taken.port } });
    const failing = new Server({ transport, greet: false, gracefullyShutdown: false });
    await expect(failing.listen(0, "127.0.0.1")).rejects.toThrow("EADDRINUSE");
    expect(transport.server!.listening).toBe(false);
    taken.socket.close();
    await failing.gracefullyShutdown(false);
  });
});

describe("hostile signalling", () => {
  const peer = { ufrag: "abcd", pwd: "0123456789abcdefghijkl", fingerprint: `${"A".repeat(43)}=` };
  const record = (fields: object) =>
    Buffer.concat([Buffer.of(0x1f), Buffer.from(JSON.stringify({ t: "webrtc", ...fields }))]);
  const answers = (records: readonly Buffer[]) =>
    records.filter((bytes) => bytes[0] === 0x1f && bytes.includes('"webrtc","ufrag"')).length;

  async function admitted() {
    const connection = connect(server!, `${await reserve(server!)}&fec=1&channels=webrtc`);
    await until("the join", () => connection.records.length > 1);
    return connection;
  }

  const malformed: [string, object][] = [
    ["no fields", {}],
    ["a line break, which would be a line of SDP", { ...peer, ufrag: "abcd\r\na=x" }],
    ["a space in the password", { ...peer, pwd: "0123456789abcdefghijk l" }],
    ["a short password", { ...peer, pwd: "short" }],
    ["a long user name", { ...peer, ufrag: "a".repeat(33) }],
    ["a fingerprint of another length", { ...peer, fingerprint: "AAAA" }],
    ["numbers in place of text", { ufrag: 1, pwd: 2, fingerprint: 3 }],
    ["an answer's port without a host", { ...peer, port: 5 }],
  ];
  test.each(malformed)("a request with %s ends its session, and makes no connection", async (_name, fields) => {
    await start({ port: 0 });
    const { socket, closed } = await admitted();
    socket.send(record(fields));
    expect((await closed).code).toBe(1002);
    expect(server!.transport.webrtcStats!.created).toBe(0);
  });

  test("a whole SDP ends its session: it is longer than any record of a client may be", async () => {
    await start({ port: 0 });
    const { socket, closed } = await admitted();
    socket.send(record({ sdp: "v=0\r\n".repeat(60) }));
    expect((await closed).code).toBe(1009);
  });

  test("requests in a row get one connection, and a flood ends the session", async () => {
    await start({ port: 0 });
    const { socket, records, closed } = await admitted();
    for (let i = 0; i < 20; i++) socket.send(record(peer));
    await until("an answer", () => answers(records) > 0);
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(answers(records)).toBe(1);
    expect(server!.transport.webrtcStats!.created).toBe(1);
    expect(server!.transport.webrtcStats!.sessions).toBeLessThanOrEqual(1);
    for (let i = 0; i < 100; i++) socket.send(record(peer));
    expect((await closed).code).toBe(1008);
    await until("no connection is left", () => server!.transport.webrtcStats!.sessions === 0);
  });

  test("a request before the join builds nothing, and one that never asked for the kind gets no answer", async () => {
    await start({ port: 0 });
    const connection = connect(server!, `${await reserve(server!)}&fec=1&channels=udp`);
    connection.socket.once("open", () => connection.socket.send(record(peer)));
    await until("the join", () => connection.records.length > 1);
    connection.socket.send(record(peer));
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(server!.transport.webrtcStats!.created).toBe(0);
    const early = connect(server!, `${await reserve(server!)}&fec=1&channels=webrtc`);
    early.socket.once("open", () => {
      expect(server!.transport.webrtcStats!.created).toBe(0);
      for (let i = 0; i < 5; i++) early.socket.send(record(peer));
    });
    await until("an answer", () => answers(early.records) === 1);
    expect(server!.transport.webrtcStats!.created).toBe(1);
    connection.socket.terminate();
    early.socket.terminate();
    await until("no connection is left", () => server!.transport.webrtcStats!.sessions === 0);
  });

  test("garbage on the port, STUN by strangers included, changes nothing for those who play", async () => {
    await start({ port: 0 });
    const { room, witness } = await join();
    await untilPath(room, "webrtc");
    const stranger = createSocket("udp4");
    const binding = Buffer.alloc(28);
    binding.writeUInt32BE(0x0001_0008, 0); // a STUN binding request for user name "ab:cd"
    binding.writeUInt32BE(0x2112_a442, 4);
    binding.write("\u0000\u0006\u0000\u0004ab:c", 20);
    for (let i = 0; i < 300; i++)
      stranger.send(
        i % 3 === 0 ? binding : Buffer.alloc(1 + ((i * 37) % 1300), i),
        server!.transport.webrtcStats!.ports[0],
        "127.0.0.1",
      );
    await witness.play(40);
    await witness.check();
    expect(linkStats(room).path).toBe("webrtc");
    stranger.close();
    await room.leave();
  });
});
