/**
 * Captured traffic: the second decoder gets what the receivers of simulated sessions got, lost, late and double datagrams
 * and all, and must deliver the same messages; the FEEDBACK that the receivers send must be what arrived.
 * SEED=n replays one, CAPTURES=n runs n of them (default 12, some 6 s).
 */
import type { RepairOption } from "colyseus-fec/core";
import { SeededRandom, type ImpairmentOptions } from "colyseus-fec/netem";
import { describe, expect, it } from "vitest";
import { patchSize, randomMessage, seeds } from "../sim/random.js";
import { expectOrdered, World, type End } from "../sim/world.js";
import { Capture, isPrefix } from "./capture.js";
import { distance32 } from "./second-receiver.js";

const REPAIRS: RepairOption[] = [
  "adaptive",
  { schedule: "adaptive", overheadMax: 0.4 },
  "off",
  { schedule: "generation", groupSize: 2 },
  { schedule: "generation", groupSize: 4 },
  { schedule: "generation", groupSize: 16 },
  { schedule: "sliding", codeRate: 0.2 },
  { schedule: "sliding", codeRate: 0.5, depth: 4 },
  { schedule: "sliding", codeRate: 1, separate: true },
];
const FIRST_SEQS = [0, 1, 0x7fff, 0xffc0, 0xff_ffc0, 0x7fff_ffc0, 0xffff_ffff, 0xffff_ffc0];

interface Captured {
  world: World;
  server: Capture;
  client: Capture;
}

function randomPath(random: SeededRandom): ImpairmentOptions {
  const lossRatio = 0.02 + random.next() * 0.3;
  const loss = random.int(2)
    ? lossRatio
    : { kind: "gilbert-elliott-time" as const, lossRatio, meanBurstMs: 20 + random.int(100) };
  return {
    loss,
    delayMs: random.int(80),
    jitterMs: random.int(40),
    reorder: true,
    duplicate: random.next() * 0.1,
    reorderRatio: random.next() * 0.1,
    reorderDelayMs: 1 + random.int(80),
  };
}

function makeWorld(seed: number, random: SeededRandom): Captured {
  const firstSeq = FIRST_SEQS[seed % FIRST_SEQS.length]!,
    repair = REPAIRS[seed % REPAIRS.length]!;
  const world: World = new World({
    up: randomPath(random),
    down: randomPath(random),
    seed,
    reliableDelayMs: random.int(200),
    mtuBytes: 400 + random.int(777),
    link: { firstSeq, repair, recordPayloadMax: 100 + random.int(4000) },
    onDatagram: (from, datagram) => captured[from].onSent(datagram, world.nowMs),
  });
  const captured = { world, server: new Capture(world.server, firstSeq), client: new Capture(world.client, firstSeq) };
  return captured;
}

/** Plays traffic both ways; `onTick` sees every tick. */
function play({ world }: Captured, random: SeededRandom, ms: number, id: number): number {
  world.play([20, 40, 60][random.int(3)]!, ms, () => {
    for (const end of world.ends) {
      if (random.next() < 0.8) end.send(randomMessage(random, id++, random.int(20) === 0 ? 0 : patchSize(random)));
      if (random.next() < 0.05) end.send(randomMessage(random, id++, random.int(4000)));
      if (random.next() < 0.005) end.send(randomMessage(random, id++, 20_000));
      if (random.next() < 0.3)
        end.sendUnreliable(
          randomMessage(random, id++, 4 + (random.int(10) === 0 ? random.int(1500) : random.int(100))),
        );
    }
  });
  return id;
}

function messages(list: readonly { bytes: Uint8Array; ordered: boolean }[], ordered: boolean): Uint8Array[] {
  return list.filter((m) => m.ordered === ordered).map((m) => m.bytes);
}

/** Compares what the real receiver and the second decoder delivered so far, and what was sent. */
function expectSame(from: End, capture: Capture): void {
  const sent = messages(from.sent, true),
    real = messages(capture.end.delivered, true),
    { second } = capture;
  expect(
    isPrefix(real, second.ordered),
    `the real receiver's ${real.length} messages begin the second decoder's ${second.ordered.length}`,
  ).toBe(true);
  expect(
    isPrefix(second.ordered, sent),
    `the second decoder's ${second.ordered.length} messages begin the ${sent.length} sent`,
  ).toBe(true);
  expect(second.contradictions, "repair symbols that contradict the symbols").toBe(0);
  expect(second.dropped).toEqual([]);
  expect(second.closeCode).toBe(undefined);
}

/** Section 3.4: a barrier is after every ordered message that was sent before; not after a later one, unless the message went by record, perhaps late. */
function expectBarriers({ second }: Capture): void {
  const id = (m: Uint8Array): number => (m.length < 4 ? NaN : Buffer.from(m).readUInt32LE());
  second.unreliable.forEach((message, at) => {
    const { seq, byRecord } = second.barriers[at]!;
    second.ordered.forEach((ordered, i) => {
      const ahead = distance32(seq, second.firstSeqs[i]!);
      if (id(ordered) < id(message) && ahead <= 0)
        throw new Error(`barrier ${seq} of ${id(message)} is not after ${id(ordered)}`);
      if (id(ordered) > id(message) && ahead > 0 && !byRecord)
        throw new Error(`barrier ${seq} of ${id(message)} is after ${id(ordered)}`);
    });
  });
}

/** Unreliable messages as sets: the second decoder forgets nothing, so it may complete a few that the real receiver gave up. */
function expectSameUnreliable(from: End, capture: Capture): { real: number; second: number } {
  const text = (list: readonly Uint8Array[]): string[] => list.map((m) => Buffer.from(m).toString("latin1"));
  const sent = new Set(text(messages(from.sent, false))),
    real = text(messages(capture.end.delivered, false)),
    second = text(capture.second.unreliable);
  const secondSet = new Set(second);
  expect(secondSet.size, "second decoder: at most once").toBe(second.length);
  expect(new Set(real).size, "real receiver: at most once").toBe(real.length);
  expect(
    real.filter((m) => !secondSet.has(m)),
    "delivered, but unknown to the second decoder",
  ).toEqual([]);
  expect(
    second.filter((m) => !sent.has(m)),
    "never sent",
  ).toEqual([]);
  return { real: real.length, second: second.length };
}

function runWorld(seed: number, kinds: Map<string, number>): void {
  const random = new SeededRandom(seed);
  const captured = makeWorld(seed, random);
  const { world, server, client } = captured;
  const check = (): void => {
    expectSame(world.server, client);
    expectSame(world.client, server);
  };
  world.openPath();
  let id = play(captured, random, 1500, 0);
  check();
  // The datagram path dies and comes back; then it closes and opens: the reliable path carries meanwhile.
  for (const end of world.ends) end.out.blackout(true);
  id = play(captured, random, 1000, id);
  for (const end of world.ends) end.out.blackout(false);
  id = play(captured, random, 1000, id);
  check();
  world.closePath();
  id = play(captured, random, 200, id);
  world.openPath();
  play(captured, random, 1000, id);
  world.settle(30_000);
  expectOrdered(world.server, world.client);
  expectOrdered(world.client, world.server);
  check();
  for (const capture of [server, client]) {
    expect(capture.second.ordered.length).toBe(messages(capture.end.delivered, true).length);
    const unreliable = expectSameUnreliable(capture.end.peer, capture);
    // Bounds of its memory may make the real receiver know less, but hardly ever do.
    expect(unreliable.real).toBeGreaterThanOrEqual(unreliable.second * 0.98);
    expect(capture.feedbackFrames).toBeGreaterThan(20);
    expect(capture.behind).toBeLessThanOrEqual(capture.feedbackFrames * 0.01);
    expectBarriers(capture);
    for (const [kind, count] of capture.sentKinds) kinds.set(kind, (kinds.get(kind) ?? 0) + count);
  }
}

describe("captured traffic", () => {
  const all = seeds(Number(process.env.CAPTURES ?? 12)),
    kinds = new Map<string, number>();
  for (const seed of all) {
    it(
      `means the same to the second decoder, and feedback tells what arrived: SEED=${seed}`,
      { timeout: 120_000 },
      () => runWorld(seed, kinds),
    );
  }

  // A seed that is replayed alone plays one kind of repair, and so cannot hold every kind of frame.
  it.runIf(all.length >= REPAIRS.length)(
    "holds every kind of frame, on both streams, and symbols of every place in a message",
    () => {
      for (const kind of [
        "source 0",
        "source 1",
        "source 0 RETRANSMITTED",
        "source 0 FIRST only",
        "source 0 middle",
        "source 0 LAST only",
        "source 1 FIRST only",
        "source 1 LAST only",
        "source 0 empty",
        "repair 0 XOR",
        "repair 0 Cauchy",
        "repair 1 Cauchy",
        "repair 0 with gaps",
        "feedback",
        "feedback holds symbols",
        "ping",
      ])
        expect(kinds.get(kind) ?? 0, kind).toBeGreaterThan(10);
    },
  );
});
