import { EventEmitter } from "node:events";
import { createServer, Server as HttpServer } from "node:http";
import { ClientState, Room, Server, Transport, type AuthContext, type Client } from "@colyseus/core";
import { ColyseusSDK, type Room as SdkRoom } from "@colyseus/sdk";
import { FecTransport, linkStats as serverLinkStats, type FecTransportOptions } from "colyseus-fec";
import { FecClient, linkControl, linkStats } from "colyseus-fec/client";
import { afterEach, expect, test } from "vitest";
import { WebSocket } from "ws";
import { once, serverClient, serverRoom, startServer, until, untilUdp, type TestServer } from "./harness.js";
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
  return { room, witness, client: serverClient(room) as unknown as Client };
}

interface RawConnection {
  readonly socket: WebSocket;
  readonly records: Buffer[];
  readonly closed: Promise<{ code: number; reason: string }>;
}

/** A WebSocket without an SDK, to the address that `query` completes. */
function connect(path: string): RawConnection {
  const socket = new WebSocket(`${server.url}${path}`);
  const records: Buffer[] = [];
  socket.on("message", (data: Buffer) => records.push(data));
  socket.on("error", () => {});
  const closed = new Promise<{ code: number; reason: string }>((resolve) =>
    socket.once("close", (code, reason) => resolve({ code, reason: reason.toString() })));
  return { socket, records, closed };
}

async function reserve(room = "sync", options = {}): Promise<string> {
  const sdk = new ColyseusSDK(server.url);
  const { data } = await (sdk.http as unknown as { post(path: string, init: object): Promise<{ data: Record<string, string> }> })
    .post(`/matchmake/joinOrCreate/${room}`, { body: options });
  return `/${data.processId}/${data.roomId}?sessionId=${data.sessionId}`;
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
    transport, greet: false, gracefullyShutdown: false,
    express: (express) => void express.get("/hello", (_request: unknown, response: { send(text: string): void }) => response.send("hello")),
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
  const { room, client } = await joinByUdp();
  type Raw = (data: Uint8Array, options: undefined, callback: (error?: Error) => void) => void;
  const ran = (method: "raw" | "rawUnreliable") =>
    new Promise<Error | undefined>((resolve) => (client[method] as Raw).call(client, Uint8Array.of(18), undefined, resolve));
  expect(await ran("raw")).toBeUndefined();
  expect(await ran("rawUnreliable")).toBeUndefined();
  client.leave(4000);
  expect((await ran("raw"))?.message).toContain("not open");
  await room.onLeave;
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
  const seats: [path: string, code: number, text: string][] = [
    ["/p/nothere?sessionId=nobody", 4002, "seat reservation expired"],
    [await reserve("strict", { refuse: true }), 4002, "onAuth failed"],
    [await reserve("strict", { crash: true }), 4002, "onJoin failed"],
    [`${await reserve("strict")}x&reconnectionToken=bad`, 4003, "seat reservation expired"],
  ];
  for (const [path, code, text] of seats) {
    const { records, closed } = connect(`${path}&fec=1&channels=udp`);
    expect((await closed).code).toBe(code);
    expect(records[0]!.toString("utf8", 1)).toContain('"t":"hello"');
    expect(records[1]!.subarray(0, 7)).toEqual(Buffer.of(0x1e, 3, 0, 0, 0, 0, 11)); // SYMBOL 0, whole, code ERROR
    expect(records[1]!.toString()).toContain(text);
    expect(records).toHaveLength(2); // and no offer
  }
  expect(server.transport.udpStats!.sessions).toBe(0);
  await expect(new FecClient(server.url).create("strict", { crash: true })).rejects.toThrow("onJoin failed");
});

test("contract 9: a connection without session and room echoes pings, and is closed after a second of silence", async () => {
  await start();
  expect(await new FecClient(server.url).getLatency({ pingCount: 2 })).toBeLessThan(500);
  const startMs = performance.now();
  const { records, closed } = connect("/?fec=1");
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
  const plain = connect(await reserve());
  await until("open", () => plain.socket.readyState === WebSocket.OPEN);
  plain.socket.send(new Uint8Array(2001));
  expect((await plain.closed).code).toBe(1009);
});

test("contract 10: a client that answers no pings is terminated", async () => {
  await start({ pingInterval: 50, pingMaxRetries: 2 });
  const { socket, closed } = connect(`${await reserve()}&fec=1`);
  socket.once("open", () => socket.pause());
  await until("joined", () => server.log !== undefined && socket.readyState === WebSocket.OPEN);
  setTimeout(() => socket.resume(), 1000);
  expect((await closed).code).toBe(1006);
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
  const { closed } = connect(`${await reserve()}&refuse=1&fec=1`);
  expect((await closed).code).toBe(1006);
  const client = new FecClient(server.url, { headers: { "x-forwarded-for": "203.0.113.7" } });
  client.auth.token = "a-token";
  const room = await client.create("strict");
  expect(asked).toEqual(["1 127.0.0.1", "1 203.0.113.7"]);
  expect(StrictRoom.contexts.at(-1)).toMatchObject({ token: "a-token", ip: "203.0.113.7" });
  await room.leave();
});

test("contract 13: no frame is delivered before ROOM_STATE, whatever the datagrams do", async () => {
  await start();
  const room = await new FecClient(server.url).joinOrCreate("sync");
  const codes: number[] = [];
  const { events } = room.connection;
  const onmessage = events.onmessage!;
  events.onmessage = (event: { data: ArrayBuffer }) => {
    codes.push(new Uint8Array(event.data)[0]!);
    onmessage(event);
  };
  // A frame for an entity that does not exist would warn; this one is empty and only has to keep its place.
  (serverClient(room) as unknown as { rawUnreliable(data: Uint8Array): void }).rawUnreliable(Uint8Array.of(0x4f, 9, 9));
  await until("the frame", () => codes.includes(0x4f));
  expect(codes.indexOf(14)).toBeGreaterThanOrEqual(0);
  expect(codes.indexOf(14)).toBeLessThan(codes.indexOf(0x4f));
  await room.leave();
});

test("contract 17: isOpen is live, url and ws are there, and replaced handlers are called", async () => {
  await start();
  const { room } = await joinByUdp();
  const transport = room.connection.transport as unknown as { isOpen: boolean; url: string; ws: WebSocket; events: Record<string, unknown> };
  expect(transport.isOpen && room.connection.isOpen).toBe(true);
  expect(transport.url).toContain(room.sessionId);
  expect(transport.ws.readyState).toBe(1);
  expect(transport.events).toBe(room.connection.events);
  let replaced = 0;
  const { onclose } = room.connection.events;
  room.connection.events.onclose = (event: unknown) => {
    replaced++;
    onclose!(event);
  };
  await room.leave();
  expect(replaced).toBe(1);
  expect(transport.isOpen).toBe(false);
  expect(() => room.connection.send(Uint8Array.of(18))).not.toThrow();
});

test("contract 20: what the client sent before close and leave arrives, though datagrams no longer do", async () => {
  await start();
  for (const consented of [true, false]) {
    const { room } = await joinByUdp({});
    const host = serverRoom<SyncRoom>(room);
    const gone = once(consented ? room.onLeave : room.onDrop);
    room.reconnection.enabled = false;
    linkControl(room)!.blackout(true);
    for (let i = 0; i < 100; i++) room.send("number", i);
    await room.leave(consented);
    await until("all 100", () => host.received.get(room.sessionId)?.length === 100);
    expect((await gone)[0]).toBe(consented ? 4000 : 1005);
  }
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

test("a peer that breaks the protocol is closed, and nobody else notices", async () => {
  await start();
  const { room, witness } = await joinByUdp();
  const violations: [record: Uint8Array | string, code: number][] = [
    [Uint8Array.of(), 1002],
    [Uint8Array.of(0x0d, 1, 2), 1002],
    [Uint8Array.of(0x1e, 0xff, 0, 0, 0, 0), 1002],
    [Uint8Array.of(0x1e, 3, 0, 9, 0, 0), 1002],
    [Uint8Array.of(0x1f, 0x7b), 1002],
    ["text", 1002],
    [Buffer.concat([Buffer.of(0x1f), Buffer.alloc(4096, " ")]), 1009],
  ];
  for (const [record, code] of violations) {
    const { socket, closed } = connect(`${await reserve()}&fec=1&channels=udp`);
    socket.once("open", () => socket.send(record));
    expect((await closed).code, String(record)).toBe(code);
  }
  await witness.play(10);
  await witness.check();
  await room.leave();
});

test("unknown control records are ignored, and asking for offers in a loop gets no more than one", async () => {
  await start();
  const { socket, records } = connect(`${await reserve()}&fec=1&channels=udp`);
  const offers = () => records.filter((record) => record[0] === 0x1f && record.includes('"udp"')).length;
  await until("an offer", () => offers() === 1);
  socket.send(Buffer.concat([Buffer.of(0x1f), Buffer.from('{"t":"later","x":1}')]));
  for (let i = 0; i < 20; i++) socket.send(Buffer.concat([Buffer.of(0x1f), Buffer.from('{"t":"close"}')]));
  await until("the channel is closed", () => server.transport.udpStats!.sessions === 0);
  expect(offers()).toBe(1);
  expect(socket.readyState).toBe(WebSocket.OPEN);
  socket.terminate();
});

test("garbage on the UDP port changes nothing but a counter", async () => {
  await start();
  const { room, witness } = await joinByUdp();
  const { createSocket } = await import("node:dgram");
  const stranger = createSocket("udp4");
  let answers = 0;
  stranger.on("message", () => answers++);
  for (let i = 0; i < 500; i++) stranger.send(Buffer.alloc(1 + ((i * 37) % 1300), i), server.transport.udpStats!.port, "127.0.0.1");
  await until("all of it was seen", () => {
    const { malformed, unknownConnection } = server.transport.udpStats!;
    return malformed + unknownConnection >= 450;
  });
  await witness.play(20);
  await witness.check();
  expect(answers).toBe(0);
  expect(linkStats(room).path).toBe("udp");
  expect(serverLinkStats(serverClient(room)).counters.datagramsMalformed).toBe(0);
  stranger.close();
  await room.leave();
});
