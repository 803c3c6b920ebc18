/** The arena's command as a process of its own: what players are told when it ends. */
import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import { CloseCode } from "@colyseus/core";
import { FecClient, linkStats } from "colyseus-fec/client";
import { expect, it } from "vitest";
import type { ArenaView } from "../../sample-game/protocol/arena-view.js";
import { ARENA_ROOM, FEED_MESSAGE } from "../../sample-game/protocol/messages.js";
import { once, until } from "./harness.js";

const root = fileURLToPath(new URL("../..", import.meta.url));
/** Of one process, on a busy machine, ms. */
const PATIENCE_MS = 60_000;

it(
  "Ctrl-C ends it with exit code 0, and players on either path are told that the server shuts down",
  async () => {
    const child = spawn(
      process.execPath,
      [
        "--no-warnings",
        "--loader",
        "ts-node/esm",
        "sample-game/main.ts",
        "--port",
        "0",
        "--bots",
        "0",
        "--profile",
        "clean",
      ],
      { cwd: root },
    );
    const exited = new Promise((resolve) => child.once("exit", resolve));
    let printed = "";
    for (const output of [child.stdout, child.stderr]) output.on("data", (text) => (printed += text));
    try {
      const port = await until(
        "the server's port",
        () => /arena on ws:\/\/localhost:(\d+)/.exec(printed)?.[1],
        PATIENCE_MS,
      );
      const rooms = await Promise.all(
        [["udp"], []].map(async (channels) => {
          const room = await new FecClient(`ws://127.0.0.1:${port}`, {
            channels: channels as "udp"[],
          }).joinOrCreate<ArenaView>(ARENA_ROOM, { name: "player" });
          room.onMessage(FEED_MESSAGE, () => undefined);
          return room;
        }),
      );
      const left = rooms.map((room) => once(room.onLeave));
      await until("datagrams", () => linkStats(rooms[0]!).path === "udp", PATIENCE_MS);
      child.kill("SIGINT");
      expect(await Promise.all(left)).toEqual(rooms.map(() => [CloseCode.SERVER_SHUTDOWN, expect.anything()]));
      expect(await exited).toBe(0);
    } catch (error) {
      throw new Error(`the command printed: ${printed}`, { cause: error });
    } finally {
      child.kill("SIGKILL");
    }
  },
  2 * PATIENCE_MS,
);
