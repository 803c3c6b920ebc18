/** What a link makes of a path that changes under it: a longer route, clocks that drift, a channel in place of another, hours without one. */
import { SeededRandom } from "colyseus-fec/netem";
import { describe, expect, it } from "vitest";
import { patchSize, randomMessage } from "./random.js";
import { World, expectOrdered } from "./world.js";

const random = new SeededRandom(1);

/** Plays patches down; returns the repairs per patch. */
function play(world: World, ms: number, hz = 60): number {
  const before = world.server.link.stats(world.nowMs).counters.repairsSent;
  world.play(hz, ms, (i) => world.server.send(randomMessage(random, i, patchSize(random))));
  return (world.server.link.stats(world.nowMs).counters.repairsSent - before) / ((hz * ms) / 1000);
}

function delay(world: World, delayMs: number): void {
  for (const end of world.ends) end.out.configure({ delayMs, loss: 0.05 });
}

describe("adaptive repair", () => {
  it("comes back within seconds where the route became longer, which looks like a queue at first", () => {
    const world = new World({ up: { delayMs: 10, loss: 0.05 }, down: { delayMs: 10, loss: 0.05 } });
    world.openPath();
    expect(play(world, 20_000)).toBeGreaterThan(0.4);
    delay(world, 50);
    play(world, 10_000);
    expect(play(world, 10_000)).toBeGreaterThan(0.2);
    play(world, 20_000);
    expect(play(world, 10_000)).toBeGreaterThan(0.6);
    world.settle();
    expectOrdered(world.server, world.client);
  });

  it("does not take another channel's longer way for a queue", () => {
    const world = new World({ up: { delayMs: 10, loss: 0.05 }, down: { delayMs: 10, loss: 0.05 } });
    world.openPath();
    play(world, 20_000);
    world.closePath();
    play(world, 1000);
    delay(world, 50);
    world.openPath();
    play(world, 1000);
    expect(play(world, 5000)).toBeGreaterThan(0.6);
    expect(world.server.link.stats(world.nowMs).minRttMs).toBeGreaterThan(90);
  });

  // What one end notices the other need not: a NAT's address changes without the client, a port alone without the server.
  for (const told of [["server", "client"], ["server"]]) {
    for (const outageMs of [0, 5000]) {
      for (const hz of [20, 60]) {
        it(`is back within 15 s of a move to a longer way with jitter that the ${told.join(" and the ")} noticed, after an outage of ${outageMs} ms, at ${hz} Hz`, () => {
          const world = new World({
            up: { delayMs: 15, jitterMs: 10, loss: 0.05 },
            down: { delayMs: 15, jitterMs: 10, loss: 0.05 },
          });
          world.openPath();
          play(world, 20_000, hz);
          for (const end of world.ends) end.out.configure({ delayMs: 60, jitterMs: 10, loss: 0.05 });
          for (const end of world.ends) end.out.blackout(outageMs > 0);
          play(world, outageMs, hz);
          for (const end of world.ends) end.out.blackout(false);
          for (const { name, link } of world.ends) if (told.includes(name)) link.movePath(world.nowMs);
          play(world, 10_000, hz);
          expect(play(world, 5000, hz)).toBeGreaterThan(0.6);
          expect(world.server.link.stats(world.nowMs).minRttMs).toBeGreaterThan(115);
          world.settle();
          expectOrdered(world.server, world.client);
        });
      }
    }
  }

  it("comes back from a route that nobody noticed, with the jitter of a mobile network, within half a minute", () => {
    const world = new World({ up: { delayMs: 15, loss: 0.05 }, down: { delayMs: 15, loss: 0.05 } });
    world.openPath();
    play(world, 20_000, 20);
    for (const end of world.ends) end.out.configure({ delayMs: 45, jitterMs: 30, loss: 0.05 });
    play(world, 20_000, 20);
    expect(play(world, 10_000, 20)).toBeGreaterThan(0.6);
  });

  it("outlives clocks that drift apart by a tenth of a thousandth for twenty minutes", { timeout: 120_000 }, () => {
    const world = new World({
      up: { delayMs: 30, loss: 0.05 },
      down: { delayMs: 30, loss: 0.05 },
      clientClockRate: 1.0001,
    });
    world.openPath();
    const shares = Array.from({ length: 20 }, () => play(world, 60_000));
    // A step back costs three seconds of repair and half a minute of less.
    for (const share of shares) expect(share).toBeGreaterThan(0.3);
    expect(shares.filter((share) => share < 0.6).length).toBeLessThanOrEqual(2);
  });
});

describe("a path that was out for very long", () => {
  it("is found again after ten hours: probes become rare, and their numbers do not wrap", { timeout: 120_000 }, () => {
    const world = new World({ up: { delayMs: 30 }, down: { delayMs: 30 } });
    world.openPath();
    play(world, 2000);
    for (const end of world.ends) end.out.blackout(true);
    play(world, 5000);
    const before = world.server.datagrams;
    world.run(10 * 3_600_000);
    expect(world.server.datagrams - before).toBeLessThan(2000);
    for (const end of world.ends) end.out.blackout(false);
    world.run(31_000);
    play(world, 1000);
    expect(world.server.link.path).toBe("datagram");
    world.settle();
    expectOrdered(world.server, world.client);
  });

  it("is found again within a second or two after a minute", () => {
    const world = new World({ up: { delayMs: 30 }, down: { delayMs: 30 } });
    world.openPath();
    play(world, 2000);
    for (const end of world.ends) end.out.blackout(true);
    play(world, 60_000);
    for (const end of world.ends) end.out.blackout(false);
    play(world, 2000);
    expect(world.server.link.path).toBe("datagram");
  });
});

describe("a game that pauses after a lost unreliable message", () => {
  it("lets the link sleep", () => {
    const world = new World({ up: { delayMs: 30, loss: 0.2 }, down: { delayMs: 30, loss: 0.2 } });
    world.openPath();
    world.play(60, 10_000, (i) => world.server.sendUnreliable(randomMessage(random, i, 60)));
    world.run(500);
    let wakes = 0;
    for (
      let nowMs = world.nowMs;
      nowMs < world.nowMs + 5000 && world.server.link.pollTimeout() < world.nowMs + 5000;
      wakes++
    )
      world.runUntil(Math.max(world.nowMs, world.server.link.pollTimeout()));
    expect(wakes).toBeLessThan(10);
  });
});
