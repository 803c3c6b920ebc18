/**
 * What is sent right before something ends or stands still arrives, as it does over ws-transport with the stock SDK.
 * Where a process ends it is one of its own.
 */

import { fork, type ChildProcess } from "node:child_process";
import { once as event } from "node:events";
import { Room, type Client } from "@colyseus/core";
import { ColyseusSDK, type Room as SdkRoom } from "@colyseus/sdk";
import { FecClient, linkStats } from "colyseus-fec/client";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { once, until } from "./harness.js";
import { PackageFolder } from "./package-folder.js";
import { joinAs, newSeat, SIDES, startBoth, urlOf, type BothServers, type Side } from "./reference.js";

/** How long the server works without a pause, ms. */
const WORK_MS = 400;

/** "server SIDE" serves until it is told to end; "bot SIDE URL SEAT ENDING" joins, says its last word and ends. */
const SCRIPT = `
import { ColyseusSDK } from "@colyseus/sdk";
import { WebSocketTransport } from "@colyseus/ws-transport";
const [role, side, url, seat, ending] = process.argv.slice(2);
class Game extends Room {
  autoDispose = false;
  kept = [];
  onCreate() {
    this.onMessage("work", async (client, letsGo) => {
      client.send("loading");
      if (letsGo) await undefined;
      const endMs = performance.now() + ${WORK_MS};
      while (performance.now() < endMs);
      client.send("ready");
    });
    this.onMessage("kick and crash", (client) => {
      client.send("bye", "kicked");
      client.leave(4050);
      process.exit(0);
    });
    this.onMessage("end and crash", async (client) => {
      client.send("bye", "kicked");
      await this.disconnect(4050);
      process.exit(0);
    });
    this.onMessage("crash", () => this.end());
    this.onMessage("crash later", () => setTimeout(() => this.end(), 20));
  }
  onJoin(client) { this.kept.push(client); }
  end() {
    this.broadcast("bye", "crash");
    process.exit(0);
  }
  onBeforeShutdown() {
    this.broadcast("bye", "onBeforeShutdown");
    super.onBeforeShutdown();
  }
  onLeave(client) { client.send("bye", "onLeave"); }
  onDispose() { for (const client of this.kept) client.send("bye", "onDispose"); }
}
if (role === "server") {
  const transport = side === "ws-transport" ? new WebSocketTransport() : new FecTransport({ webrtc: false });
  const server = new Server({ transport, greet: false, logger });
  server.define("game", Game);
  await server.listen(0, "127.0.0.1");
  process.send({ port: transport.server.address().port });
} else {
  const channels = side === "UDP" ? ["udp"] : [];
  const client = side === "ws-transport" ? new ColyseusSDK(url) : new FecClient(url, { channels, netem: {} });
  const room = await client.consumeSeatReservation(JSON.parse(seat));
  if (side === "UDP") await untilPath(room, "udp");
  await room.request("echo", 1);
  setTimeout(() => {
    if (ending === "ends itself in the dark" && side === "UDP") linkControl(room).blackout(true);
    room.send("last", 1);
    if (ending === "throws") throw new Error("a bug of the bot's");
    if (ending === "ends itself") process.exit(0);
    // Its datagram has left, and is lost.
    setTimeout(() => process.exit(0), 5);
  });
}
`;

class LastWordRoom extends Room {
  /** By room id: a room is gone from the matchmaker when its client is. */
  static readonly all = new Map<string, LastWordRoom>();
  /** Numbers of clients that answered, or said their last word. */
  heard = 0;

  override onCreate(): void {
    LastWordRoom.all.set(this.roomId, this);
    this.onMessage("echo", (_client: Client, payload: unknown) => payload);
    this.onMessage("last", () => void this.heard++);
    this.onMessage("answer", () => void this.heard++);
    this.onMessage("go", (client: Client, code: number) => {
      client.send("final");
      client.leave(code);
    });
  }
}

let folder: PackageFolder;
let file: string;
let servers: BothServers;
const children: ChildProcess[] = [];

beforeAll(async () => {
  folder = new PackageFolder();
  file = folder.write(SCRIPT);
  servers = await startBoth({ last: LastWordRoom });
}, 60_000);

afterEach(() => {
  for (const child of children.splice(0)) child.kill("SIGKILL");
});

afterAll(async () => {
  await servers.stop();
  folder.remove();
});

function start(...args: string[]): ChildProcess {
  const child = fork(file, args, { execArgv: [...folder.execArgv], stdio: ["ignore", "ignore", "ignore", "ipc"] });
  children.push(child);
  return child;
}

/** Joins a server in a process of its own, whose end is not followed by a reconnection. */
async function joinProcess(side: Side): Promise<{ child: ChildProcess; room: SdkRoom; byes: string[] }> {
  const child = start("server", side);
  let port = 0;
  child.on("message", (message: { port?: number }) => (port = message.port ?? port));
  await until("the server listens", () => port);
  const url = `ws://127.0.0.1:${port}`;
  const options = { channels: side === "UDP" ? (["udp"] as const) : [] };
  const client = side === "ws-transport" ? new ColyseusSDK(url) : new FecClient(url, options);
  const room = await client.joinOrCreate("game");
  room.reconnection.enabled = false;
  const byes: string[] = [];
  room.onMessage("bye", (from: string) => byes.push(from));
  if (side === "UDP") await until("UDP", () => linkStats(room).path === "udp");
  return { child, room, byes };
}

describe.each(SIDES)("by %s", (side) => {
  test.each([4000, 4001])(
    "a client's answer to the last message before leave(%d) arrives, five times of five",
    async (code) => {
      const answers = async (as: Side) => {
        const joined = await Promise.all(Array.from({ length: 5 }, () => joinAs(servers, as, "last")));
        const lefts = joined.map(async (room) => {
          room.onMessage("final", () => room.send("answer"));
          const left = once(room.onLeave);
          room.send("go", code);
          expect((await left)[0]).toBe(code);
          return LastWordRoom.all.get(room.roomId)!;
        });
        const hosts = await Promise.all(lefts);
        // What was on its way when the client was told of the end may be read a moment later.
        await until("all", () => hosts.every(({ heard }) => heard === 1), 300).catch(() => {});
        return hosts.map(({ heard }) => heard);
      };
      const reference = await answers("ws-transport");
      expect(reference).toEqual([1, 1, 1, 1, 1]);
      expect(await answers(side)).toEqual(reference);
    },
  );

  // By datagram what is sent leaves with what the handler sends next: it has to let go once.
  const how = side === "UDP" ? " and that it lets go for, with an await," : "";
  test(`what a handler sends before it works for 400 ms${how} is there before the work is half done`, async () => {
    const [reference, ours] = await Promise.all([joinProcess("ws-transport"), joinProcess(side)]);
    const aheadMs = async ({ room }: { room: SdkRoom }) => {
      const times: Record<string, number> = {};
      for (const what of ["loading", "ready"]) room.onMessage(what, () => (times[what] = performance.now()));
      room.send("work", side === "UDP");
      await until("both messages", () => times.loading && times.ready);
      return times.ready! - times.loading!;
    };
    expect(await aheadMs(reference)).toBeGreaterThan(WORK_MS / 2);
    expect(await aheadMs(ours)).toBeGreaterThan(WORK_MS / 2);
  });

  test.each([
    ["ends itself", 0],
    ["throws", 1],
    ["ends itself in the dark", 0],
  ])("the last message of a client whose process %s arrives, two times of two", async (ending, exitCode) => {
    const lastWord = async (as: Side) => {
      const seat = await newSeat("last");
      const bot = start("bot", as, urlOf(servers, as), JSON.stringify(seat), ending);
      const [code] = (await event(bot, "exit")) as [number];
      const host = LastWordRoom.all.get(seat.roomId)!;
      await until("the last word", () => host.heard === 1, 300).catch(() => {});
      return { code, heard: host.heard };
    };
    const [reference, ...ours] = await Promise.all([lastWord("ws-transport"), lastWord(side), lastWord(side)]);
    expect(reference).toEqual({ code: exitCode, heard: 1 });
    expect(ours).toEqual([reference, reference]);
  });

  test.each(["kick and crash", "end and crash"])(
    "the close code of a server that ends next arrives (%s)",
    async (message) => {
      const lastCode = async (as: Side) => {
        const { child, room, byes } = await joinProcess(as);
        room.reconnection.enabled = false;
        const ends = Promise.all([once(room.onLeave), event(child, "exit")]);
        room.send(message);
        const [[code]] = await ends;
        return { code, byes };
      };
      const [reference, ours] = await Promise.all([lastCode("ws-transport"), lastCode(side)]);
      expect(reference).toEqual({ code: 4050, byes: ["kicked"] });
      expect(ours).toEqual(reference);
    },
  );

  test.each(["crash", "crash later"])(
    "the last broadcast of a server that ends in the same tick arrives (%s)",
    async (message) => {
      const lastBroadcast = async (as: Side) => {
        const { child, room, byes } = await joinProcess(as);
        const ends = Promise.all([once(room.onLeave), event(child, "exit")]);
        room.send(message);
        const [, [code]] = await ends;
        return { code: code as number, byes };
      };
      const [reference, ours] = await Promise.all([lastBroadcast("ws-transport"), lastBroadcast(side)]);
      expect(reference).toEqual({ code: 0, byes: ["crash"] });
      expect(ours).toEqual(reference);
    },
  );

  test("what a server says while SIGTERM shuts it down arrives as over ws-transport, and the close code after it", async () => {
    const shutDown = async (as: Side) => {
      const { child, room, byes } = await joinProcess(as);
      const ends = Promise.all([once(room.onLeave), event(child, "exit")]);
      child.kill("SIGTERM");
      const [[closeCode], [code]] = await ends;
      return { closeCode, code: code as number, byes };
    };
    const [reference, ours] = await Promise.all([shutDown("ws-transport"), shutDown(side)]);
    // Core sends nothing to a client that is leaving.
    expect(reference).toEqual({ closeCode: 4001, code: 0, byes: ["onBeforeShutdown"] });
    expect(ours).toEqual(reference);
  });
});
