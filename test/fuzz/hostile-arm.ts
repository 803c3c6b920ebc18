/**
 * The arm of the authenticated attacker: one Link takes datagrams that the channel would hand on, made by someone who has the keys and knows the
 * protocol. Frames are random but near everything that the victim expects; a third are a real peer's, damaged behind the header; one datagram in eight
 * comes as a record of the reliable path.
 * There is nothing true to deliver here: it shows that nothing throws, that work, answers and memory stay bounded by what comes in, and that the victim
 * either goes on or ends with a failure. A "patient" attacker never breaks a rule, so that one victim lives through it all; a "reckless" one does.
 */
import {
  DatagramReader,
  DatagramWriter,
  Link,
  encodeDatagramRecord,
  encodeSymbolRecord,
  encodeUnreliableRecord,
  makeSymbol,
  seqAdd,
  type Seq,
} from "colyseus-fec/core";
import { SeededRandom } from "colyseus-fec/netem";
import { mutate } from "./mutate.js";
import type { ArmReport } from "./path-arms.js";

const MTU_BYTES = 1176;
const FIRST_SEQS = [0, 0xff00, 0xff_ff00, 0x7fff_ff00, 0xffff_ff00, 0xffff_0000];
const PATH = { mtuBytes: MTU_BYTES, overheadBytes: 52 };

/** What the attacker has learnt of its victim from the datagrams that this one sends. */
class Victim {
  readonly link: Link;
  /** Next ordered symbol that it expects; its own newest datagram and symbol; low bits as on the wire. */
  next: Seq;
  number: Seq;
  seq: Seq;
  sent = 0;
  sentBytes = 0;
  /** Datagrams that it gave to the reliable path. */
  carried = 0;
  messages = 0;
  records = 0;
  readonly #reader = new DatagramReader();

  constructor(
    firstSeq: Seq,
    nowMs: number,
    readonly onSent: (datagram: Uint8Array) => void,
  ) {
    this.link = new Link({ firstSeq, messageBytesMax: 65_536 });
    this.next = this.number = this.seq = firstSeq;
    this.link.openPath(PATH, nowMs);
  }

  drain(nowMs: number, carry: boolean): void {
    if (this.link.pollTimeout() <= nowMs) this.link.handleTimeout(nowMs);
    // As if the channel took nothing for a moment.
    if (carry && this.link.carryDatagram(nowMs)) this.carried++;
    let burst = 0;
    for (let datagram = this.link.pollDatagram(nowMs); datagram; datagram = this.link.pollDatagram(nowMs)) {
      if (++burst > 600) throw new Error("pollDatagram does not end");
      if (datagram.length > MTU_BYTES) throw new Error(`a datagram of ${datagram.length} bytes`);
      this.sent++;
      this.sentBytes += datagram.length;
      this.#learn(datagram);
      this.onSent(datagram);
    }
    while (this.link.pollMessage()) this.messages++;
    while (this.link.pollReliable()) this.records++;
  }

  #learn(datagram: Uint8Array): void {
    const read = this.#reader.read(datagram);
    if (typeof read === "string") throw new Error(`the victim sent a malformed datagram: ${read}`);
    this.number = read.number16;
    for (const frame of read.frames) {
      if (frame.kind === "feedback") this.next = frame.next24;
      if (frame.kind === "source" && frame.stream === 0) this.seq = frame.seq24;
    }
  }
}

/** Gives `datagrams` datagrams to victims, one after the other as they fail; microseconds are of a core, the attacker's included. @throws Error with what went wrong. */
export function runHostileArm(
  seed: number,
  datagrams: number,
  patient: boolean,
): ArmReport & { victim: Link; microsecondsMean: number } {
  const random = new SeededRandom(seed),
    writer = new DatagramWriter(MTU_BYTES);
  const counts: Record<string, number> = {};
  const count = (name: string, n = 1): void => {
    counts[name] = (counts[name] ?? 0) + n;
  };
  const passed: Uint8Array[] = [];
  let nowMs = 1000,
    number = 0;
  let peer = new Link(),
    victim!: Victim;
  const renew = (): void => {
    const firstSeq = FIRST_SEQS[random.int(FIRST_SEQS.length)]!;
    peer = new Link({ firstSeq });
    peer.openPath(PATH, nowMs);
    victim = new Victim(firstSeq, nowMs, (datagram) => {
      if (random.int(2)) peer.handleDatagram(datagram, nowMs);
    });
    number = firstSeq;
  };
  const retire = (): void => {
    const { datagramsMalformed, datagramsDuplicate, datagramsReceived, framesIgnored, spuriousLosses, suspensions } =
      victim.link.stats(nowMs).counters;
    for (const [name, value] of Object.entries({
      datagramsMalformed,
      datagramsDuplicate,
      datagramsReceived,
      framesIgnored,
      spuriousLosses,
      suspensions,
    }))
      count(name, value);
    for (const name of ["sent", "sentBytes", "carried", "messages", "records"] as const)
      count(`victim: ${name}`, victim[name]);
    if (victim.link.failure) count(`failed: ${victim.link.failure.reason}`);
  };
  renew();
  const cpu = process.cpuUsage();
  for (let i = 0; i < datagrams; i++) {
    nowMs += random.int(50) === 0 ? random.int(100) : random.next() * 3;
    const bytes = hostileDatagram(random, writer, victim, peer, passed, nowMs, patient);
    // Mostly the next number; some old, some far ahead.
    number = seqAdd(number, random.int(200) === 0 ? random.int(400) : 1);
    const as = random.int(20) === 0 ? seqAdd(number, -random.int(300)) : number;
    if (bytes.length >= 3) {
      bytes[1] = as;
      bytes[2] = as >>> 8;
    }
    count("bytes", bytes.length);
    if (random.int(8) === 0) {
      count("as records");
      victim.link.handleReliable(encodeDatagramRecord(bytes), nowMs);
    } else {
      victim.link.handleDatagram(bytes, nowMs);
    }
    if (!patient && random.int(2000) === 0) victim.link.handleReliable(hostileRecord(random, victim), nowMs);
    if (random.int(8) === 0) victim.link.send(new Uint8Array(random.int(300)));
    if (random.int(16) === 0) victim.link.sendUnreliable(new Uint8Array(random.int(300)));
    victim.drain(nowMs, random.int(16) === 0);
    bytes.fill(0xee);
    if (!victim.link.failure) continue;
    if (patient) throw new Error(`the victim of a patient attacker failed: ${victim.link.failure.reason}`);
    retire();
    renew();
  }
  retire();
  return {
    arm: patient ? "patient attacker" : "reckless attacker",
    datagrams,
    counts,
    victim: victim.link,
    microsecondsMean: process.cpuUsage(cpu).user / datagrams,
  };
}

/** A datagram whose header is still to be numbered. */
function hostileDatagram(
  random: SeededRandom,
  writer: DatagramWriter,
  victim: Victim,
  peer: Link,
  passed: Uint8Array[],
  nowMs: number,
  patient: boolean,
): Uint8Array {
  if (!patient && random.int(3) === 0) {
    for (let i = random.int(3); i > 0; i--) peer.send(new Uint8Array(random.int(400)).fill(i));
    if (peer.pollTimeout() <= nowMs) peer.handleTimeout(nowMs);
    const datagram =
      peer.pollDatagram(nowMs)?.slice() ?? passed[random.int(Math.max(1, passed.length))]?.slice() ?? new Uint8Array(8);
    while (peer.pollMessage() ?? peer.pollReliable());
    if (passed.length < 64) passed.push(datagram.slice());
    else passed[random.int(64)] = datagram.slice();
    return random.int(4) === 0 ? datagram : mutate(datagram, passed[random.int(passed.length)]!, random, 5).bytes;
  }
  writer.begin(0, random.int(20) === 0 ? random.int(65_536) : nowMs);
  const wanted = random.int(10) === 0 ? 256 : 1 + random.int(6);
  const same = random.int(8) === 0 ? random.int(4) : undefined;
  for (let i = 0; i < wanted; i++) if (!writeFrame(same ?? random.int(4), random, writer, victim, patient)) break;
  return writer.end().slice();
}

/** Writes one frame of the kind, if there is room for the largest. */
function writeFrame(
  kind: number,
  random: SeededRandom,
  writer: DatagramWriter,
  victim: Victim,
  patient: boolean,
): boolean {
  const near = (of: Seq, spread: number): Seq => seqAdd(of, random.int(2 * spread) - spread);
  const stream = random.int(2) as 0 | 1;
  if (kind === 0) {
    const length = random.int(4) === 0 ? random.int(1000) : random.int(60);
    if (writer.room < length + 6) return false;
    // The patient attacker leaves out the next symbol for ever, and so can break no rule of messages.
    const seq =
      patient && stream === 0
        ? seqAdd(victim.next, 1 + random.int(300))
        : near(victim.next, random.int(10) === 0 ? 40_000 : 300);
    writer.source(
      stream,
      seq,
      makeSymbol(new Uint8Array(length), 0, length, random.int(2) === 0, random.int(2) === 0),
      random.int(4) === 0,
    );
  } else if (kind === 1) {
    const span = 1 + random.int(random.int(2) ? 32 : 128),
      bytes = new Uint8Array(2 + random.int(random.int(4) === 0 ? 800 : 60));
    if (writer.room < bytes.length + 8 + 16) return false;
    const bitmap = new Uint8Array(16);
    let members = 0;
    for (let i = 0; i < span; i++) {
      if (i !== 0 && i !== span - 1 && (members >= 31 || random.int(3) === 0)) continue;
      bitmap[i >> 3]! |= 1 << (i & 7);
      members++;
    }
    for (let i = 0; i < bytes.length; i++) bytes[i] = random.int(256);
    const base = patient && stream === 0 ? seqAdd(victim.next, 1 + random.int(140)) : near(victim.next, 300);
    writer.repair(stream, { row: random.int(128), base, span, bitmap, members, bytes });
  } else if (kind === 2) {
    if (writer.room < 9 + 8 + 32) return false;
    const random256 = (length: number): Uint8Array => Uint8Array.from({ length }, () => random.int(256));
    const symbolBytes = random.int(33),
      symbolBitmap = random256(32);
    if (symbolBytes > 0) symbolBitmap[symbolBytes - 1] = 1 + random.int(255);
    writer.feedback({
      largest: near(victim.number, random.int(2) ? 40 : 600),
      bitmapBytes: random.int(9),
      bitmap: random256(8),
      ackDelayMs: random.int(256),
      queueDelayMs: random.int(256),
      next: near(victim.seq, random.int(2) ? 20 : 400),
      symbolBytes,
      symbolBitmap,
    });
  } else {
    if (writer.room < 1) return false;
    writer.ping();
  }
  return true;
}

function hostileRecord(random: SeededRandom, victim: Victim): Uint8Array {
  const payload = new Uint8Array(random.int(4) === 0 ? random.int(70_000) : random.int(100));
  if (random.int(3) === 0) return encodeUnreliableRecord(seqAdd(victim.next, random.int(1000)), payload);
  if (random.int(3) === 0) return Uint8Array.from({ length: random.int(20) }, () => random.int(256));
  return encodeSymbolRecord(seqAdd(victim.next, random.int(300)), random.int(2) === 0, random.int(2) === 0, payload);
}
