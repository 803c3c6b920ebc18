/**
 * One random world of the swarm, a function of its seed alone. Every fault and every habit of the game is switched off in about half of the worlds and
 * turned up in the rest, so that faults meet in all combinations (Groce et al., "Swarm Testing", ISSTA 2012). The list of the messages
 * sent is the oracle. In the end the network is mended, and the datagram path must carry again and then fall silent with the game.
 */
import { PROFILE_NAMES, SeededRandom, profiles, type ImpairmentOptions, type LossOptions } from "colyseus-fec/netem";
import type { LinkCounters, RepairOption } from "colyseus-fec/core";
import { appendCrc32, stripCrc32 } from "../../plugin/channels/impaired/crc32.js";
import { patchSize } from "./random.js";
import { World, type WorldOptions, expectOrdered, expectUnreliableAtMostOnce } from "./world.js";

/** Where numbers wrap or change sign: 7 bits (columns of repair rows), 16 (datagram numbers), 24 (symbols on the wire), 31 and 32. */
const WRAPS = [0, 0x80, 0x8000, 0x1_0000, 0x80_0000, 0x100_0000, 0x8000_0000, 0x1_0000_0000];
const NEAR_WRAP = 300;

/** Send time stamps wrap at this many ms. */
const TIME_WRAP_MS = 65_536;

/** After the faults: everything must arrive in this time, ms. */
const SETTLE_MS = 60_000;

/** A mended path is idle for this long, ms, with at most so many datagrams: a keepalive, and probes of what is not acknowledged. */
const IDLE_MS = 20_000;
const IDLE_DATAGRAMS_MAX = 24;

/** What happened in a world, for the sums that show that a swarm reaches everything. */
export type WorldCounts = Pick<
  LinkCounters,
  | "symbolsSent"
  | "repairsSent"
  | "retransmissionsSent"
  | "rescuesSent"
  | "symbolsRecovered"
  | "symbolsRetransmitted"
  | "symbolsCarried"
  | "symbolsLost"
  | "datagramsSent"
  | "datagramsCarried"
  | "datagramsDuplicate"
  | "spuriousLosses"
  | "suspensions"
  | "messagesReceived"
> & { damaged: number; unreliable: number };

/** What this world does, drawn once: absent means never. */
interface Habits {
  hz: number;
  orderedRatio: number;
  unreliableRatio: number;
  fragments: boolean;
  bulk: boolean;
  bursts: boolean;
  silence: boolean;
  switchRepair: boolean;
  blackouts: boolean;
  closes: boolean;
  mtuChanges: boolean;
  newNetworks: boolean;
  /** Draws which channels stand still, by itself, so that the other draws of a seed stay; undefined: none ever does. */
  standstills: SeededRandom | undefined;
  still: { server: boolean; client: boolean };
}

/** Sees all that an end of a world puts on its two paths; see {@link WorldOptions}. */
export type Tap = Pick<WorldOptions, "onDatagram" | "onRecord">;

/** Plays the world of one seed. @throws Error if a property does not hold. @param scale how long it plays: 1 = some 0.2..1 s. */
export function playRandomWorld(seed: number, scale = 1, tap: Tap = {}): WorldCounts {
  const random = new SeededRandom(seed);
  const network = { up: randomNetwork(random), down: randomNetwork(random) };
  const still = { server: false, client: false };
  const world: World = new World({
    ...network,
    ...tap,
    standsStill: (from) => still[from],
    seed: random.int(2 ** 30),
    reliableDelayMs: random.int(2) ? random.int(60) : random.int(600),
    mtuBytes: randomMtu(random),
    link: { firstSeq: nearWrap(random), recordPayloadMax: random.int(2) ? 4096 : 100 + random.int(5000) },
    serverLink: { repair: randomRepair(random) },
    clientLink: { repair: randomRepair(random) },
  });
  world.nowMs = random.int(2)
    ? 1000
    : Math.max(0, TIME_WRAP_MS * (1 + random.int(3)) - random.int(600)) + random.next();
  const standstills = standstillsOf(seed);
  const habits: Habits = {
    ...randomHabits(random),
    still,
    standstills,
  };
  const damaged = network.up.corrupt || network.down.corrupt || habits.newNetworks ? sealed(world) : { count: 0 };
  const ids = { next: 0 };
  const acts = 1 + random.int(4);
  if (random.int(8) > 0) open(world, habits, random);
  for (let act = 0; act < acts; act++) {
    playAct(world, habits, random, scale * (40 + random.int(250)), ids);
    changeSomething(world, habits, random);
  }
  still.server = still.client = false;
  mend(world, random, ids);
  return countsOf(world, damaged.count);
}

/** What draws when the channels of this seed's world stand still; undefined: they never do. */
export function standstillsOf(seed: number): SeededRandom | undefined {
  const random = new SeededRandom(seed + 1_000_003);
  return random.next() < 0.4 ? random : undefined;
}

function randomHabits(random: SeededRandom): Omit<Habits, "still" | "standstills"> {
  const sometimes = (p = 0.5): boolean => random.next() < p;
  return {
    hz: [10, 20, 30, 60, 120][random.int(5)]!,
    orderedRatio: sometimes(0.8) ? 0.2 + 0.8 * random.next() : 0,
    unreliableRatio: sometimes() ? random.next() : 0,
    fragments: sometimes(),
    bulk: sometimes(0.2),
    bursts: sometimes(0.2),
    silence: sometimes(0.3),
    switchRepair: sometimes(0.3),
    blackouts: sometimes(0.3),
    closes: sometimes(0.3),
    mtuChanges: sometimes(0.15),
    newNetworks: sometimes(0.2),
  };
}

function playAct(world: World, habits: Habits, random: SeededRandom, ms: number, ids: { next: number }): void {
  if (habits.silence && random.int(3) === 0) {
    world.run(ms);
    return;
  }
  // A path is given up only after some time in the dark.
  if (habits.blackouts && random.int(3) === 0) ms += 200 + random.int(1800);
  const burst = habits.bursts && random.int(3) === 0 ? 1 + random.int(300) : 1;
  let inTick = burst;
  world.play(habits.hz, ms, () => {
    for (const end of world.ends) {
      for (let i = 0; i < inTick; i++) {
        if (random.next() < habits.orderedRatio) end.send(message(random, ids.next++, patchBytes(random)));
        if (random.next() < habits.unreliableRatio)
          end.sendUnreliable(message(random, ids.next++, 4 + (random.int(8) ? random.int(60) : random.int(2500))));
      }
      if (habits.fragments && random.int(6) === 0) end.send(message(random, ids.next++, random.int(9000)));
      if (habits.bulk && random.int(20) === 0) end.send(message(random, ids.next++, 9000 + random.int(30_000)));
    }
    inTick = 1;
  });
}

/** A message whose first four bytes, as far as it is long enough, hold `id`; the others are of no use to each other. */
function message(random: SeededRandom, id: number, length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  for (let i = 0, state = random.int(2 ** 31); i < length; i++) {
    bytes[i] = i < 4 ? id >>> (8 * i) : state >>> 16;
    state = (Math.imul(state, 1_103_515_245) + 12_345) | 0;
  }
  return bytes;
}

function patchBytes(random: SeededRandom): number {
  return random.int(20) === 0 ? 0 : patchSize(random);
}

/** Between two acts: the path closes, opens, goes dark or changes; repair is switched. */
function changeSomething(world: World, habits: Habits, random: SeededRandom): void {
  if (habits.closes && random.int(2) === 0) {
    // One end may be first by some time: the other's `close` record is under way.
    const [first, second] = random.int(2) ? world.ends : [world.client, world.server];
    first.link.closePath();
    world.drain();
    if (random.int(2) === 0) world.run(random.int(100));
    second.link.closePath();
    world.drain();
    if (random.int(2) === 0) open(world, habits, random);
  } else if (habits.mtuChanges || random.int(6) === 0) {
    open(world, habits, random);
  }
  for (const end of world.ends) {
    if (habits.standstills) habits.still[end.name] = habits.standstills.int(2) === 0;
    if (habits.blackouts) end.out.blackout(random.int(3) === 0);
    if (habits.newNetworks) end.out.configure(randomNetwork(random));
    if (habits.switchRepair) end.link.setRepair(randomRepair(random));
  }
}

/** Opens the path at both ends, perhaps with another MTU than before; where one was open, it takes its place. */
function open(world: World, habits: Habits, random: SeededRandom): void {
  const mtuBytes = habits.mtuChanges ? 256 + random.int(world.mtuBytes - 255) : world.mtuBytes;
  for (const end of world.ends) {
    end.link.openPath({ mtuBytes, overheadBytes: world.overheadBytes }, world.nowMs);
    end.drain();
    if (random.int(4) === 0) world.run(random.int(50));
  }
}

/** Ends all faults and checks everything. */
function mend(world: World, random: SeededRandom, ids: { next: number }): void {
  for (const end of world.ends) {
    end.out.blackout(false);
    end.out.configure({ delayMs: 20 });
    if (end.link.path !== "datagram")
      end.link.openPath({ mtuBytes: world.mtuBytes, overheadBytes: world.overheadBytes }, world.nowMs);
  }
  world.drain();
  const untilMs = world.nowMs + SETTLE_MS;
  while (!allArrived(world) && world.nowMs < untilMs) world.run(250);
  // What queues in the old network stands before what is sent now; a suspended path is probed once a second.
  while (world.ends.some(({ out }) => out.nextTimeMs() < Infinity) && world.nowMs < untilMs) world.run(50);
  world.run(1200);
  // A little traffic both ways: the path that was mended carries it.
  world.play(15, 1200, () => {
    for (const end of world.ends) end.send(message(random, ids.next++, 30));
  });
  world.run(1500);
  for (const end of world.ends) {
    if (end.link.failure) throw new Error(`${end.name} failed: ${end.link.failure.reason}`);
    if (end.link.path !== "datagram") throw new Error(`${end.name} does not use the mended path`);
  }
  expectOrdered(world.server, world.client);
  expectOrdered(world.client, world.server);
  const datagrams = world.server.datagrams + world.client.datagrams;
  world.run(IDLE_MS);
  const idle = world.server.datagrams + world.client.datagrams - datagrams;
  if (idle > IDLE_DATAGRAMS_MAX) throw new Error(`${idle} datagrams in ${IDLE_MS} ms of silence`);
  expectUnreliableAtMostOnce(world.server, world.client);
  expectUnreliableAtMostOnce(world.client, world.server);
}

function allArrived(world: World): boolean {
  return world.ends.every(({ sent, peer }) => count(sent) === count(peer.delivered));
}

function count(messages: readonly { ordered: boolean }[]): number {
  let ordered = 0;
  for (const message of messages) if (message.ordered) ordered++;
  return ordered;
}

/** Gives every datagram a checksum, as a channel's tag does: what netem damages is dropped and not delivered. */
function sealed(world: World): { count: number } {
  const damaged = { count: 0 };
  for (const {
    out,
    peer: { link },
  } of world.ends) {
    const push = out.push.bind(out),
      handle = link.handleDatagram.bind(link);
    out.push = (datagram, nowMs) => push(appendCrc32(datagram), nowMs);
    link.handleDatagram = (bytes, nowMs) => {
      const datagram = stripCrc32(bytes);
      if (datagram) handle(datagram, nowMs);
      else damaged.count++;
    };
  }
  return damaged;
}

function countsOf(world: World, damaged: number): WorldCounts {
  const counts: WorldCounts = {
    symbolsSent: 0,
    repairsSent: 0,
    retransmissionsSent: 0,
    rescuesSent: 0,
    symbolsRecovered: 0,
    symbolsRetransmitted: 0,
    symbolsCarried: 0,
    symbolsLost: 0,
    datagramsSent: 0,
    datagramsCarried: 0,
    datagramsDuplicate: 0,
    spuriousLosses: 0,
    suspensions: 0,
    messagesReceived: 0,
    damaged,
    unreliable: 0,
  };
  for (const end of world.ends) {
    const { counters } = end.link.stats(world.nowMs);
    for (const key of Object.keys(counts) as (keyof WorldCounts)[])
      if (key !== "damaged" && key !== "unreliable") counts[key] += counters[key];
    counts.unreliable += end.delivered.length - count(end.delivered);
  }
  return counts;
}

/** A path in one direction: a named profile, or every fault off or turned up by itself. */
function randomNetwork(random: SeededRandom): ImpairmentOptions {
  if (random.int(8) === 0) return profiles[PROFILE_NAMES[random.int(PROFILE_NAMES.length)]!];
  const maybe = (p: number, value: number): number => (random.next() < p ? value : 0);
  return {
    loss: random.int(2) ? randomLoss(random) : 0,
    delayMs: random.int(120),
    jitterMs: maybe(0.4, random.int(80)),
    reorder: random.int(2) === 0,
    reorderRatio: maybe(0.25, random.next() * 0.4),
    reorderDelayMs: 1 + random.int(150),
    duplicate: maybe(0.25, random.next() * 0.5),
    corrupt: maybe(0.2, random.next() * 0.3),
    ...(random.int(5) === 0 ? { rateKbps: 40 + random.int(400), queueBytes: 2000 + random.int(30_000) } : {}),
  };
}

function randomLoss(random: SeededRandom): number | LossOptions {
  const lossRatio = random.next() * (random.int(4) ? 0.25 : 0.6);
  switch (random.int(3)) {
    case 0:
      return { kind: "gilbert-elliott-time", lossRatio, meanBurstMs: 5 + random.int(200) };
    case 1:
      return {
        kind: "gilbert-elliott-count",
        lossRatio: Math.min(0.45, lossRatio),
        meanBurstDatagrams: 1 + random.int(10),
      };
    default:
      return lossRatio;
  }
}

function randomRepair(random: SeededRandom): RepairOption {
  switch (random.int(6)) {
    case 0:
      return "off";
    case 1:
      return { schedule: "generation", groupSize: 2 + random.int(15) };
    case 2:
      return { schedule: "sliding", codeRate: 0.05 + 0.95 * random.next(), separate: random.int(2) === 0 };
    case 3:
      return { schedule: "sliding", codeRate: 1, depth: 1 + random.int(32) };
    case 4:
      return { schedule: "adaptive", overheadMax: 0.05 + 0.95 * random.next() };
    default:
      return "adaptive";
  }
}

function randomMtu(random: SeededRandom): number {
  return random.int(2) ? 1176 : 256 + random.int(1100);
}

/** A first sequence number a little before a place where one wraps. */
function nearWrap(random: SeededRandom): number {
  return (WRAPS[random.int(WRAPS.length)]! - random.int(NEAR_WRAP)) >>> 0;
}
