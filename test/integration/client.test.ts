import { CloseCode } from "@colyseus/sdk";
import { Connection } from "@colyseus/sdk/Connection";
import type { WebSocketTransport as SdkWebSocketTransport } from "@colyseus/sdk/transport/WebSocketTransport";
import { FecClient, linkControl } from "colyseus-fec/client";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { WebSocketServer, type WebSocket } from "ws";
import { FecClientTransport } from "../../plugin/client/fec-client-transport.js";
import { resolveClientOptions } from "../../plugin/client/options.js";
import { once, serverClient, serverRoom, startServer, until, untilUdp, type TestServer } from "./harness.js";
import { SyncRoom, Witness } from "./sync-room.js";

let server: TestServer;

beforeEach(async () => {
  server = await startServer({ sync: SyncRoom });
});

afterEach(() => server.stop());

async function joinByUdp(netem?: object) {
  const room = await new FecClient(server.url, { netem }).joinOrCreate("sync");
  const witness = new Witness(room);
  await untilUdp(room);
  return { room, witness };
}

test("contract 13: no frame is delivered before ROOM_STATE, whatever the datagrams do", async () => {
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
  const { room } = await joinByUdp();
  const transport = room.connection.transport as unknown as {
    isOpen: boolean;
    url: string;
    ws: WebSocket;
    events: Record<string, unknown>;
  };
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

/** A server that says one thing first, and records what it hears. */
async function speaker(first: Uint8Array): Promise<{ url: string; heard: Buffer[]; urls: string[]; close(): void }> {
  const host = new WebSocketServer({ port: 0, host: "127.0.0.1" });
  const heard: Buffer[] = [];
  const urls: string[] = [];
  host.on("connection", (socket, request) => {
    urls.push(request.url!);
    socket.on("message", (data: Buffer) => heard.push(data));
    // Late, so that the client's first messages are sent before it.
    setTimeout(() => socket.send(first), 50);
  });
  await new Promise((resolve) => host.once("listening", resolve));
  const { port } = host.address() as { port: number };
  return { url: `ws://127.0.0.1:${port}/p/r?sessionId=s`, heard, urls, close: () => host.close() };
}

function openTransport(url: string): { connection: Connection; opened: Promise<unknown>; messages: Buffer[] } {
  const connection = new Connection();
  const inner = connection.transport as SdkWebSocketTransport;
  connection.transport = new FecClientTransport(inner, resolveClientOptions({}, {}));
  const messages: Buffer[] = [];
  connection.events.onmessage = ({ data }: { data: ArrayBuffer }) => messages.push(Buffer.from(data));
  const opened = new Promise((resolve) => (connection.events.onopen = resolve));
  connection.connect(url);
  return { connection, opened, messages };
}

test("what is sent before the server's first message is held, and then sent as the server speaks", async () => {
  const plain = await speaker(Uint8Array.of(10, 1, 2));
  const fec = await speaker(Buffer.concat([Buffer.of(0x1f), Buffer.from('{"t":"hello","v":1,"fragment":58}')]));
  const [onPlain, onFec] = [openTransport(plain.url), openTransport(fec.url)];
  for (const { connection, opened } of [onPlain, onFec]) {
    await opened;
    const reused = new Uint8Array(60).fill(1);
    reused[0] = 13;
    connection.send(reused);
    reused.fill(0);
    connection.sendUnreliable(Uint8Array.of(20));
  }
  await until("both flushed", () => plain.heard.length === 2 && fec.heard.length === 3);
  const ones = (count: number) => Array<number>(count).fill(1);
  expect(plain.heard).toEqual([Buffer.of(13, ...ones(59)), Buffer.of(20)]);
  expect(onPlain.messages).toEqual([Buffer.of(10, 1, 2)]);
  expect(fec.heard).toEqual([
    Buffer.of(0x1e, 1, 0, 0, 0, 0, 13, ...ones(57)),
    Buffer.of(0x1e, 2, 1, 0, 0, 0, 1, 1),
    Buffer.of(0x1d, 2, 0, 0, 0, 20),
  ]);
  expect(onFec.messages).toEqual([]);
  expect(fec.urls).toEqual(["/p/r?sessionId=s&fec=1&channels="]);
  onPlain.connection.close();
  onFec.connection.close();
  plain.close();
  fec.close();
});

test("what is held is bounded: beyond, the connection is given up; sending before the socket is open throws as the SDK's transport does", async () => {
  const host = await speaker(Uint8Array.of(10));
  const { connection, opened } = openTransport(host.url);
  expect(() => connection.send(Uint8Array.of(18))).toThrow(/CONNECTING|before connected/); // `ws`, and the global WebSocket of Node 22
  await opened;
  for (let i = 0; i < 1000; i++) connection.send(Uint8Array.of(18, i));
  await until("all that was taken", () => host.heard.length === 1000);
  connection.close();

  const second = openTransport(host.url);
  const warn = vi.spyOn(console, "warn").mockImplementation(() => {});
  const codes: number[] = [];
  second.connection.events.onclose = ({ code }: { code: number }) => codes.push(code);
  await second.opened;
  for (let i = 0; i < 17; i++) second.connection.send(new Uint8Array(1024 * 1024));
  expect(codes).toEqual([CloseCode.MAY_TRY_RECONNECT]);
  expect(warn).toHaveBeenCalledTimes(1);
  warn.mockRestore();
  host.close();
});

test("a server of another version, and one that breaks the protocol, are left with 4002", async () => {
  const hello = '{"t":"hello","v":1,"fragment":100}';
  const records: Uint8Array[][] = [
    [Buffer.from('\x1f{"t":"hello","v":2,"fragment":100}')],
    [Buffer.from("\x1fnonsense")],
    [Buffer.from(`\x1f${hello}`), Uint8Array.of(0x0e, 1)],
    [Buffer.from(`\x1f${hello}`), Buffer.from('\x1f{"t":"udp","port":0,"id":"00000000","secret":""}')],
  ];
  for (const list of records) {
    const host = new WebSocketServer({ port: 0, host: "127.0.0.1" });
    const code = new Promise<number>((resolve) => {
      host.on("connection", (socket: WebSocket) => {
        for (const record of list) socket.send(record, { binary: true });
        socket.once("close", resolve);
      });
    });
    await new Promise((resolve) => host.once("listening", resolve));
    const { connection } = openTransport(`ws://127.0.0.1:${(host.address() as { port: number }).port}/p/r?sessionId=s`);
    const closed = new Promise<{ code: number }>((resolve) => (connection.events.onclose = resolve));
    expect((await closed).code).toBe(4002);
    expect(await code).toBe(4002);
    host.close();
  }
});

test("live impairment needs the option netem from the start", async () => {
  const { room } = await joinByUdp();
  expect(() => linkControl(room)!.blackout(true)).toThrow('"netem" expected as an option from the start');
  expect(() => linkControl(room)!.setRepair("off")).not.toThrow();
  await room.leave();
});
