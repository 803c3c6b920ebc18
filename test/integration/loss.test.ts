import { linkStats as serverLinkStats } from "colyseus-fec";
import { FecClient, linkStats, type FecClientOptions } from "colyseus-fec/client";
import { afterAll, beforeAll, expect, test } from "vitest";
import { serverClient, startServer, untilUdp, type TestServer } from "./harness.js";
import { SyncRoom, Witness } from "./sync-room.js";

let server: TestServer;

beforeAll(async () => {
  server = await startServer({ sync: SyncRoom });
});

afterAll(() => server.stop());

const networks: [name: string, netem: FecClientOptions["netem"], loses: boolean][] = [
  ["no loss", { delayMs: 10 }, false],
  ["5 % loss", { loss: 0.05, delayMs: 20 }, true],
  ["10 % loss with jitter and reordering", { loss: 0.1, delayMs: 20, jitterMs: 15, reorder: true }, true],
  ["20 % loss", { loss: 0.2, delayMs: 20 }, true],
  [
    "bursts of 4 datagrams, 10 %",
    { loss: { kind: "gilbert-elliott-count", lossRatio: 0.1, meanBurstDatagrams: 4 }, delayMs: 20 },
    true,
  ],
  [
    "outages of 120 ms, 10 %",
    { loss: { kind: "gilbert-elliott-time", lossRatio: 0.1, meanBurstMs: 120 }, delayMs: 20 },
    true,
  ],
  ["duplicates, damage and 5 % loss", { loss: 0.05, duplicate: 0.1, corrupt: 0.05, delayMs: 20 }, true],
];

test.concurrent.each(networks)(
  "%s: state equal at every tick, messages complete, in order and once, both ways",
  async (_name, netem, loses) => {
    const room = await new FecClient(server.url, { netem }).create("sync", { patchRate: 20 });
    const witness = new Witness(room);
    await untilUdp(room);
    await witness.play(200);
    const [down, up] = [linkStats(room), serverLinkStats(serverClient(room))];
    await witness.check();
    const mended = ({ symbols }: Pick<typeof down, "symbols">) =>
      symbols.recovered + symbols.retransmitted + symbols.carried;
    if (loses) {
      expect(mended(down)).toBeGreaterThan(0);
      expect(mended(up)).toBeGreaterThan(0);
      expect(down.lossRatio).toBeGreaterThan(0);
    }
    await room.leave();
  },
);

for (const repair of [
  "off",
  { schedule: "generation", groupSize: 3 },
  { schedule: "sliding", codeRate: 0.5 },
] as const) {
  const name = typeof repair === "string" ? repair : repair.schedule;
  test.concurrent(`repair "${name}" is as exact at 10 % loss`, async () => {
    const room = await new FecClient(server.url, { netem: { loss: 0.1, delayMs: 15 }, repair }).create("sync", {
      patchRate: 20,
    });
    const witness = new Witness(room);
    await untilUdp(room);
    await witness.play(100);
    await witness.check();
    await room.leave();
  });
}
