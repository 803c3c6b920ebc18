/** The net panel's messages against the real arena: they change the sender's link, and nobody else's. */
import { linkStats as serverLinkStats } from "colyseus-fec";
import { FecClient, linkControl, linkStats } from "colyseus-fec/client";
import { afterEach, expect, it } from "vitest";
import { ARENA_ROOM } from "../../sample-game/protocol/messages.js";
import {
  NET_MESSAGES_PER_SECOND_MAX,
  NET_OWN_MESSAGE,
  NET_REPAIR_MESSAGE,
} from "../../sample-game/protocol/net-messages.js";
import { type ArenaServer, type ArenaServerOptions, startArenaServer } from "../../sample-game/server/start.js";
import { until } from "./harness.js";

let server: ArenaServer | undefined;

afterEach(async () => {
  await server?.stop();
  server = undefined;
});

async function start(options: Partial<ArenaServerOptions> = {}) {
  server = await startArenaServer({ port: 0, transport: "fec", ...options });
}

async function join(netem?: string) {
  const room = await new FecClient(`ws://127.0.0.1:${server!.port}`, { channels: ["udp"], netem }).joinOrCreate<any>(
    ARENA_ROOM,
    { name: "panel" },
  );
  const answers: unknown[] = [];
  room.onMessage("*", (type, message) => {
    if (type === NET_REPAIR_MESSAGE || type === NET_OWN_MESSAGE) answers.push(message);
  });
  await until("path udp", () => linkStats(room).path === "udp");
  return { room, answers, stats: () => serverLinkStats(server!.room.clients.get(room.sessionId)!) };
}

it("switches the repair of what this client is sent, and of no other", async () => {
  await start({ repair: "off" });
  const [one, other] = [await join("loss=0.05"), await join("loss=0.05")];
  one.room.send(NET_REPAIR_MESSAGE, "generation");
  await until("the answer", () => one.answers.includes("generation"));
  await until("repairs for the one", () => one.stats().counters.repairsSent > 20);
  expect(other.stats().counters.repairsSent).toBe(0);
  await until("a recovered symbol", () => linkStats(one.room).symbols.recovered > 0);

  one.room.send(NET_REPAIR_MESSAGE, "off");
  await until("the answer", () => one.answers.includes("off"));
  const { repairsSent, symbolsSent } = one.stats().counters;
  await until("a second of patches", () => one.stats().counters.symbolsSent > symbolsSent + 60);
  expect(one.stats().counters.repairsSent - repairsSent).toBeLessThanOrEqual(1);
});

it("gives no answer to what is no choice, and stops answering above the rate", async () => {
  await start();
  const { room, answers } = await join();
  for (const wrong of ["on", { schedule: "sliding", codeRate: 1 }, null, 4]) room.send(NET_REPAIR_MESSAGE, wrong);
  for (let i = 0; i < 3 * NET_MESSAGES_PER_SECOND_MAX; i++) room.send(NET_REPAIR_MESSAGE, i % 2 ? "off" : "adaptive");
  const { tick } = room.state;
  await until("half a second", () => room.state.tick > tick + 30);
  expect(answers.length).toBeGreaterThanOrEqual(NET_MESSAGES_PER_SECOND_MAX);
  // They may fall into two seconds.
  expect(answers.length).toBeLessThanOrEqual(2 * NET_MESSAGES_PER_SECOND_MAX);
});

it("leaves the datagrams of a client that impairs them itself alone, and says what it did to them", async () => {
  await start({ netem: "clean,loss=0.3,delayMs=60,seed=5", repair: { schedule: "generation", groupSize: 4 } });
  const [one, other] = [await join("clean"), await join()];
  await until("a round trip of two delays", () => one.stats().rttMs > 100);
  one.room.send(NET_OWN_MESSAGE);
  expect(await until("the answer", () => one.answers[0])).toEqual({
    impairment: "clean,loss=0.3,delayMs=60,seed=5",
    repair: "generation",
  });
  await until("a short round trip", () => one.stats().rttMs < 60);
  expect(other.stats().rttMs).toBeGreaterThan(100);
  linkControl(one.room)!.configure({ send: { delayMs: 40 }, receive: { delayMs: 80 } });
  await until("the client's own round trip", () => one.stats().rttMs > 100);
});

it("answers over a plain WebSocket too, where there is nothing to change", async () => {
  await start({ transport: "ws" });
  const room = await new FecClient(`ws://127.0.0.1:${server!.port}`).joinOrCreate<any>(ARENA_ROOM, { name: "panel" });
  const answer = new Promise((resolve) => room.onMessage(NET_OWN_MESSAGE, resolve));
  room.send(NET_OWN_MESSAGE);
  expect(await answer).toEqual({ impairment: "clean", repair: "off" });
});
