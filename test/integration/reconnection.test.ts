import { CloseCode, Protocol, type Room as SdkRoom } from "@colyseus/sdk";
import { linkStats as serverLinkStats } from "colyseus-fec";
import { FecClient, linkStats } from "colyseus-fec/client";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { Link } from "../../plugin/core/link.js";
import { protocolCodeOf } from "../../plugin/session/protocol-code.js";
import { once, serverClient, serverRoom, startServer, until, untilUdp, type TestServer } from "./harness.js";
import { SyncRoom, textOf, Witness } from "./sync-room.js";

let server: TestServer;

beforeEach(async () => {
  server = await startServer({ sync: SyncRoom });
});

afterEach(() => server.stop());

/** Joins with the waits of reconnection cut down; seconds otherwise. */
async function join(): Promise<SdkRoom> {
  const room = await new FecClient(server.url).joinOrCreate("sync");
  Object.assign(room.reconnection, { minUptime: 0, minDelay: 1, delay: 1 });
  return room;
}

/** Tears the TCP connection down without a close frame, from the server's end: not every client's socket can. */
function tearDown(room: SdkRoom): void {
  (serverClient(room).ref as unknown as { terminate(): void }).terminate();
}

/** Drops the connection, waits for the new one, and checks that play goes on. */
async function dropAndPlay(room: SdkRoom, drop: () => void): Promise<void> {
  const before = serverClient(room);
  const reconnected = once(room.onReconnect);
  drop();
  await reconnected;
  const host = serverRoom<SyncRoom>(room);
  host.received.set(room.sessionId, []);
  // The full state comes right after: the first tick seen is the server's own.
  const witness = new Witness(room);
  await until("a state", () => witness.ticks.length > 0);
  expect(textOf(room.state)).toBe(host.history[room.state.tick]);
  await untilUdp(room);
  await witness.play(20);
  await witness.check();
  expect(serverClient(room)).not.toBe(before);
  expect(host.clients.length).toBe(1);
}

test("contract 17: after the socket is torn down, the client reconnects with the state, and the datagram path opens again", async () => {
  const room = await join();
  new Witness(room);
  await untilUdp(room);
  await dropAndPlay(room, () => tearDown(room));
  expect(serverRoom<SyncRoom>(room).closeCodes).toEqual([CloseCode.ABNORMAL_CLOSURE]);
  await room.leave();
});

test("after a reconnection linkStats of the previous client, which a game may have kept, is that of the new connection", async () => {
  const room = await join();
  new Witness(room);
  await untilUdp(room);
  const previous = serverClient(room);
  await dropAndPlay(room, () => tearDown(room));
  const [kept, present] = [serverLinkStats(previous), serverLinkStats(serverClient(room))];
  expect(present.sentBytesPerSecond).toBeGreaterThan(0);
  expect(kept.sentBytesPerSecond / present.sentBytesPerSecond).toBeCloseTo(1, 1);
  expect(kept.counters).toEqual(present.counters);
  await room.leave();
});

test("contract 18: close(4010) fires onclose at once, and the client reconnects", async () => {
  const room = await join();
  new Witness(room);
  await untilUdp(room);
  await dropAndPlay(room, () => {
    const codes: number[] = [];
    room.onDrop((code) => codes.push(code));
    room.connection.close(CloseCode.MAY_TRY_RECONNECT);
    expect(codes).toEqual([CloseCode.MAY_TRY_RECONNECT]);
  });
  await room.leave();
});

test("messages sent before close(4010) arrive, though they only rode datagrams", async () => {
  const room = await join();
  const witness = new Witness(room);
  await untilUdp(room);
  const reconnected = once(room.onReconnect);
  witness.send(50);
  room.connection.close(CloseCode.MAY_TRY_RECONNECT);
  await reconnected;
  expect(serverRoom<SyncRoom>(room).received.get(room.sessionId)).toEqual(Array.from({ length: 50 }, (_, i) => i));
  await room.leave();
});

test("contract 11: reconnecting leaves no listener, no session and no datagram channel behind", async () => {
  const room = await join();
  new Witness(room);
  await untilUdp(room);
  const first = serverClient(room);
  const firstRef = first.ref;
  for (let i = 0; i < 3; i++) await dropAndPlay(room, () => tearDown(room));
  expect(server.transport.udpStats!.sessions).toBe(1);
  expect(firstRef.listenerCount("message") + firstRef.listenerCount("close")).toBe(1); // core's own onMessage, never called again
  expect(first.ref).not.toBe(firstRef);
  expect(serverClient(room).ref.listenerCount("close")).toBeLessThanOrEqual(2);
  expect(linkStats(room).path).toBe("udp");
  await room.leave();
  await until("no channel", () => server.transport.udpStats!.sessions === 0);
});

test("contract 11: a stale connection is taken over, and its socket and channel are closed", async () => {
  const room = await join();
  new Witness(room);
  await untilUdp(room);
  const stale = serverClient(room);
  const staleRef = stale.ref as unknown as { readyState: number };
  room.reconnection.enabled = false;
  const left = once(room.onLeave);
  const again = await new FecClient(server.url).reconnect(room.reconnectionToken);
  const witness = new Witness(again);
  await untilUdp(again);
  expect((await left)[0]).toBe(CloseCode.WITH_ERROR);
  await until("the stale socket is closed", () => staleRef.readyState === 3);
  expect(server.transport.udpStats!.sessions).toBe(1);
  expect(stale.ref).toBe(serverClient(again).ref);
  await witness.play(10);
  await witness.check();
  await again.leave();
});

test("contract 11: a client that changed networks is back at once, though its old connection still looks open", async () => {
  const room = await join();
  new Witness(room);
  await untilUdp(room);
  // The server does not hear that this socket ends; without more, only missed pings (6 s and more) would tell.
  (serverClient(room).ref as unknown as { webSocket: { pause(): void } }).webSocket.pause();
  const startMs = performance.now();
  await dropAndPlay(room, () => room.connection.close(CloseCode.MAY_TRY_RECONNECT));
  expect(performance.now() - startMs).toBeLessThan(4000);
  await room.leave();
});

test("a link that breaks costs the connection, not the process or the session", async () => {
  const room = await join();
  new Witness(room);
  await untilUdp(room);
  await dropAndPlay(room, () => {
    const { send } = Link.prototype;
    const spy = vi.spyOn(Link.prototype, "send").mockImplementation(function (this: Link, message) {
      // The server's link is the one that sends patches.
      if (protocolCodeOf(message) !== Protocol.ROOM_STATE_PATCH) return send.call(this, message);
      spy.mockRestore();
      throw new Error("injected");
    });
  });
  expect(server.log.find(({ text }) => text.includes("a link broke: injected"))?.level).toBe("error");
  await room.leave();
});

test("contract 17: every failed attempt fires onclose once with 1006, so the retries go on until they are used up", async () => {
  const room = await join();
  new Witness(room);
  const codes: number[] = [];
  room.reconnection.maxRetries = 3;
  room.onDrop((code) => codes.push(code));
  const left = once(room.onLeave);
  // Nobody listens where it reconnects to.
  room.connection.url = room.connection.url!.replace(/:\d+\//, ":1/");
  tearDown(room);
  expect((await left)[0]).toBe(CloseCode.FAILED_TO_RECONNECT);
  expect(codes).toEqual([1006, 1006, 1006, 1006]);
});
