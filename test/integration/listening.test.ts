import { mkdtempSync, rmSync } from "node:fs";
import { createServer, type Server as HttpServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { logger, matchMaker, Server } from "@colyseus/core";
import { FecTransport } from "colyseus-fec";
import { FecClient, linkStats } from "colyseus-fec/client";
import { afterEach, expect, test, vi } from "vitest";
import { WebSocketServer } from "ws";
import {
  isTcpPortFree,
  isUdpPortFree,
  serverClient,
  silentUdpSocket,
  startServer,
  until,
  untilPath,
  untilUdp,
  type TestServer,
} from "./harness.js";
import { WebRtcEndpoint } from "../../plugin/channels/webrtc/webrtc-server.js";
import { SyncRoom, Witness } from "./sync-room.js";

let server: TestServer | undefined;

afterEach(async () => {
  await server?.stop();
  server = undefined;
});

async function play(url: string, udp: boolean): Promise<void> {
  const room = await new FecClient(url).joinOrCreate("sync");
  const witness = new Witness(room);
  if (udp) await untilUdp(room);
  await witness.play(5);
  await witness.check();
  expect(linkStats(room).path).toBe(udp ? "udp" : "websocket");
  await room.leave();
}

/** UDP sockets of this process. */
function udpHandles(): number {
  return process.getActiveResourcesInfo().filter((name) => name.startsWith("UDP")).length;
}

test("UDP takes the number of the HTTP port by default, another one when asked, and any with 0", async () => {
  server = await startServer({ sync: SyncRoom });
  expect(server.transport.udpStats!.port).toBe(server.port);
  await play(server.url, true);
  await server.stop();
  const free = await silentUdpSocket();
  await new Promise<void>((resolve) => free.socket.close(resolve));
  server = await startServer({ sync: SyncRoom }, { udp: { port: free.port, host: "127.0.0.1" } });
  expect(server.transport.udpStats!.port).toBe(free.port);
  await play(server.url, true);
  await server.stop();
  server = await startServer({ sync: SyncRoom }, { udp: { port: 0 } });
  expect(server.transport.udpStats!.port).not.toBe(0);
  await play(server.url, true);
});

test("a default UDP port that is taken costs a warning, and the game plays over WebSocket", async () => {
  const taken = await silentUdpSocket();
  server = await startServer({ sync: SyncRoom }, {}, taken.port);
  const warning = server.log.find(({ level, text }) => level === "warn" && text.includes(`UDP port ${taken.port}`));
  expect(warning?.text).toContain("EADDRINUSE");
  expect(server.transport.udpStats).toBeUndefined();
  await play(server.url, false);
  taken.socket.close();
});

test("a UDP port that was asked for and is taken is an error of listen, and no port stays open", async () => {
  const taken = await silentUdpSocket();
  const transport = new FecTransport({ udp: { port: taken.port } });
  const failing = new Server({ transport, greet: false, gracefullyShutdown: false });
  let called: unknown;
  await expect(failing.listen(0, "127.0.0.1", undefined, (error: unknown) => (called = error))).rejects.toThrow(
    "EADDRINUSE",
  );
  expect(called).toBeInstanceOf(Error); // as core does with every error of listen
  expect(transport.server!.listening).toBe(false);
  taken.socket.close();
  await failing.gracefullyShutdown(false);
});

test("a UDP address that was asked for and is none of this machine is an error of listen, which names publicAddress", async () => {
  for (const [options, name] of [
    [{ udp: { host: "192.0.2.1" } }, "udp"],
    [{ webrtc: { host: "192.0.2.1" } }, "webrtc"],
  ] as const) {
    const transport = new FecTransport({ webrtc: false, ...options });
    const failing = new Server({ transport, greet: false, gracefullyShutdown: false });
    await expect(failing.listen(0, "127.0.0.1")).rejects.toThrow(
      new RegExp(
        `EADDRNOTAVAIL 192\\.0\\.2\\.1.*; "${name}\\.host" is an address of this machine, the one that clients use goes into "${name}\\.publicAddress"`,
      ),
    );
    await failing.gracefullyShutdown(false);
  }
});

test("a default UDP port that is taken costs a warning, also where the address was asked for", async () => {
  const taken = await silentUdpSocket();
  server = await startServer({ sync: SyncRoom }, { udp: { host: "127.0.0.1" } }, taken.port);
  expect(server.log.filter(({ level }) => level === "warn").map(({ text }) => text)).toEqual([
    `colyseus-fec: UDP port ${taken.port} cannot be bound (bind EADDRINUSE 127.0.0.1:${taken.port}; "udp.port" sets another one). Sessions stay on WebSocket.`,
  ]);
  taken.socket.close();
});

test("on a pipe, which has no number to share, the log says which ports to set; one that is set is bound", async () => {
  const folder = mkdtempSync(join(tmpdir(), "colyseus-fec-pipe-"));
  for (const [index, options] of [{ webrtc: {} }, { udp: { port: 0 }, webrtc: { port: 0 } }].entries()) {
    const lines: string[] = [];
    const warn = vi.spyOn(logger, "warn").mockImplementation((line: string) => void lines.push(line));
    const transport = new FecTransport(options);
    const core = new Server({ transport, greet: false, gracefullyShutdown: false });
    await core.listen(join(folder, `${index}.sock`));
    warn.mockRestore();
    if (index === 0) {
      expect(lines.join("\n")).toContain('no UDP: HTTP is on a pipe, set "udp.port"');
      expect(lines.join("\n")).toContain(
        'no WebRTC for browsers (HTTP is on a pipe, set "webrtc.port" and "webrtc.publicAddress")',
      );
      expect([transport.udpStats, transport.webrtcStats]).toEqual([undefined, undefined]);
    } else {
      expect(lines).toEqual([]);
      expect([transport.udpStats!.port, transport.webrtcStats!.ports[0]].every((port) => port! > 0)).toBe(true);
    }
    await core.gracefullyShutdown(false);
  }
  rmSync(folder, { recursive: true, force: true });
});

test("contract 1: listen returns the transport, and calls its listener once TCP and UDP are bound", async () => {
  const transport = new FecTransport();
  const listening = new Promise<number>((resolve) => {
    const returned = transport.listen(0, "127.0.0.1", undefined, () => resolve(transport.udpStats!.port));
    expect(returned).toBe(transport);
  });
  const port = await listening;
  expect((transport.server!.address() as AddressInfo).port).toBe(port);
  expect(await isUdpPortFree(port)).toBe(false);
  transport.shutdown();
  await until("the port is free", () => isUdpPortFree(port));
});

test("contract 12: shutdown frees both ports, ends every session, and leaks no handle", async () => {
  const running = await startServer({ sync: SyncRoom });
  const rooms = await Promise.all(Array.from({ length: 4 }, () => new FecClient(running.url).joinOrCreate("sync")));
  rooms.forEach((room) => new Witness(room));
  await Promise.all(rooms.map((room) => untilUdp(room)));
  const left = Promise.all(
    rooms.map((room) => new Promise<number>((resolve) => room.onLeave((code) => resolve(code)))),
  );
  const refs = rooms.map((room) => serverClient(room).ref as unknown as { readyState: number });
  await running.stop();
  expect(await left).toEqual([4001, 4001, 4001, 4001]);
  await until(
    "both ports are free",
    async () => (await isUdpPortFree(running.port)) && (await isTcpPortFree(running.port)),
  );
  await until("the sockets are closed", () => refs.every((ref) => ref.readyState === 3));
  await until("no UDP socket is left", () => udpHandles() === 0);
});

test("shutdown while UDP is being bound frees the port too", async () => {
  const transport = new FecTransport();
  transport.listen(0, "127.0.0.1");
  await new Promise<void>((resolve) => transport.server!.once("listening", resolve));
  const { port } = transport.server!.address() as AddressInfo;
  transport.shutdown();
  await until("the port is free", () => isUdpPortFree(port));
  expect(transport.udpStats).toBeUndefined();
});

/** Boots core for a transport whose HTTP server is someone else's. */
async function bootWithoutListen(transport: FecTransport): Promise<Server> {
  const core = new Server({ transport, greet: false, gracefullyShutdown: false });
  core.define("sync", SyncRoom);
  if (transport.server === undefined) await matchMaker.accept();
  else await core.serverless();
  return core;
}

async function listenOn(http: HttpServer): Promise<number> {
  await new Promise<void>((resolve) => http.listen(0, "127.0.0.1", resolve));
  return (http.address() as AddressInfo).port;
}

test("contract 10: a server that already listens, and one that listens later by itself, get UDP beside them", async () => {
  for (const early of [true, false]) {
    const http = createServer();
    if (early) await listenOn(http);
    const transport = new FecTransport({ server: http });
    const core = await bootWithoutListen(transport);
    const port = early ? (http.address() as AddressInfo).port : await listenOn(http);
    await until("UDP is bound", () => transport.udpStats !== undefined);
    expect(transport.udpStats!.port).toBe(port);
    await play(`ws://127.0.0.1:${port}`, true);
    await core.gracefullyShutdown(false);
    await until("UDP is free", () => isUdpPortFree(port));
  }
});

test.each([
  [300, "webrtc"],
  [Infinity, "udp"],
] as const)(
  "a client that is there before the sockets are bound is told of those that are within a second (WebRTC takes %d ms)",
  async (bindMs, path) => {
    const bind = WebRtcEndpoint.bind.bind(WebRtcEndpoint);
    let end = () => {};
    const spy = vi.spyOn(WebRtcEndpoint, "bind").mockImplementation(async (options) => {
      await new Promise<void>((resolve) => (bindMs === Infinity ? (end = resolve) : setTimeout(resolve, bindMs)));
      return bind(options);
    });
    const http = createServer();
    const port = await listenOn(http);
    const transport = new FecTransport({ server: http, webrtc: { port: 0 } });
    const core = await bootWithoutListen(transport);
    expect(transport.webrtcStats).toBeUndefined();
    const room = await new FecClient(`ws://127.0.0.1:${port}`, { channels: ["webrtc", "udp"] }).joinOrCreate("sync");
    const witness = new Witness(room);
    await untilPath(room, path);
    await witness.play(5);
    await witness.check();
    await room.leave();
    end();
    await core.gracefullyShutdown(false);
    spy.mockRestore();
  },
);

test("contract 10: noServer and attachToServer with a filter; the shared server stays, UDP goes", async () => {
  const transport = new FecTransport({ noServer: true });
  const core = new Server({ transport, greet: false, gracefullyShutdown: false });
  core.define("sync", SyncRoom);
  await matchMaker.accept();
  const http = createServer();
  const port = await listenOn(http);
  const asked: string[] = [];
  transport.attachToServer(http, {
    filter: ({ url = "" }) => {
      asked.push(url);
      return true;
    },
  });
  await until("UDP is bound", () => transport.udpStats !== undefined);
  const seat = await matchMaker.joinOrCreate("sync");
  const room = await new FecClient(`ws://127.0.0.1:${port}`).consumeSeatReservation(seat);
  new Witness(room);
  await untilUdp(room);
  expect(asked[0]).toContain("fec=1&channels=udp");
  await core.gracefullyShutdown(false);
  expect(http.listening).toBe(true);
  await until("UDP is free", () => isUdpPortFree(port));
  await new Promise((resolve) => http.close(resolve));
});

test.each(["unbound, as it is", "bound, as it may be one day"])(
  "each connection is handled once, with ws-transport's own listener %s",
  async (kind) => {
    type Listener = (...args: unknown[]) => void;
    const on = WebSocketServer.prototype.on as (
      this: WebSocketServer,
      event: string | symbol,
      listener: Listener,
    ) => WebSocketServer;
    const transports: FecTransport[] = [];
    const onBound = function (this: WebSocketServer, event: string | symbol, listener: Listener) {
      return on.call(
        this,
        event,
        event === "connection" ? (...args) => listener.apply(transports.at(-1), args) : listener,
      );
    };
    const spy = kind.startsWith("bound")
      ? vi.spyOn(WebSocketServer.prototype, "on").mockImplementation(onBound)
      : undefined;
    try {
      for (const options of [{}, { server: createServer() }, { noServer: true }])
        transports.push(new FecTransport({ webrtc: false, ...options }));
      server = await startServer({ sync: SyncRoom });
      transports.push(server.transport);
      for (const { wss } of transports as unknown as { wss: WebSocketServer }[])
        expect(wss.listenerCount("connection")).toBe(1);
      await play(server.url, true);
    } finally {
      spy?.mockRestore();
    }
  },
);

test("UDP that dies while sessions run leaves them on their WebSocket", async () => {
  const http = createServer();
  const transport = new FecTransport({ server: http });
  const core = await bootWithoutListen(transport);
  const port = await listenOn(http);
  const room = await new FecClient(`ws://127.0.0.1:${port}`).joinOrCreate("sync");
  const witness = new Witness(room);
  await untilUdp(room);
  http.emit("close"); // what the transport follows; the sockets themselves go on
  await until("websocket", () => linkStats(room).path === "websocket");
  await witness.play(10);
  await witness.check();
  await room.leave();
  await core.gracefullyShutdown(false);
});
