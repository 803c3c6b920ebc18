/** Two links over a simulated network: in order, exactly once, byte-equal, within the MTU, and it always ends. */
import { SeededRandom, type ImpairmentOptions } from "colyseus-fec/netem";
import type { RepairOption } from "colyseus-fec/core";
import { createHash } from "node:crypto";
import { describe, expect, it } from "vitest";
import { patchSize, randomMessage, seeds } from "./random.js";
import { World, expectOrdered, expectUnreliableAtMostOnce } from "./world.js";

const LINKS: Record<string, ImpairmentOptions> = {
  "no loss": { delayMs: 50 },
  "5 % loss": { delayMs: 50, loss: 0.05 },
  "20 % loss": { delayMs: 50, loss: 0.2 },
  "5 % in bursts of 50 ms": { delayMs: 50, loss: { kind: "gilbert-elliott-time", lossRatio: 0.05, meanBurstMs: 50 } },
  "10 % in bursts of 3": {
    delayMs: 20,
    loss: { kind: "gilbert-elliott-count", lossRatio: 0.1, meanBurstDatagrams: 3 },
  },
  "jitter that reorders": { delayMs: 30, jitterMs: 30, reorder: true, loss: 0.02 },
  "duplicates and reordering": { delayMs: 10, duplicate: 0.1, reorderRatio: 0.1, reorderDelayMs: 60, loss: 0.05 },
  "a slow link with a finite queue": { delayMs: 20, rateKbps: 150, queueBytes: 8000, loss: 0.01 },
};

const REPAIRS: RepairOption[] = [
  "adaptive",
  "off",
  { schedule: "generation", groupSize: 4 },
  { schedule: "sliding", codeRate: 1 },
];

/** Plays a game: patches down at 60 Hz, inputs up, now and then fragments, empty and unreliable messages. */
function playGame(world: World, random: SeededRandom, ms: number): void {
  let id = 0;
  world.play(60, ms, (i) => {
    world.server.send(randomMessage(random, id++, patchSize(random)));
    if (i % 7 === 0) world.server.sendUnreliable(randomMessage(random, id++, 60));
    if (i % 40 === 0) world.server.send(randomMessage(random, id++, 1200 * (1 + random.int(6))));
    if (i % 90 === 0) world.server.send(new Uint8Array(0));
    if (i % 2 === 0) world.client.sendUnreliable(randomMessage(random, id++, 20));
    if (i % 3 === 0) world.client.send(randomMessage(random, id++, 12));
  });
}

function expectRight(world: World): void {
  expectOrdered(world.server, world.client);
  expectOrdered(world.client, world.server);
  expectUnreliableAtMostOnce(world.server, world.client);
  expectUnreliableAtMostOnce(world.client, world.server);
}

describe("two links over a simulated network", () => {
  for (const [name, link] of Object.entries(LINKS)) {
    for (const repair of REPAIRS) {
      const label = typeof repair === "string" ? repair : JSON.stringify(repair);
      for (const seed of seeds(2)) {
        it(`delivers in order, exactly once: ${name}, repair ${label} (SEED=${seed})`, () => {
          const firstSeq = [0, 1, 0x7fff_ff00, 0xffff_ff80, 0xff80, 0x7ff0][seed % 6]!;
          const world = new World({ up: link, down: link, seed, link: { repair, firstSeq } });
          world.openPath();
          playGame(world, new SeededRandom(seed), 8000);
          world.settle();
          expectRight(world);
        });
      }
    }
  }

  it("mends an outage within the longer of the outage and a round trip, for feedback speaks of it while it lasts", () => {
    const outages: ImpairmentOptions = {
      delayMs: 50,
      loss: { kind: "gilbert-elliott-time", lossRatio: 0.05, meanBurstMs: 50 },
    };
    const extra = [1, 2]
      .flatMap((seed) => {
        const world = new World({ up: outages, down: outages, seed }),
          random = new SeededRandom(seed);
        world.openPath();
        world.play(60, 100_000, (i) => world.server.send(randomMessage(random, i, patchSize(random))));
        world.settle();
        expectOrdered(world.server, world.client);
        return world.client.delivered.map((m, i) => m.atMs - world.server.sent[i]!.atMs - 50);
      })
      .sort((a, b) => a - b);
    const p99 = extra[Math.floor(0.99 * extra.length)]!;
    // By retransmission after the outage alone, and by repair, it is 200 ms.
    expect(p99).toBeLessThan(150);
  });

  it("sends feedback with inputs, in no datagrams of its own, and none into the pauses of a game", () => {
    const world = new World({ up: { delayMs: 50 }, down: { delayMs: 50 } });
    const random = new SeededRandom(1);
    world.openPath();
    world.run(1000);
    const before = world.client.datagrams;
    let inputs = 0;
    world.play(60, 20_000, (i) => {
      world.client.sendUnreliable(randomMessage(random, i, 40));
      inputs++;
      if (i % 3 === 0 && i % 120 < 60) world.server.send(randomMessage(random, i, patchSize(random)));
    });
    expect(world.client.datagrams - before).toBeLessThan(1.02 * inputs);
    const quiet = new World({ up: { delayMs: 50 }, down: { delayMs: 50, loss: 0.05 } });
    quiet.openPath();
    quiet.run(1000);
    const quietBefore = quiet.client.datagrams;
    for (let i = 0; i < 200; i++) {
      quiet.play(1000, 10 + random.int(600), (j) => j === 0 && quiet.server.send(randomMessage(random, i, 100)));
    }
    // At most one for each patch, its repair and its probe, and few more.
    expect(quiet.client.datagrams - quietBefore).toBeLessThan(4 * 200);
  });

  it("carries everything by the reliable path while no datagram path is open", () => {
    const world = new World({ seed: 3 });
    playGame(world, new SeededRandom(3), 2000);
    world.settle();
    expectRight(world);
    expect(world.server.datagrams + world.client.datagrams).toBe(0);
  });

  it("loses nothing when datagrams stop for 5 s in the middle, and uses them again afterwards", () => {
    const world = new World({ up: { delayMs: 50, loss: 0.05 }, down: { delayMs: 50, loss: 0.05 }, seed: 4 });
    const random = new SeededRandom(4);
    world.openPath();
    playGame(world, random, 2000);
    for (const end of world.ends) end.out.blackout(true);
    playGame(world, random, 5000);
    expect(world.server.link.stats(world.nowMs).path).toBe("reliable");
    for (const end of world.ends) end.out.blackout(false);
    // Probes go once a second by now, and may be lost as well.
    playGame(world, random, 5000);
    expect(world.server.link.stats(world.nowMs).path).toBe("datagram");
    expect(world.client.link.stats(world.nowMs).path).toBe("datagram");
    world.settle();
    expectRight(world);
    const worst = Math.max(...delays(world));
    expect(worst).toBeLessThan(1000);
  });

  it("loses nothing when only one direction stops", () => {
    const world = new World({ up: { delayMs: 50 }, down: { delayMs: 50 }, seed: 5 });
    const random = new SeededRandom(5);
    world.openPath();
    playGame(world, random, 1000);
    world.client.out.blackout(true);
    playGame(world, random, 4000);
    world.client.out.blackout(false);
    playGame(world, random, 2000);
    world.settle();
    expectRight(world);
    expect(world.server.link.stats(world.nowMs).path).toBe("datagram");
  });

  it("loses nothing when the path closes and opens at any moment", () => {
    for (const seed of seeds(8)) {
      const world = new World({
        up: { delayMs: 40, loss: 0.1 },
        down: { delayMs: 40, loss: 0.1 },
        seed,
        link: { firstSeq: 0xffff_fff0 },
      });
      const random = new SeededRandom(seed);
      for (let round = 0; round < 6; round++) {
        world.openPath();
        playGame(world, random, 300 + random.int(500));
        if (random.int(2)) world.server.link.closePath();
        else world.closePath();
        world.drain();
        playGame(world, random, random.int(300));
      }
      world.settle();
      expectRight(world);
    }
  });

  it("moves bulk by the reliable path and keeps its place in the order", () => {
    const world = new World({
      up: { delayMs: 40, loss: 0.1 },
      down: { delayMs: 40, loss: 0.1 },
      seed: 6,
      reliableDelayMs: 300,
      serverLink: { recordPayloadMax: 4096 },
    });
    const random = new SeededRandom(6);
    world.openPath();
    for (let i = 0; i < 5; i++) {
      playGame(world, random, 500);
      world.server.send(randomMessage(random, 0, 200_000 + i));
      world.drain();
    }
    world.settle();
    expectRight(world);
  });

  it("survives hundreds of messages in one tick", () => {
    const world = new World({ up: { delayMs: 40, loss: 0.1 }, down: { delayMs: 40, loss: 0.1 }, seed: 7 });
    const random = new SeededRandom(7);
    world.openPath();
    for (let burst = 0; burst < 5; burst++) {
      for (let i = 0; i < 700; i++) world.server.send(randomMessage(random, i, 40));
      for (let i = 0; i < 100; i++) world.server.sendUnreliable(randomMessage(random, i + 10_000 * burst, 40));
      world.drain();
      world.run(200);
    }
    world.settle();
    expectRight(world);
  });

  it("mends the tail: the last message before silence needs no later one", () => {
    for (const seed of seeds(20)) {
      const world = new World({ up: { delayMs: 50, loss: 0.2 }, down: { delayMs: 50, loss: 0.2 }, seed });
      world.openPath();
      playGame(world, new SeededRandom(seed), 1000);
      const lastAt = world.nowMs;
      world.settle(3000);
      expectRight(world);
      expect(world.client.delivered.at(-1)!.atMs - lastAt).toBeLessThan(1500);
    }
  });

  it("signals two losses in a group, retransmits them and keeps the order (fault 10 of the reference)", () => {
    const world = new World({
      up: { delayMs: 50 },
      down: { delayMs: 50 },
      link: { repair: { schedule: "generation", groupSize: 4 } },
    });
    world.openPath();
    world.run(200);
    for (let i = 0; i < 4; i++) {
      world.server.out.blackout(i === 1 || i === 2);
      world.server.send(new Uint8Array([i, i, i]));
      world.drain();
      world.run(16);
    }
    world.settle(2000);
    expectOrdered(world.server, world.client);
    expect(world.server.link.stats(world.nowMs).counters.retransmissionsSent).toBeGreaterThanOrEqual(1);
  });

  it("keeps 250 symbols that wait for one missing symbol (swarm SEED=12: they were evicted from the decoder's history)", () => {
    const world = new World({
      up: { delayMs: 50 },
      down: { delayMs: 50 },
      link: { repair: "off" },
      reliableDelayMs: 3000,
    });
    world.openPath();
    world.run(200);
    world.server.out.blackout(true);
    world.server.send(new Uint8Array([1]));
    world.drain();
    world.server.out.blackout(false);
    // Every retransmission of the missing symbol is lost too: only the reliable path brings it, late.
    for (let i = 0; i < 250; i++) {
      world.server.send(new Uint8Array([2, i]));
      world.drain();
    }
    world.settle();
    expectOrdered(world.server, world.client);
  });

  it("delivers a fragmented unreliable message once when repair solves its last two symbols together (swarm SEED=1)", () => {
    for (const seed of seeds(30)) {
      const world = new World({
        up: { delayMs: 20 },
        down: { delayMs: 20, loss: 0.2 },
        seed,
        link: { repair: { schedule: "sliding", codeRate: 1 } },
      });
      const random = new SeededRandom(seed);
      world.openPath();
      world.play(60, 1000, (i) => world.server.sendUnreliable(randomMessage(random, i, 3000)));
      world.settle(1000);
      expect(expectUnreliableAtMostOnce(world.server, world.client)).toBeGreaterThan(20);
    }
  });

  it("survives a change to code rate 0 while repairs wait (swarm SEED=113)", () => {
    const world = new World({
      up: { delayMs: 20 },
      down: { delayMs: 20 },
      link: { repair: { schedule: "sliding", codeRate: 1 } },
    });
    world.openPath();
    world.server.send(new Uint8Array(100));
    world.drain();
    world.server.link.setRepair("off");
    world.server.send(new Uint8Array(100));
    world.drain();
    world.settle(1000);
    expectOrdered(world.server, world.client);
  });

  it("answers the same inputs with the same bytes", () => {
    const digest = (): string => {
      const hash = createHash("sha256");
      const world = new World({
        up: LINKS["20 % loss"]!,
        down: LINKS["20 % loss"]!,
        seed: 9,
        onDatagram: (_, datagram) => hash.update(datagram),
      });
      world.openPath();
      playGame(world, new SeededRandom(9), 3000);
      return hash.digest("hex");
    };
    expect(digest()).toBe(digest());
  });
});

/** How long each ordered message took, ms. */
function delays(world: World): number[] {
  const sent = world.server.sent.filter((m) => m.ordered),
    got = world.client.delivered.filter((m) => m.ordered);
  return got.map((m, i) => m.atMs - sent[i]!.atMs);
}
