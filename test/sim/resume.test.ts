/** What follows an outage: what the reliable path had to carry meanwhile is acknowledged, and sent again at most once a round trip. */
import { describe, expect, test } from "vitest";
import { randomMessage, seeds } from "./random.js";
import { SeededRandom } from "colyseus-fec/netem";
import { World, expectOrdered } from "./world.js";

/** Both directions lose everything. */
function blackout(world: World, on: boolean): void {
  for (const end of world.ends) end.out.blackout(on);
}

describe("after an outage", () => {
  test.each(seeds(5))(
    "at any moment, however slow the reliable path is: all is acknowledged when the game is silent, and nobody is behind (SEED=%i)",
    (seed) => {
      const random = new SeededRandom(seed);
      const still = { server: false, client: false };
      const world = new World({
        down: { delayMs: 20, loss: 0.05 },
        up: { delayMs: 20, loss: 0.05 },
        seed,
        reliableDelayMs: 20 + random.int(3000),
        standsStill: (from) => still[from],
      });
      world.openPath();
      for (let outage = 0; outage < 20; outage++) {
        const stands = random.int(2) === 0;
        const lengthMs = 300 + random.int(3000),
          message = (i: number): Uint8Array => randomMessage(random, outage * 1000 + i, 60);
        world.play(20, 1000, (i) => world.server.send(message(i)));
        if (stands) still.server = still.client = true;
        else blackout(world, true);
        world.play(20, lengthMs, (i) => random.int(3) === 0 && world.server.send(message(100 + i)));
        still.server = still.client = false;
        blackout(world, false);
        // The room says nothing; the player goes on.
        world.play(10, 12_000, (i) => world.client.sendUnreliable(message(300 + i)));
        expectOrdered(world.server, world.client);
        expect(
          [world.server.link.unacknowledgedBytes, world.server.link.behindMs(world.nowMs)],
          `outage ${outage}`,
        ).toEqual([0, 0]);
      }
    },
  );

  test("nobody is behind by the outage's length: how late a symbol is counts from its own datagram", () => {
    const world = new World({ down: { delayMs: 25 }, up: { delayMs: 25 }, reliableDelayMs: 10_000 }),
      random = new SeededRandom(1);
    let most = 0;
    world.openPath();
    world.play(60, 12_000, (i) => {
      if (i === 120 || i === 300) blackout(world, i === 120);
      world.server.send(randomMessage(random, i, 165));
      if (i > 300 && world.server.link.path === "datagram")
        most = Math.max(most, world.server.link.behindMs(world.nowMs));
    });
    expect(world.server.link.path).toBe("datagram");
    expect(most).toBeLessThan(100);
  });

  test("what was sent meanwhile is sent again once, not with every feedback of a round trip", () => {
    const narrow = { delayMs: 50, rateKbps: 500, queueBytes: 32_000 };
    const world = new World({ down: narrow, up: narrow, reliableDelayMs: 1500, link: { repair: "off" } }),
      random = new SeededRandom(1);
    let before = 0;
    world.openPath();
    world.play(60, 8000, (i) => {
      if (i === 120 || i === 300) {
        blackout(world, i === 120);
        before = world.server.link.stats(world.nowMs).counters.retransmissionsSent;
      }
      world.server.send(randomMessage(random, i, 165));
    });
    // The reliable path is a second and a half late: some 90 symbols are still under way there when the path is back.
    const resent = world.server.link.stats(world.nowMs).counters.retransmissionsSent - before;
    expect(resent).toBeGreaterThan(50);
    expect(resent).toBeLessThan(120);
    world.settle();
    expectOrdered(world.server, world.client);
  });
});
