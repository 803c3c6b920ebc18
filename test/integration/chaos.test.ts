import { linkControl as serverLinkControl } from "colyseus-fec";
import { FecClient, linkControl } from "colyseus-fec/client";
import { SeededRandom } from "colyseus-fec/netem";
import { afterEach, expect, test } from "vitest";
import { serverClient, startServer, untilUdp, type TestServer } from "./harness.js";
import { SyncRoom, Witness } from "./sync-room.js";

const CLIENTS = 4;
const ROUNDS = Number(process.env.CHAOS_ROUNDS ?? 8);
const seed = Number(process.env.CHAOS_SEED ?? 1 + Math.floor(Math.random() * 1e9));

let server: TestServer;

afterEach(() => server.stop());

const repairs = [
  "adaptive",
  "off",
  { schedule: "generation", groupSize: 4 },
  { schedule: "sliding", codeRate: 0.5 },
] as const;

// Every tick: none may be shed for a client that a busy machine and a bad network leave behind.
test(`whatever the network does meanwhile, everyone sees every tick and every message (seed ${seed})`, async () => {
  server = await startServer({ sync: SyncRoom }, { netem: {}, resyncAfterMs: false });
  const random = new SeededRandom(seed);
  const pick = <Item>(items: readonly Item[]): Item => items[random.int(items.length)]!;
  const rooms = await Promise.all(
    Array.from({ length: CLIENTS }, () => new FecClient(server.url, { netem: {} }).joinOrCreate("sync")),
  );
  const witnesses = rooms.map((room) => new Witness(room));
  await Promise.all(rooms.map((room) => untilUdp(room)));
  for (let round = 0; round < ROUNDS; round++) {
    rooms.forEach((room) => {
      const [near, far] = [linkControl(room)!, serverLinkControl(serverClient(room))!];
      near.blackout(random.next() < 0.2);
      near.configure({
        loss: pick([0, 0.05, 0.3, { kind: "gilbert-elliott-time", lossRatio: 0.2, meanBurstMs: 100 }]),
        delayMs: random.int(60),
        jitterMs: random.int(30),
        reorder: random.next() < 0.5,
        duplicate: random.next() * 0.1,
        corrupt: random.next() * 0.05,
        rateKbps: pick([Infinity, 500, 100]),
      });
      far.configure({ loss: random.next() * 0.2 });
      near.setRepair(pick(repairs));
      far.setRepair(pick(repairs));
    });
    await Promise.all(witnesses.map((witness) => witness.play(10 + random.int(20))));
  }
  rooms.forEach((room) => {
    linkControl(room)!.blackout(false);
    linkControl(room)!.configure({});
    serverLinkControl(serverClient(room))!.configure({});
  });
  await Promise.all(rooms.map((room) => untilUdp(room)));
  for (const witness of witnesses) await witness.check();
  expect(server.log.filter(({ level }) => level === "error")).toEqual([]);
  await Promise.all(rooms.map((room) => room.leave()));
}, 60_000);
