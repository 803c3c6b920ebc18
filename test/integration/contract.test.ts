import { EventEmitter } from "node:events";
import { createServer, Server as HttpServer } from "node:http";
import { ClientState, Room, Server, Transport, type AuthContext, type Client } from "@colyseus/core";
import { ColyseusSDK, type Room as SdkRoom } from "@colyseus/sdk";
import { FecTransport, type FecTransportOptions } from "colyseus-fec";
import { FecClient, linkControl } from "colyseus-fec/client";
import { afterEach, expect, test } from "vitest";
import { WebSocket } from "ws";
import { once, serverClient, serverRoom, startServer, until, untilUdp, type TestServer } from "./harness.js";
import { connect, reserve } from "./raw-connection.js";
import { SyncRoom, Witness } from "./sync-room.js";

let server: TestServer;

afterEach(() => server.stop());

class StrictRoom extends Room {
  static contexts: AuthContext[] = [];
  override onAuth(_client: Client, options: { refuse?: boolean }, context: AuthContext): boolean {
    StrictRoom.contexts.push(context);
    return options.refuse !== true;
  }

  override onJoin(_client: Client, options: { crash?: boolean }): void {
    if (options.crash) throw new Error("onJoin failed");
  }
}

async function start(options: FecTransportOptions = {}): Promise<TestServer> {
  server = await startServer({ sync: SyncRoom, strict: StrictRoom }, options);
  return server;
}

async function joinByUdp(netem?: object): Promise<{ room: SdkRoom; witness: Witness; client: Client }> {
  const room = await new FecClient(server.url, { netem }).joinOrCreate("sync");
  const witness = new Witness(room);
  await untilUdp(room);
  return { room, witness, client: serverClient(room) };
}

test("contract 1: it is a Transport with an http.Server", async () => {
  await start();
  expect(server.transport).toBeInstanceOf(Transport);
  expect(server.transport.server).toBeInstanceOf(HttpServer);
});

test("contract 2: express is synchronous and made once; matchmaking, health check and express share a port and a given server", async () => {
  const http = createServer();
  const transport = new FecTransport({ server: http });
  const app = transport.getExpressApp();
  expect(transport.getExpressApp()).toBe(app);
  const core = new Server({
    transport,
    greet: false,
    gracefullyShutdown: false,
    express: (express) =>
      void express.get("/hello", (_request: unknown, response: { send(text: string): void }) => response.send("hello")),
  });
  core.define("sync", SyncRoom);
  await core.listen(0, "127.0.0.1");
  const { port } = http.address() as { port: number };
  const text = async (path: string) => (await fetch(`http://127.0.0.1:${port}${path}`)).text();
  expect(await text("/__healthcheck")).toBe("OK");
  expect(await text("/hello")).toBe("hello");
  const room = await new FecClient(`ws://127.0.0.1:${port}`).joinOrCreate("sync");
  new Witness(room);
  await untilUdp(room);
  await room.leave();
  await core.gracefullyShutdown(false);
  await start();
});

test("contract 3: the client has the members that core and rooms use; readyState is 1 only while open", async () => {
  await start();
  const { room, client } = await joinByUdp();
  const inside = client as unknown as Record<string, unknown> & { readyState: number };
  expect(client.sessionId).toBe(room.sessionId);
  expect(inside.state).toBe(ClientState.JOINED);
  expect(room.reconnectionToken).toBe(`${room.roomId}:${client.reconnectionToken}`);
  for (const name of ["raw", "rawUnreliable", "enqueueRaw", "send", "sendBytes", "error", "leave", "close", "toJSON"]) {
    expect(typeof inside[name], name).toBe("function");
  }
  expect(JSON.parse(JSON.stringify(client))).toEqual({ sessionId: room.sessionId, readyState: 1 });
  expect(inside.readyState).toBe(1);
  client.leave(4000);
  expect(inside.readyState).toBe(2);
  await once(room.onLeave);
  await until("closed", () => inside.readyState === 3);
});

test("contract 4: ref is an EventEmitter; message carries a Buffer, close fires once with a code", async () => {
  await start();
  const { room, client } = await joinByUdp();
  expect(client.ref).toBeInstanceOf(EventEmitter);
  const messages: unknown[] = [];
  const closes: unknown[][] = [];
  client.ref.on("message", (data) => messages.push(data));
  client.ref.on("close", (...args) => closes.push(args));
  room.send("number", 0);
  await until("a message", () => messages.length === 1);
  expect(Buffer.isBuffer(messages[0])).toBe(true);
  await room.leave();
  await until("a close", () => closes.length > 0);
  (client.ref as unknown as { terminate(): void }).terminate();
  expect(closes).toHaveLength(1);
  expect(closes[0]![0]).toBe(4000);
});

test("contract 7: raw, rawUnreliable and leave on a dead client never throw, and raw's callback always runs", async () => {
  await start();
  const { client } = await joinByUdp();
  type Raw = (data: Uint8Array, options: undefined, callback: (error?: Error) => void) => void;
  const ran = (method: "raw" | "rawUnreliable") =>
    new Promise<Error | undefined>((resolve) =>
      (client[method] as Raw).call(client, Uint8Array.of(18), undefined, resolve),
    );
  expect(await ran("raw")).toBeUndefined();
  expect(await ran("rawUnreliable")).toBeUndefined();
  client.leave(4000);
  expect((await ran("raw"))?.message).toContain("not open");
  await until("closed", () => (client as unknown as { readyState: number }).readyState === 3);
  expect((await ran("raw"))?.message).toContain("not open");
  expect((await ran("rawUnreliable"))?.message).toContain("not open");
  expect(() => client.raw(Uint8Array.of(18))).not.toThrow();
  expect(() => client.leave(4000, "again")).not.toThrow();
  expect(() => client.error(1, "late")).not.toThrow();
});

test("contract 8: close codes and reasons pass through, and everything sent before the close arrives, even without UDP", async () => {
  await start();
  for (const code of [4000, 4001, 4003, 4500]) {
    const { room, client } = await joinByUdp({});
    const seen: number[] = [];
    const errors: unknown[][] = [];
    room.onMessage("last", (n: number) => seen.push(n));
    room.onError((...args) => errors.push(args));
    const left = once(room.onLeave);
    linkControl(room)!.blackout(true); // what only rides datagrams from here on is lost
    for (let i = 0; i < 300; i++) client.send("last", i);
    client.error(77, "an error");
    client.leave(code, "because");
    expect(await left).toEqual([code, "because"]);
    expect(seen).toEqual(Array.from({ length: 300 }, (_, i) => i));
    expect(errors).toEqual([[77, "an error"]]);
  }
});

test("contract 8: a failed seat, a refused or a crashed join give an ERROR frame and 4002; a bad token 4003", async () => {
  await start();
  const joins: [path: string, code: number, text: string][] = [
    [await reserve(server, "strict", { refuse: true }), 4002, "onAuth failed"],
    [await reserve(server, "strict", { crash: true }), 4002, "onJoin failed"],
  ];
  for (const [path, code, text] of joins) {
    const { records, closed } = connect(server, `${path}&fec=1&channels=udp`);
    expect((await closed).code).toBe(code);
    expect(records[0]!.toString("utf8", 1)).toContain('"t":"hello"');
    expect(records[1]!.subarray(0, 7)).toEqual(Buffer.of(0x1e, 3, 0, 0, 0, 0, 11)); // SYMBOL 0, whole, code ERROR
    expect(records[1]!.toString()).toContain(text);
    expect(records).toHaveLength(2); // and no offer
  }
  const seat = await reserve(server, "strict");
  const noSeats: [path: string, code: number][] = [
    ["/p/nothere?sessionId=nobody", 4002],
    ["/p/constructor?sessionId=nobody", 4002],
    ["/p/__proto__?sessionId=__proto__", 4002],
    [`${seat}x`, 4002],
    [`${seat}x&reconnectionToken=bad`, 4003],
  ];
  for (const [path, code] of noSeats) {
    const [ours, stock] = [connect(server, `${path}&fec=1&channels=udp`), connect(server, path)];
    const { code: got, reason } = await ours.closed;
    expect(await stock.closed, path).toEqual({ code: got, reason });
    expect(got).toBe(code);
    expect(ours.records).toEqual(stock.records); // no hello, so no link: an ERROR frame
    expect(ours.records.map(([first]) => first)).toEqual([11]);
  }
  expect(server.transport.udpStats!.sessions).toBe(0);
  await expect(new FecClient(server.url).create("strict", { crash: true })).rejects.toThrow("onJoin failed");
  // To a client, a refused seat is the same by either SDK.
  const [, processId, roomId] = seat.split(/[/?]/);
  const reservation = { name: "strict", roomId, processId, sessionId: "nobody" } as unknown as Parameters<
    FecClient["consumeSeatReservation"]
  >[0];
  const errors: unknown[] = [];
  for (const client of [new FecClient(server.url), new ColyseusSDK(server.url)]) {
    errors.push(
      await client
        .consumeSeatReservation(reservation)
        .catch((error: Error & { code: number }) => [error.code, error.message]),
    );
  }
  expect(errors[0]).toEqual(errors[1]);
  expect(JSON.stringify(errors[0])).toContain("seat reservation expired");
});

test("contract 9: a connection without session and room echoes pings, and is closed after a second of silence", async () => {
  await start();
  expect(await new FecClient(server.url).getLatency({ pingCount: 2 })).toBeLessThan(500);
  const startMs = performance.now();
  const { records, closed } = connect(server, "/?fec=1");
  expect((await closed).code).toBe(1000);
  expect(performance.now() - startMs).toBeGreaterThan(900);
  expect(records).toEqual([]);
});

test("contract 10: maxPayload closes with 1009 above it, on either path and on a plain connection, and not at it", async () => {
  await start({ maxPayload: 2000 });
  const header = 1 + 6; // protocol code, "bytes" as msgpack-free string with its length
  for (const udp of [true, false]) {
    const room = await new FecClient(server.url, udp ? {} : { channels: [] }).create("sync");
    new Witness(room);
    if (udp) await untilUdp(room);
    serverRoom(room).onMessageBytes("bytes", () => {});
    const left = once(room.onLeave);
    room.sendBytes("bytes", new Uint8Array(2000 - header));
    await room.request("echo", 1);
    room.sendBytes("bytes", new Uint8Array(2001 - header));
    expect((await left)[0]).toBe(1009);
  }
  const plain = connect(server, await reserve(server));
  await until("open", () => plain.socket.readyState === WebSocket.OPEN);
  plain.socket.send(new Uint8Array(2001));
  expect((await plain.closed).code).toBe(1009);
});

test("contract 10: a client that answers no pings is terminated", async () => {
  await start({ pingInterval: 50, pingMaxRetries: 2 });
  const { socket, closed } = connect(server, `${await reserve(server)}&fec=1`);
  socket.once("open", () => socket.pause());
  await until("joined", () => server.log !== undefined && socket.readyState === WebSocket.OPEN);
  setTimeout(() => socket.resume(), 1000);
  expect((await closed).code).toBe(1006);
});

test("contract 10: a client whose pongs TCP holds back lives as long as its datagrams come, and is terminated when they end", async () => {
  await start({ pingInterval: 50, pingMaxRetries: 2 });
  const { room, client } = await joinByUdp({});
  let gone = false;
  client.ref.once("close", () => (gone = true));
  // Whichever WebSocket the SDK takes: its answers do not come.
  (client.ref as unknown as { webSocket: EventEmitter }).webSocket.removeAllListeners("pong");
  const timer = setInterval(() => client.sendBytes("bytes", Uint8Array.of(1)), 10);
  await new Promise((resolve) => setTimeout(resolve, 1000));
  expect(gone).toBe(false);
  linkControl(room)!.blackout(true);
  await until("terminated", () => gone);
  clearInterval(timer);
});

test("contract 10: beforeUpgrade can refuse, and its context is the one that onAuth gets", async () => {
  StrictRoom.contexts.length = 0;
  const asked: string[] = [];
  await start({
    beforeUpgrade: (request, context) => {
      asked.push(`${new URL(request.url).searchParams.get("fec")} ${context.ip}`);
      return new URL(request.url).searchParams.has("refuse") ? new Response(null, { status: 403 }) : undefined;
    },
  });
  const { closed } = connect(server, `${await reserve(server)}&refuse=1&fec=1`);
  expect((await closed).code).toBe(1006);
  const client = new FecClient(server.url, { headers: { "x-forwarded-for": "203.0.113.7" } });
  client.auth.token = "a-token";
  const room = await client.create("strict");
  expect(asked).toEqual(["1 127.0.0.1", "1 203.0.113.7"]);
  expect(StrictRoom.contexts.at(-1)).toMatchObject({ token: "a-token", ip: "203.0.113.7" });
  await room.leave();
});

test("simulateLatency delays what either channel carries", async () => {
  await start();
  const { room, client } = await joinByUdp();
  const rttMs = async () => {
    const startMs = performance.now();
    await room.request("echo", 1);
    return performance.now() - startMs;
  };
  server.transport.simulateLatency(100);
  const sentMs = performance.now();
  const frames: number[] = [];
  const { events } = room.connection;
  const onmessage = events.onmessage!;
  events.onmessage = (event: { data: ArrayBuffer }) => {
    if (new Uint8Array(event.data)[0] === 0x4f) frames.push(performance.now() - sentMs);
    onmessage(event);
  };
  (client as unknown as { rawUnreliable(data: Uint8Array): void }).rawUnreliable(Uint8Array.of(0x4f, 9, 9));
  expect(await rttMs()).toBeGreaterThan(95);
  await until("the frame", () => frames.length === 1);
  expect(frames[0]).toBeGreaterThan(95);
  server.transport.simulateLatency(0);
  expect(await rttMs()).toBeLessThan(90);
  await room.leave();
});
