/** The arena for real: server, room and bots in this process, over UDP with loss and over WebSocket alone. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { CloseCode } from "@colyseus/core";
import { FecClient } from "colyseus-fec/client";
import { afterAll, afterEach, describe, expect, it } from "vitest";
import { LocalSquad } from "../../sample-game/bots/squad.js";
import type { ArenaView } from "../../sample-game/protocol/arena-view.js";
import {
  ARENA_ROOM,
  CHAT_MESSAGE,
  FEED_MESSAGE,
  type FeedEntry,
  type JoinOptions,
} from "../../sample-game/protocol/messages.js";
import { SPECTATORS_MAX } from "../../sample-game/server/arena-room.js";
import { type ArenaServer, type ArenaServerOptions, startArenaServer } from "../../sample-game/server/start.js";
import { leaveForGood } from "../../sample-game/web/net/leave-for-good.js";
import { once } from "./harness.js";
import { startRelay } from "./throttled-relay.js";

const BOTS = 4;
const FINISH_TIMEOUT_MS = 15_000;

let server: ArenaServer | undefined;
const squad = new LocalSquad();

afterEach(async () => {
  await squad.close();
  await server?.stop();
  server = undefined;
});

async function play(options: Omit<ArenaServerOptions, "port">, playMs: number) {
  server = await startArenaServer({ port: 0, ...options });
  await squad.join({ url: `ws://127.0.0.1:${server.port}`, transport: options.transport, bots: BOTS, seed: 1 });
  await new Promise((resolve) => setTimeout(resolve, playMs));
  const reports = await squad.report();
  const players = server.room.leaderboard().length;
  await squad.stop();
  const frozen = server.room.freeze();
  return { reports, players, results: await squad.finish({ frozen, timeoutMs: FINISH_TIMEOUT_MS }) };
}

const RIGHT = {
  missing: 0,
  doubled: 0,
  outOfOrder: 0,
  finalEqual: true,
  checksDifferent: 0,
  ticksBack: 0,
  drops: 0,
  errors: [],
};

describe("the arena", () => {
  it("gives every bot every message once and in order, and the same state, over UDP with 20 % loss", async () => {
    const { reports, results, players } = await play(
      { transport: "fec", netem: "loss=0.2,delayMs=20,jitterMs=5" },
      3000,
    );
    expect(players).toBe(BOTS);
    for (const result of results) expect(result).toMatchObject(RIGHT);
    for (const { link, patches } of reports) {
      expect(patches).toBeGreaterThan(30);
      expect(link?.path).toBe("udp");
      expect(link!.symbols.recovered + link!.symbols.retransmitted).toBeGreaterThan(0);
    }
    expect(results.reduce((sum, { checksCompared }) => sum + checksCompared, 0)).toBeGreaterThan(0);
  });

  it("does the same over WebSocket alone", async () => {
    const { results } = await play({ transport: "ws" }, 1000);
    expect(results).toHaveLength(BOTS);
    for (const result of results) expect(result).toMatchObject(RIGHT);
  });
});

describe("a spectator", () => {
  it("sees the state and the feed, has no player, counts as none, and cannot chat", async () => {
    server = await startArenaServer({ port: 0, transport: "fec" });
    const { room } = server;
    const client = new FecClient(`ws://127.0.0.1:${server.port}`);
    const player = await client.joinOrCreate<ArenaView>(ARENA_ROOM, { name: "player" });
    const spectator = await client.joinById<ArenaView>(player.roomId, { name: "watcher", spectate: true });
    const heard: string[] = [];
    spectator.onMessage(FEED_MESSAGE, ({ kind, ...entry }: FeedEntry) =>
      heard.push("text" in entry ? entry.text : kind),
    );
    player.onMessage(FEED_MESSAGE, () => undefined);
    await waitFor(() => spectator.state?.players?.size === 1);
    expect(room.playerCount).toBe(1);
    expect(room.clients.length).toBe(2);
    expect(room.state.players.get(spectator.sessionId)).toBeUndefined();
    spectator.send(CHAT_MESSAGE, { text: "from nobody" });
    spectator.input().send();
    player.send(CHAT_MESSAGE, { text: "from the player" });
    await waitFor(() => heard.includes("from the player"));
    expect(heard).not.toContain("from nobody");
    await spectator.leave();
    expect(heard).not.toContain("leave");
    expect(room.playerCount).toBe(1);
    await player.leave();
  });

  it("beyond the bound is refused, and a player is not", async () => {
    server = await startArenaServer({ port: 0, transport: "ws" });
    const client = new FecClient(`ws://127.0.0.1:${server.port}`);
    const join = async (options: JoinOptions) => {
      const room = await client.joinOrCreate(ARENA_ROOM, options);
      room.onMessage(FEED_MESSAGE, () => undefined);
      return room;
    };
    const spectators = await Promise.all(Array.from({ length: SPECTATORS_MAX }, () => join({ spectate: true })));
    await expect(join({ spectate: true })).rejects.toThrow(/"spectators" expected at most/);
    const player = await join({ name: "late" });
    expect(server.room.playerCount).toBe(1);
    await Promise.all([player, ...spectators].map((room) => room.leave()));
  });

  it("that leaves for good while its connection is down stays away: the attempt under way is the last, and leaves if it succeeds", async () => {
    server = await startArenaServer({ port: 0, transport: "fec" });
    const relay = await startRelay(server.port);
    try {
      const client = new FecClient(`ws://127.0.0.1:${relay.port}`, { channels: [] });
      for (const isBack of [true, false]) {
        const spectator = await client.joinOrCreate<ArenaView>(ARENA_ROOM, { name: "watcher", spectate: true });
        spectator.onMessage(FEED_MESSAGE, () => undefined);
        spectator.reconnection.minUptime = 0;
        await waitFor(() => spectator.state?.players !== undefined);
        const [dropped, left] = [once(spectator.onDrop), once(spectator.onLeave)];
        relay.isCut = true;
        await dropped;
        await waitFor(() => server!.room.clients.length === 0);
        leaveForGood(spectator);
        relay.isCut = !isBack;
        expect((await left)[0]).toBe(isBack ? CloseCode.CONSENTED : CloseCode.ABNORMAL_CLOSURE);
        expect(spectator.reconnection.retryCount).toBe(1);
        expect(server.room.clients.length).toBe(0);
      }
    } finally {
      await relay.stop();
    }
  });
});

describe("the page", () => {
  const folder = mkdtempSync(join(tmpdir(), "arena-page-"));
  mkdirSync(join(folder, "assets"));
  writeFileSync(join(folder, "index.html"), "<!doctype html><title>arena</title>");
  writeFileSync(join(folder, "assets", "a-1.js"), `console.log(${JSON.stringify("x".repeat(2000))});`);
  afterAll(() => rmSync(folder, { recursive: true }));

  it("is served from the port of the game, zipped, with types and cache rules; all else is Colyseus'", async () => {
    server = await startArenaServer({ port: 0, transport: "fec", pageFolder: folder });
    expect(server.hasPage).toBe(true);
    const url = `http://127.0.0.1:${server.port}`;
    const index = await fetch(`${url}/?x=1`);
    expect(await index.text()).toContain("<title>arena</title>");
    expect(index.headers.get("content-type")).toBe("text/html; charset=utf-8");
    expect(index.headers.get("cache-control")).toBe("no-cache");
    const script = await fetch(`${url}/assets/a-1.js`);
    expect(script.headers.get("content-encoding")).toBe("gzip");
    expect(script.headers.get("content-type")).toContain("javascript");
    expect(script.headers.get("cache-control")).toContain("immutable");
    expect(await script.text()).toContain("xxxx");
    expect((await fetch(`${url}/`, { method: "HEAD" })).status).toBe(200);
    expect(await (await fetch(`${url}/__healthcheck`)).text()).toBe("OK");
    for (const path of ["/nothing", "/assets/../../../etc/passwd", "/%2e%2e/package.json", "/assets"]) {
      expect((await fetch(`${url}${path}`)).status, path).toBe(404);
    }
    const room = await new FecClient(url.replace("http", "ws")).joinOrCreate<ArenaView>(ARENA_ROOM, {
      name: "visitor",
    });
    room.onMessage(FEED_MESSAGE, () => undefined);
    await waitFor(() => room.state?.players?.get(room.sessionId)?.name === "visitor");
    await room.leave();
  });

  it("is left out where there is none", async () => {
    server = await startArenaServer({ port: 0, transport: "fec", pageFolder: join(folder, "assets") });
    expect(server.hasPage).toBe(false);
    expect(await (await fetch(`http://127.0.0.1:${server.port}/`)).text()).toContain("Colyseus");
  });
});

async function waitFor(condition: () => boolean): Promise<void> {
  const deadlineMs = performance.now() + 10_000;
  while (!condition()) {
    if (performance.now() > deadlineMs) throw new Error("the condition was not met within 10 s");
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
