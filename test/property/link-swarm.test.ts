/**
 * Swarm testing: random worlds, each with its own faults switched off or turned up, judged by the list of messages sent.
 * SEED=n replays one; SWARM=n runs n of them (default 150, some 20 s).
 */
import { SeededRandom, type ImpairmentOptions, type LossOptions } from "colyseus-fec/netem";
import type { RepairOption } from "colyseus-fec/core";
import { describe, it } from "vitest";
import { patchSize, randomMessage, seeds } from "../sim/random.js";
import { World, expectOrdered, expectUnreliableAtMostOnce } from "../sim/world.js";

const FIRST_SEQS = [0, 1, 0x7fff, 0xffff, 0xff00, 0x7fff_ffff, 0x7fff_ff80, 0xffff_ffff, 0xffff_ff00];
const WORLDS_PER_TEST = 10;

function randomLoss(random: SeededRandom): number | LossOptions {
  const lossRatio = random.next() * 0.4;
  switch (random.int(4)) {
    case 0: return 0;
    case 1: return { kind: "gilbert-elliott-time", lossRatio, meanBurstMs: 5 + random.int(200) };
    case 2: return { kind: "gilbert-elliott-count", lossRatio, meanBurstDatagrams: 1 + random.int(10) };
    default: return lossRatio;
  }
}

function randomImpairment(random: SeededRandom): ImpairmentOptions {
  const maybe = (p: number, value: number): number => (random.next() < p ? value : 0);
  return {
    loss: randomLoss(random), delayMs: random.int(150), jitterMs: maybe(0.5, random.int(80)), reorder: random.int(2) === 0,
    reorderRatio: maybe(0.3, random.next() * 0.3), reorderDelayMs: 1 + random.int(100), duplicate: maybe(0.3, random.next() * 0.3),
    ...(random.next() < 0.2 ? { rateKbps: 60 + random.int(400), queueBytes: 3000 + random.int(30_000) } : {}),
  };
}

function randomRepair(random: SeededRandom): RepairOption {
  switch (random.int(4)) {
    case 0: return "off";
    case 1: return { schedule: "generation", groupSize: 2 + random.int(15) };
    case 2: return { schedule: "sliding", codeRate: 0.05 + 0.95 * random.next(), separate: random.int(2) === 0 };
    default: return "adaptive";
  }
}

/** One random world: plays, cuts and mends the path, changes repair, settles, and compares with what was sent. */
function runWorld(seed: number): void {
  const random = new SeededRandom(seed);
  const firstSeq = FIRST_SEQS[random.int(FIRST_SEQS.length)]!;
  const world = new World({
    up: randomImpairment(random), down: randomImpairment(random), seed, reliableDelayMs: random.int(400), mtuBytes: 300 + random.int(1100),
    link: { firstSeq, recordPayloadMax: random.int(2) ? 4096 : 100 + random.int(5000) },
    serverLink: { repair: randomRepair(random) }, clientLink: { repair: randomRepair(random) },
  });
  const hz = [10, 20, 30, 60, 120][random.int(5)]!;
  let id = 0;
  for (let act = 0; act < 4; act++) {
    if (random.int(3) > 0) world.openPath();
    if (random.int(5) === 0) world.closePath();
    for (const end of world.ends) {
      end.out.blackout(random.int(8) === 0);
      if (random.int(4) === 0) end.link.setRepair(randomRepair(random));
    }
    const burst = random.int(4) === 0 ? 1 + random.int(40) : 1;
    world.play(hz, 200 + random.int(1200), () => {
      for (const end of world.ends) {
        for (let i = 0; i < burst; i++) if (random.next() < 0.7) end.send(randomMessage(random, id++, random.int(20) === 0 ? 0 : patchSize(random)));
        if (random.next() < 0.05) end.send(randomMessage(random, id++, random.int(12_000)));
        if (random.next() < 0.4) end.sendUnreliable(randomMessage(random, id++, 4 + random.int(2000)));
      }
    });
  }
  for (const end of world.ends) end.out.blackout(false);
  world.settle(60_000);
  for (const end of world.ends) if (end.link.failure) throw new Error(`${end.name} failed: ${end.link.failure.reason}`);
  expectOrdered(world.server, world.client);
  expectOrdered(world.client, world.server);
  expectUnreliableAtMostOnce(world.server, world.client);
  expectUnreliableAtMostOnce(world.client, world.server);
}

describe("random worlds", () => {
  const all = seeds(Number(process.env.SWARM ?? 150));
  for (let at = 0; at < all.length; at += WORLDS_PER_TEST) {
    const some = all.slice(at, at + WORLDS_PER_TEST);
    it(`deliver in order, exactly once: SEED=${some[0]}..${some.at(-1)}`, { timeout: 120_000 }, () => {
      for (const seed of some) {
        try {
          runWorld(seed);
        } catch (error) {
          throw new Error(`SEED=${seed}: ${(error as Error).message}`, { cause: error });
        }
      }
    });
  }
});
