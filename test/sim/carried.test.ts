import { describe, expect, test } from "vitest";
import { RECORD_DATAGRAM } from "colyseus-fec/core";
import { CHANNEL_POLL_MS, CHANNEL_STALL_MS } from "../../plugin/core/limits.js";
import { expectOrdered, expectUnreliableAtMostOnce, World } from "./world.js";
import { SeededRandom } from "colyseus-fec/netem";
import { seeds } from "./random.js";

function bytes(i: number, length = 100): Uint8Array {
  const result = new Uint8Array(length).fill(i & 255);
  result[1] = i >> 8;
  return result;
}

/** Time from sending to delivery of every ordered message from server to client, ms. */
function delays({ server, client }: World): number[] {
  const delivered = client.delivered.filter((m) => m.ordered);
  return server.sent.filter((m) => m.ordered).map((m, i) => delivered[i]!.atMs - m.atMs);
}

describe("a channel that stands still", () => {
  test("costs no more than the way by the reliable path, and both directions' feedback goes on", () => {
    const still = { from: 4000, until: 6000 };
    const world = new World({
      down: { delayMs: 20 },
      up: { delayMs: 20 },
      reliableDelayMs: 50,
      standsStill: (from, nowMs) => from === "server" && nowMs >= still.from && nowMs < still.until,
    });
    world.openPath();
    world.play(60, 8000, (i) => {
      world.server.send(bytes(i));
      world.client.sendUnreliable(bytes(i, 20));
    });
    world.settle();
    expectOrdered(world.server, world.client);
    const late = delays(world);
    // It is waited for a moment, and looked at now and then.
    expect(Math.max(...late)).toBeLessThanOrEqual(51 + CHANNEL_STALL_MS + CHANNEL_POLL_MS);
    // Before and after, datagrams are faster.
    expect(late.filter((ms) => ms > 21).length).toBeLessThanOrEqual(125);
    expect(late.slice(-100).every((ms) => ms <= 21)).toBe(true);
    const { counters, path } = world.server.link.stats(world.nowMs);
    expect(counters.datagramsCarried).toBeGreaterThan(100);
    expect(counters.suspensions + world.client.link.stats(world.nowMs).counters.suspensions).toBe(0);
    expect(path).toBe("datagram");
  });

  test("says nothing of the channel: neither loss nor round trip is learnt from what the reliable path carried", () => {
    const world = new World({
      down: { delayMs: 20 },
      up: { delayMs: 20 },
      reliableDelayMs: 300,
      standsStill: (from, nowMs) => from === "server" && nowMs % 1000 < 200,
    });
    world.openPath();
    world.play(60, 10_000, (i) => world.server.send(bytes(i)));
    world.settle();
    expectOrdered(world.server, world.client);
    const { rttMs, sendLossRatio, counters } = world.server.link.stats(world.nowMs);
    expect(counters.datagramsCarried).toBeGreaterThan(25);
    expect(rttMs).toBeLessThan(60);
    expect(sendLossRatio).toBe(0);
  });

  test("and dies is suspended, though what the reliable path carries is acknowledged", () => {
    const world = new World({
      down: { delayMs: 20 },
      up: { delayMs: 20 },
      reliableDelayMs: 50,
      standsStill: (_, nowMs) => nowMs >= 4000 && nowMs < 7000,
    });
    world.openPath();
    world.play(60, 6500, (i) => {
      if (i === 170) for (const end of world.ends) end.out.blackout(true);
      world.server.send(bytes(i));
    });
    expect(world.server.link.path).toBe("reliable");
    expect(world.server.link.stats(world.nowMs).counters.datagramsCarried).toBeGreaterThan(10);
  });

  test("is not measured by a slow reliable path: no round trip is learnt from feedback that came by it", () => {
    const world = new World({
      down: { delayMs: 40 },
      up: { delayMs: 40 },
      reliableDelayMs: 400,
      standsStill: (from, nowMs) => from === "client" && nowMs % 3000 < 1200,
    });
    let most = 0;
    world.openPath();
    world.play(60, 10_000, (i) => {
      world.server.send(bytes(i));
      if (i > 60) most = Math.max(most, world.server.link.stats(world.nowMs).rttMs);
    });
    world.settle();
    expectOrdered(world.server, world.client);
    expect(world.client.link.stats(world.nowMs).counters.datagramsCarried).toBeGreaterThan(10);
    // Feedback that waits in the channel's stead for up to 200 ms says how long.
    expect(most).toBeLessThan(120);
  });

  test("is not taken for congested where the reliable path is faster: repair goes on", () => {
    const way = { delayMs: 60, jitterMs: 15, loss: 0.05 };
    const world = new World({
      down: way,
      up: way,
      seed: 5,
      reliableDelayMs: 20,
      standsStill: (from, nowMs) => from === "server" && nowMs >= 30_000 && nowMs % 15_000 < 300,
    });
    world.openPath();
    world.play(20, 30_000, (i) => world.server.send(bytes(i)));
    const before = world.server.link.stats(world.nowMs).counters.repairsSent;
    world.play(20, 60_000, (i) => world.server.send(bytes(i)));
    world.settle();
    expectOrdered(world.server, world.client);
    const { repairsSent, datagramsCarried } = world.server.link.stats(world.nowMs).counters;
    expect(datagramsCarried).toBeGreaterThan(5);
    expect((repairsSent - before) / 1200).toBeGreaterThan(0.8);
  });

  test("on a way that is longer than the reliable path's: what overtakes there makes no loss of what is under way here", () => {
    const world = new World({
      down: { delayMs: 150 },
      up: { delayMs: 20 },
      reliableDelayMs: 20,
      standsStill: (from, nowMs) => from === "server" && nowMs % 400 < 200,
    });
    world.openPath();
    world.play(60, 10_000, (i) => world.server.send(bytes(i)));
    world.settle();
    expectOrdered(world.server, world.client);
    const { rttMs, sendLossRatio, counters } = world.server.link.stats(world.nowMs);
    expect([sendLossRatio, counters.spuriousLosses]).toEqual([0, 0]);
    expect(rttMs).toBeGreaterThan(165);
    expect(rttMs).toBeLessThan(215);
    expect(counters.datagramsCarried).toBeGreaterThan(200);
  });

  test("carries what the channel had taken and not brought, once, and no repair", () => {
    const carried: Uint8Array[] = [];
    // What is sent in the last 100 ms before the channels stand still is lost, with all feedback on it.
    const world = new World({
      down: { delayMs: 20 },
      up: { delayMs: 20 },
      link: { repair: { schedule: "sliding", codeRate: 1 } },
      standsStill: (_, nowMs) => nowMs >= 4000,
    });
    world.openPath();
    world.play(60, 6000, (i) => {
      if (i === 174) for (const end of world.ends) end.out.blackout(true);
      world.server.send(bytes(i));
      carried.push(
        ...world.server.records
          .filter(({ bytes: record }) => record[0] === RECORD_DATAGRAM)
          .map(({ bytes: record }) => record.slice()),
      );
    });
    world.settle();
    expectOrdered(world.server, world.client);
    expect(Math.max(...delays(world).slice(174, 192))).toBeLessThanOrEqual(200);
    expect(Math.max(...delays(world).slice(192))).toBeLessThanOrEqual(67);
    expect(carried.length).toBeGreaterThan(50);
    const { counters } = world.client.link.stats(world.nowMs);
    expect(counters.framesIgnored).toBe(0);
    expect(counters.symbolsRecovered).toBe(0);
  });

  test("with a reliable path that is behind too: holds back, drops unreliable messages that wait too long, and sends the newest when it goes on", () => {
    const still = { from: 4000, until: 7000 };
    const world = new World({
      down: { delayMs: 20 },
      up: { delayMs: 20 },
      reliableDelayMs: 5000,
      standsStill: (from, nowMs) => from === "client" && nowMs >= still.from && nowMs < still.until,
    });
    world.openPath();
    world.play(60, 8000, (i) => world.client.sendUnreliable(bytes(i, 900)));
    world.settle();
    expectUnreliableAtMostOnce(world.client, world.server);
    // Some hundred ms of the game's messages are under way on that path at any time, of the 3 s in which it alone was left: 180 messages.
    const { datagramsCarried } = world.client.link.stats(world.nowMs).counters;
    expect(datagramsCarried).toBeGreaterThan(5);
    expect(datagramsCarried).toBeLessThan(60);
    const first = world.server.delivered.find(({ atMs }) => atMs > still.until + 20)!;
    const sentMs = world.client.sent.find((m) => m.bytes[0] === first.bytes[0] && m.bytes[1] === first.bytes[1])!.atMs;
    expect(first.atMs - sentMs).toBeLessThanOrEqual(200);
  });

  test("a reliable path that is slower than an outage does not hold back what was sent in it: datagrams bring it once they pass again", () => {
    const world = new World({ down: { delayMs: 20 }, up: { delayMs: 20 }, reliableDelayMs: 10_000 });
    world.openPath();
    world.play(60, 9000, (i) => {
      if (i === 180 || i === 270) for (const end of world.ends) end.out.blackout(i === 180);
      world.server.send(bytes(i));
      if (i % 100 === 99) world.server.send(bytes(i, 2500));
    });
    world.settle();
    expectOrdered(world.server, world.client);
    // 1.5 s of outage, and the next probe of a path that is suspended: they double, from 50 ms.
    expect(Math.max(...delays(world))).toBeLessThanOrEqual(2600);
    expect(world.server.link.stats(world.nowMs).counters.suspensions).toBe(1);
    expect([world.server.link.behindMs(world.nowMs), world.server.link.unacknowledgedBytes]).toEqual([0, 0]);
  });

  test.each(seeds(6))(
    "at any moment, with losses, a path that closes and bulk: in order, exactly once (SEED=%i)",
    (seed) => {
      const random = new SeededRandom(seed);
      const still = { server: false, client: false };
      const network = { loss: 0.1, delayMs: 30, jitterMs: 30, reorder: true, duplicate: 0.05 };
      const world = new World({
        seed,
        down: network,
        up: network,
        reliableDelayMs: 20 + 400 * random.next(),
        standsStill: (from) => still[from],
      });
      world.openPath();
      world.play(60, 20_000, (i) => {
        if (random.next() < 0.05) still.server = !still.server;
        if (random.next() < 0.05) still.client = !still.client;
        if (random.next() < 0.01) for (const end of world.ends) end.link.closePath();
        if (random.next() < 0.02)
          for (const end of world.ends) end.link.openPath({ mtuBytes: 1150, overheadBytes: 65 }, world.nowMs);
        if (random.next() < 0.005) for (const end of world.ends) if (random.next() < 0.5) end.link.closePath();
        for (const end of world.ends) {
          end.send(
            bytes(i, random.next() < 0.02 ? 20_000 : random.next() < 0.1 ? 3000 : 2 + Math.floor(300 * random.next())),
          );
          end.sendUnreliable(
            Uint8Array.of(i & 255, i >> 8, end.name.charCodeAt(0), ...bytes(i, 2 + Math.floor(2000 * random.next()))),
          );
        }
      });
      still.server = still.client = false;
      world.settle();
      for (const end of world.ends) {
        expect(end.link.failure).toBeUndefined();
        expectOrdered(end, end.peer);
        expectUnreliableAtMostOnce(end, end.peer);
        expect(end.link.stats(world.nowMs).counters.datagramsCarried).toBeGreaterThan(20);
      }
    },
  );
});
