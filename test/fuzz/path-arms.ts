/**
 * Two arms whose oracle is the list of messages sent. Both play a game between two real Links over a lossy, reordering, duplicating network;
 * for every datagram that arrives, hostile ones arrive as well, made from what passed.
 *
 * "sealed": below the real UDP envelope, sealed with real keys. Shows that nothing that the keys did not seal, and nothing sealed twice,
 * reaches the link: not by flipped, cut, lengthened, spliced, repeated, reflected or invented packets, before or after the original.
 * "malformed": without an envelope; of the damaged datagrams those go on that the format rejects. (Any other is a valid datagram with another content,
 * which only the envelope can tell.) Shows that a rejected datagram leaves no trace: dropped whole, and the receiver goes on.
 *
 * Numbers start so that the 16 bits of datagram numbers wrap three times, the second time with the 24 and 32 bits of symbols; the
 * envelope's key changes on the way.
 */
import { DatagramReader } from "colyseus-fec/core";
import { SeededRandom, type ImpairmentOptions } from "colyseus-fec/netem";
import { UdpOpener, UdpSealer } from "../../plugin/channels/udp/udp-envelope.js";
import { randomMessage } from "../sim/random.js";
import { World, type End } from "../sim/world.js";
import { mutate } from "./mutate.js";
import { Oracle } from "../sim/oracle.js";

export interface ArmReport {
  arm: string;
  /** Datagrams given to receivers, by what they were and by what became of them. */
  datagrams: number;
  counts: Record<string, number>;
}

/** First number of all: the low 16 bits wrap 1000 later, all 32 another 65,536 later. */
const FIRST_SEQ = 2 ** 32 - 65_536 - 1000;
const WRAPPED_THRICE = 1000 + 2 * 65_536;

/** The envelope's key changes after 2^22 datagrams. */
const FIRST_COUNTER = 2 ** 22 - 50_000;

const TICK_HZ = 250;
const NETWORK: ImpairmentOptions = {
  loss: 0.05,
  delayMs: 15,
  jitterMs: 10,
  reorder: true,
  reorderRatio: 0.05,
  reorderDelayMs: 40,
  duplicate: 0.05,
};

/** Packets remembered to be repeated later, and to splice from. */
const REMEMBERED = 64;

type Kind = "sealed" | "malformed";

/** Where hostile datagrams are made and counted. */
class Gate {
  readonly counts: Record<string, number> = {};
  datagrams = 0;
  readonly #passed: Uint8Array[] = [];
  readonly #reader = new DatagramReader();

  constructor(
    private readonly kind: Kind,
    private readonly random: SeededRandom,
    private readonly hostilePerGenuine: number,
  ) {}

  count(fate: string): void {
    this.counts[fate] = (this.counts[fate] ?? 0) + 1;
  }

  /** Puts itself before the link of `end`. `seal` is that of the datagrams that come to it, `reflected` gives packets that it sealed itself. */
  attach(end: End, secret: Uint8Array, direction: "s2c" | "c2s"): void {
    const {
        link,
        peer: { out },
      } = end,
      handle = link.handleDatagram.bind(link),
      push = out.push.bind(out);
    if (this.kind === "sealed") {
      const sealer = new UdpSealer(secret, direction, 7, FIRST_COUNTER),
        opener = new UdpOpener(secret, direction, 7, FIRST_COUNTER);
      out.push = (datagram, nowMs) => push(Uint8Array.from(sealer.seal(datagram)), nowMs);
      link.handleDatagram = (packet, nowMs) =>
        this.#around(
          packet,
          (hostile) => {
            const opened = opener.open(Buffer.from(packet));
            if (hostile && opened.ok) throw new Error("a packet that nobody sealed was opened");
            this.count(opened.ok ? "opened" : opened.reason);
            return opened.ok ? (handle(opened.datagram, nowMs), true) : false;
          },
          (forged) => {
            const opened = opener.open(Buffer.from(forged));
            if (opened.ok) throw new Error("a forged packet was opened");
            this.count(opened.reason);
          },
        );
    } else {
      link.handleDatagram = (datagram, nowMs) =>
        this.#around(
          datagram,
          () => (this.count("genuine"), handle(datagram, nowMs), true),
          (damaged) => {
            if (typeof this.#reader.read(damaged) !== "string") return this.count("valid by chance, not given");
            handle(damaged, nowMs);
            this.count("malformed");
          },
        );
    }
  }

  /** Some hostile ones before the genuine datagram, the rest after it. */
  #around(bytes: Uint8Array, take: (hostile: boolean) => boolean, takeHostile: (bytes: Uint8Array) => void): void {
    const { random } = this;
    const hostile = Math.floor(this.hostilePerGenuine + random.next());
    const before = random.int(hostile + 1);
    const attack = (): void => {
      this.datagrams++;
      const other = this.#passed[random.int(Math.max(1, this.#passed.length))] ?? bytes;
      takeHostile(mutate(bytes, other, random).bytes);
    };
    for (let i = 0; i < before; i++) attack();
    this.datagrams++;
    take(false);
    for (let i = before; i < hostile; i++) attack();
    if (this.kind === "sealed") {
      // Exact copies, of either direction: what was opened is a replay now, what was not meant for here is not authentic.
      const copy = random.int(4) === 0 ? this.#passed[random.int(Math.max(1, this.#passed.length))] : undefined;
      if (copy) {
        this.datagrams++;
        takeHostile(copy);
      }
    }
    if (this.#passed.length < REMEMBERED) this.#passed.push(bytes.slice());
    else this.#passed[random.int(REMEMBERED)] = bytes.slice();
  }
}

/** Plays until `datagrams` were given to the receivers. @throws Error with what went wrong. */
export function runPathArm(kind: Kind, seed: number, datagrams: number): ArmReport & { wraps: number } {
  const random = new SeededRandom(seed),
    secret = Uint8Array.from({ length: 32 }, () => random.int(256));
  // Three wraps of 16 bits are 132,072 genuine datagrams each way, some of which are lost: the rest of a million are hostile.
  const genuine = 2.7 * WRAPPED_THRICE;
  const gate = new Gate(kind, random, Math.max(1, datagrams / genuine - 1.25));
  const world = new World({
    up: NETWORK,
    down: NETWORK,
    seed,
    link: { firstSeq: FIRST_SEQ, repair: { schedule: "sliding", codeRate: 0.5 } },
  });
  gate.attach(world.client, secret, "s2c");
  gate.attach(world.server, secret, "c2s");
  const oracles = [new Oracle(world.server), new Oracle(world.client)];
  world.openPath();
  let id = 0;
  while (gate.datagrams < datagrams) {
    world.play(TICK_HZ, 1000, (i) => {
      world.server.send(randomMessage(random, id++, 4 + random.int(60)));
      if (i % 2 === 0) world.client.send(randomMessage(random, id++, 4 + random.int(12)));
      else world.client.sendUnreliable(randomMessage(random, id++, 4 + random.int(20)));
      if (i % 50 === 0) world.server.send(randomMessage(random, id++, 3000));
    });
    for (const oracle of oracles) oracle.check();
    for (const end of world.ends)
      if (end.link.failure) throw new Error(`${end.name} failed: ${end.link.failure.reason}`);
  }
  world.settle(20_000);
  for (const oracle of oracles) {
    oracle.check();
    if (oracle.missing > 0) throw new Error(`${oracle.missing} ordered messages did not come`);
    gate.counts.messages = (gate.counts.messages ?? 0) + oracle.ordered;
    gate.counts["unreliable messages"] = (gate.counts["unreliable messages"] ?? 0) + oracle.unreliable;
  }
  for (const end of world.ends) {
    const {
      datagramsDuplicate,
      datagramsMalformed,
      framesIgnored,
      symbolsRecovered,
      symbolsRetransmitted,
      suspensions,
    } = end.link.stats(world.nowMs).counters;
    for (const [name, value] of Object.entries({
      datagramsDuplicate,
      datagramsMalformed,
      framesIgnored,
      symbolsRecovered,
      symbolsRetransmitted,
      suspensions,
    })) {
      gate.counts[`link: ${name}`] = (gate.counts[`link: ${name}`] ?? 0) + value;
    }
  }
  if ((gate.counts.malformed ?? 0) !== gate.counts["link: datagramsMalformed"] && kind === "malformed")
    throw new Error("a malformed datagram was taken");
  const least = Math.min(...world.ends.map((end) => end.datagrams));
  return {
    arm: kind,
    datagrams: gate.datagrams,
    counts: gate.counts,
    wraps: least < 1000 ? 0 : 1 + Math.floor((least - 1000) / 65_536),
  };
}
