/**
 * A simulated session: two real Links, netem between them, a reliable path with its own delay, and a virtual clock.
 * Everything is a function of the options: no real time, no randomness but the seeds. Records what was sent and delivered
 * on both sides, so that an oracle (the list of messages sent) can judge.
 */
import { DATAGRAM_HEADER_BYTES, Link, type LinkOptions } from "colyseus-fec/core";
import { Standstill } from "../../plugin/core/standstill.js";
import { Impairment, type ImpairmentOptions } from "colyseus-fec/netem";

export interface WorldOptions {
  /** Client to server, and server to client. */
  up?: ImpairmentOptions;
  down?: ImpairmentOptions;
  seed?: number;
  /** One-way delay of the reliable path, ms. */
  reliableDelayMs?: number;
  mtuBytes?: number;
  overheadBytes?: number;
  link?: LinkOptions;
  serverLink?: LinkOptions;
  clientLink?: LinkOptions;
  /** How fast the client's clock runs; the server's is the world's. */
  clientClockRate?: number;
  /** Called with every datagram before netem sees it; for captures. */
  onDatagram?: (from: "server" | "client", datagram: Uint8Array, nowMs: number) => void;
  /** Called with every record that an end gives to the reliable path; for hashes. */
  onRecord?: (from: "server" | "client", record: Uint8Array, nowMs: number) => void;
  /** Called with every datagram that netem lets through, before the link sees it. */
  onArrival?: (to: "server" | "client", datagram: Uint8Array) => void;
  /** True while the channel of this end takes nothing. */
  standsStill?: (from: "server" | "client", nowMs: number) => boolean;
  /** Shares the way from server to client. */
  crossTraffic?: CrossTraffic;
}

/** Somebody else's traffic: its datagrams are longer than the MTU of the session, by which they are told apart. */
export interface CrossTraffic {
  nextTimeMs(): number;
  /** The next datagram to put on the way; undefined: none now. */
  poll(nowMs: number): Uint8Array | undefined;
  /** One that came through. */
  handleDatagram(datagram: Uint8Array, nowMs: number): void;
}

export interface Delivered {
  bytes: Uint8Array;
  ordered: boolean;
  atMs: number;
}

/** Events at one instant above which the world is stuck, not busy. */
const STEPS_MAX = 20_000;

export class End {
  readonly link: Link;
  readonly standstill: Standstill;
  readonly delivered: Delivered[] = [];
  readonly sent: { bytes: Uint8Array; ordered: boolean; atMs: number }[] = [];
  readonly records: { bytes: Uint8Array; dueMs: number }[] = [];
  wireBytes = 0;
  datagrams = 0;
  peer!: End;

  constructor(
    readonly name: "server" | "client",
    private readonly world: World,
    options: LinkOptions,
    readonly out: Impairment,
    readonly clockRate: number,
  ) {
    this.link = new Link(options);
    this.standstill = new Standstill(this.link);
  }

  /** The world's time on this end's clock, ms. */
  get localMs(): number {
    return this.world.nowMs * this.clockRate;
  }

  /** When the link wants to be called, in the world's time, ms. */
  get timeoutMs(): number {
    // A rounded quotient may lie before the time that it stands for.
    return this.clockRate === 1 ? this.link.pollTimeout() : this.link.pollTimeout() / this.clockRate + 1e-6;
  }

  send(bytes: Uint8Array): void {
    this.sent.push({ bytes: bytes.slice(), ordered: true, atMs: this.world.nowMs });
    this.link.send(bytes);
  }

  sendUnreliable(bytes: Uint8Array): void {
    this.sent.push({ bytes: bytes.slice(), ordered: false, atMs: this.world.nowMs });
    this.link.sendUnreliable(bytes);
  }

  /** As a driver asks; what goes to the reliable path instead is drained next. */
  get takesDatagram(): boolean {
    const writable = this.world.options.standsStill?.(this.name, this.world.nowMs) !== true;
    return this.standstill.decide({ writable, queuesUnseen: false }, this.localMs) === "send";
  }

  /** When this end has something to do, in the world's time, ms. */
  get dueMs(): number {
    const lookMs = this.standstill.nextLookMs(this.world.nowMs);
    return lookMs === Infinity ? this.timeoutMs : lookMs;
  }

  /** Drains the link into the paths, and its messages into `delivered`. */
  drain(): void {
    const { nowMs, options } = this.world;
    const takes = this.takesDatagram;
    for (let record = this.link.pollReliable(); record; record = this.link.pollReliable()) {
      options.onRecord?.(this.name, record, nowMs);
      this.records.push({ bytes: record, dueMs: nowMs + (options.reliableDelayMs ?? 50) });
    }
    let burst = 0;
    for (
      let datagram = takes ? this.link.pollDatagram(this.localMs) : undefined;
      datagram;
      datagram = this.link.pollDatagram(this.localMs)
    ) {
      if (datagram.length > this.world.mtuBytes)
        throw new Error(`a datagram of ${datagram.length} bytes, MTU ${this.world.mtuBytes}`);
      if (datagram.length <= DATAGRAM_HEADER_BYTES)
        throw new Error("a datagram without frames: it tells the peer nothing");
      if (++burst > 2000) throw new Error("pollDatagram does not end");
      this.datagrams++;
      this.wireBytes += datagram.length + this.world.overheadBytes;
      options.onDatagram?.(this.name, datagram, nowMs);
      this.out.push(datagram, nowMs);
    }
    const cross = this.name === "server" ? options.crossTraffic : undefined;
    for (let datagram = cross?.poll(nowMs); datagram; datagram = cross?.poll(nowMs)) this.out.push(datagram, nowMs);
    for (let message = this.link.pollMessage(); message; message = this.link.pollMessage()) {
      this.delivered.push({ ...message, atMs: nowMs });
    }
  }
}

export class World {
  nowMs = 1000;
  readonly server: End;
  readonly client: End;
  readonly mtuBytes: number;
  readonly overheadBytes: number;
  #steps = 0;

  constructor(readonly options: WorldOptions = {}) {
    const seed = options.seed ?? 1;
    this.mtuBytes = options.mtuBytes ?? 1176;
    this.overheadBytes = options.overheadBytes ?? 52;
    this.server = new End(
      "server",
      this,
      { ...options.link, ...options.serverLink },
      new Impairment(options.down ?? {}, seed * 2 + 1),
      1,
    );
    this.client = new End(
      "client",
      this,
      { ...options.link, ...options.clientLink },
      new Impairment(options.up ?? {}, seed * 2 + 2),
      options.clientClockRate ?? 1,
    );
    this.server.peer = this.client;
    this.client.peer = this.server;
  }

  get ends(): readonly [End, End] {
    return [this.server, this.client];
  }

  openPath(): void {
    for (const end of this.ends)
      end.link.openPath({ mtuBytes: this.mtuBytes, overheadBytes: this.overheadBytes }, end.localMs);
    this.drain();
  }

  closePath(): void {
    for (const end of this.ends) end.link.closePath();
    this.drain();
  }

  drain(): void {
    for (const end of this.ends) end.drain();
  }

  /** Runs events until `untilMs`. */
  runUntil(untilMs: number): void {
    for (;;) {
      const next = Math.min(
        ...this.ends.map((end) => Math.min(end.dueMs, end.out.nextTimeMs(), end.records[0]?.dueMs ?? Infinity)),
        this.options.crossTraffic?.nextTimeMs() ?? Infinity,
      );
      if (next > untilMs) break;
      if (next > this.nowMs) this.#steps = 0;
      if (++this.#steps > STEPS_MAX)
        throw new Error(
          `stuck at ${this.nowMs} ms: ${this.ends.map((e) => `${e.name} ${e.link.pollTimeout()} ${e.link.stats(this.nowMs).path}`).join(", ")}`,
        );
      this.nowMs = Math.max(this.nowMs, next);
      for (const end of this.ends) this.#step(end);
    }
    this.nowMs = Math.max(this.nowMs, untilMs);
  }

  run(ms: number): void {
    this.runUntil(this.nowMs + ms);
  }

  /** Calls tick every 1000 / hz ms for `ms`, the events in between included. */
  play(hz: number, ms: number, tick: (i: number) => void): void {
    const startMs = this.nowMs;
    for (let i = 0; (i * 1000) / hz < ms; i++) {
      this.runUntil(startMs + (i * 1000) / hz);
      tick(i);
      this.drain();
    }
    this.runUntil(startMs + ms);
  }

  /** Ends the losses and lets everything arrive. */
  settle(ms = 20_000): void {
    this.run(ms);
  }

  #step(end: End): void {
    const { peer } = end;
    while (end.records.length > 0 && end.records[0]!.dueMs <= this.nowMs) {
      const { bytes } = end.records.shift()!;
      peer.link.handleReliable(bytes, peer.localMs);
      bytes.fill(0xee);
    }
    for (let datagram = end.out.poll(this.nowMs); datagram; datagram = end.out.poll(this.nowMs)) {
      if (this.options.crossTraffic && datagram.length > this.mtuBytes) {
        this.options.crossTraffic.handleDatagram(datagram, this.nowMs);
        continue;
      }
      this.options.onArrival?.(peer.name, datagram);
      peer.link.handleDatagram(datagram, peer.localMs);
      // The host reuses its buffers as soon as the call returns.
      datagram.fill(0xee);
    }
    if (end.link.pollTimeout() <= end.localMs) end.link.handleTimeout(end.localMs);
    end.drain();
    peer.drain();
  }
}

/** Throws unless `to` delivered every ordered message that `from` sent: in order, once, byte for byte. */
export function expectOrdered(from: End, to: End): void {
  const sent = from.sent.filter((m) => m.ordered),
    got = to.delivered.filter((m) => m.ordered);
  for (let i = 0; i < Math.max(sent.length, got.length); i++) {
    const a = sent[i],
      b = got[i];
    if (!a || !b) throw new Error(`${from.name} sent ${sent.length} ordered messages, ${to.name} got ${got.length}`);
    if (!equal(a.bytes, b.bytes))
      throw new Error(`ordered message ${i} differs: sent ${a.bytes.length} bytes, got ${b.bytes.length}`);
  }
}

/** Throws if `to` delivered an unreliable message that was not sent, or one more often than it was sent. */
export function expectUnreliableAtMostOnce(from: End, to: End): number {
  const left = new Map<string, number>();
  for (const m of from.sent) if (!m.ordered) left.set(key(m.bytes), (left.get(key(m.bytes)) ?? 0) + 1);
  let count = 0;
  for (const m of to.delivered) {
    if (m.ordered) continue;
    const n = left.get(key(m.bytes)) ?? 0;
    if (n === 0)
      throw new Error(`an unreliable message of ${m.bytes.length} bytes was delivered that was not sent, or twice`);
    left.set(key(m.bytes), n - 1);
    count++;
  }
  return count;
}

function key(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("latin1");
}

function equal(a: Uint8Array, b: Uint8Array): boolean {
  return Buffer.compare(a, b) === 0;
}
