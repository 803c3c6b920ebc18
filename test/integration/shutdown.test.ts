/** A server process that is told to end, as a deployment does it: its clients learn so, and do not try to come back. */

import { fork, type ChildProcess } from "node:child_process";
import { once as event } from "node:events";
import type { Room as SdkRoom } from "@colyseus/sdk";
import { FecClient, linkStats, type FecClientOptions } from "colyseus-fec/client";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { PackageFolder } from "./package-folder.js";
import { once } from "./harness.js";

/** Core's CloseCode.SERVER_SHUTDOWN. */
const SERVER_SHUTDOWN = 4001;

let folder: PackageFolder;
let child: ChildProcess | undefined;

beforeAll(() => {
  folder = new PackageFolder();
}, 60_000);

afterEach(() => void child?.kill("SIGKILL"));
afterAll(() => folder.remove());

/** Serves in a process of its own until SIGTERM; it tells its port, and then, each time it is asked, when every client's path is the one named. */
async function serve(): Promise<number> {
  const file = folder.write(`
    const rooms = new Set();
    const { transport, server } = serve({ webrtc: false }, {}, class extends Room {
      onCreate() {
        rooms.add(this);
      }
    });
    await server.listen(0, "127.0.0.1");
    process.on("message", async (path) => {
      const clients = () => [...rooms].flatMap((room) => [...room.clients]);
      while (!clients().every((client) => serverLinkStats(client).path === path)) await new Promise((resolve) => setTimeout(resolve, 10));
      process.send({ clients: clients().length });
    });
    process.send({ port: transport.server.address().port });
  `);
  child = fork(file, { execArgv: [...folder.execArgv] });
  return told("port");
}

/** What the process tells under this name; core tells its parent things of its own. */
function told(name: string): Promise<number> {
  return new Promise((resolve, reject) => {
    child!.on(
      "message",
      (message) => name in (message as object) && resolve((message as Record<string, number>)[name]!),
    );
    child!.once("exit", () => reject(new Error(`ended before it told its ${name}`)));
  });
}

interface Player {
  readonly room: SdkRoom;
  /** How its session ends. */
  readonly end: Promise<["left" | "dropped", code: number]>;
}

async function join(port: number, options: FecClientOptions): Promise<Player> {
  const room = await new FecClient(`ws://127.0.0.1:${port}`, options).create("room");
  // Else a session that is this young is not reconnected, whatever happens.
  room.reconnection.minUptime = 0;
  const left = once(room.onLeave).then(([code]) => ["left", code] as ["left", number]);
  const dropped = once(room.onDrop).then(([code]) => ["dropped", code] as ["dropped", number]);
  return { room, end: Promise.race([left, dropped]) };
}

test.each<[path: "udp" | "websocket", options: FecClientOptions]>([
  ["udp", {}],
  ["websocket", { channels: [] }],
])(
  "clients whose path is %s leave with 4001 when the process gets SIGTERM, and do not reconnect",
  async (path, options) => {
    const port = await serve();
    const players = [await join(port, options), await join(port, options), await join(port, options)];
    child!.send(path);
    expect(await told("clients")).toBe(players.length);
    for (const { room } of players) expect(linkStats(room).path).toBe(path);
    const exit = event(child!, "exit");
    child!.kill("SIGTERM");
    expect(await exit).toEqual([0, null]);
    for (const { room, end } of players) {
      expect(await end).toEqual(["left", SERVER_SHUTDOWN]);
      expect(room.reconnection.isReconnecting).toBe(false);
    }
  },
);
