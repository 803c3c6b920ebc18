/**
 * Two Links in memory for the benches of time and of allocation: no channel, no netem, no host; a virtual clock at 60 Hz. 4 to 8 symbols are
 * unacknowledged, as at 60 Hz and a round trip of 100 ms; payloads are up to 15 bytes shorter than said, for patches differ in size.
 * With `--pure` on the command line this process has no WebAssembly, so the pure kernel is measured.
 */
import type { Link, RepairOption } from "../plugin/core/index.js";

if (process.argv.includes("--pure")) delete (globalThis as { WebAssembly?: unknown }).WebAssembly;
const core = await import("../plugin/core/index.js");

export const KERNEL = core.HOST_KERNEL === core.PURE_KERNEL ? "pure" : "SIMD";

export const PAYLOADS = [64, 200, 1200];
export const REPAIRS: [string, RepairOption][] = [
  ["off", "off"],
  ["sliding 0.5", { schedule: "sliding", codeRate: 0.5 }],
  ["sliding 1", { schedule: "sliding", codeRate: 1 }],
  ["generation 4", { schedule: "generation", groupSize: 4 }],
];

export const WARMUP_BATCHES = 5000;

/** Messages between two looks at the clock. Feedback comes a batch late, so this many to twice as many are unacknowledged. */
export const BATCH = 4;
const TICK_MS = 1000 / 60;
const MTU_BYTES = 1400;

/** Datagrams that one batch may take, repairs on their own included; a copy of each is kept until it is handled. */
const SLOTS = 64;

export type Phase = "send" | "receive" | "feedback";
export const PHASES: readonly Phase[] = ["send", "receive", "feedback"];

/** Datagrams under way in one direction, in buffers made once. */
class Wire {
  readonly #slots = Array.from({ length: SLOTS }, () => new Uint8Array(MTU_BYTES));
  readonly #lengths = new Uint16Array(SLOTS);
  readonly views: Uint8Array[] = [];
  #count = 0;

  push(datagram: Uint8Array): void {
    this.#slots[this.#count]!.set(datagram);
    this.#lengths[this.#count++] = datagram.length;
  }

  /** Makes the views, outside of what is measured. */
  seal(): void {
    this.views.length = 0;
    for (let i = 0; i < this.#count; i++) this.views.push(this.#slots[i]!.subarray(0, this.#lengths[i]));
    this.#count = 0;
  }
}

export class Pair {
  readonly server: Link;
  readonly client = new core.Link();
  readonly down = new Wire();
  readonly #up = [new Wire(), new Wire()];
  readonly #messages: Uint8Array[];
  #batch = 0;
  #sent = 0;
  nowMs = 1000;
  delivered = 0;

  #datagrams = 0;

  /** @param lossEvery every so many-th datagram downstream is lost; default none. */
  constructor(
    payloadBytes: number,
    repair: RepairOption,
    private readonly lossEvery = Infinity,
  ) {
    this.#messages = Array.from({ length: 16 }, (_, m) =>
      Uint8Array.from({ length: payloadBytes - ((m * 7) % 16) }, (_, i) => (i * 167 + m) >> 3),
    );
    this.server = new core.Link({ repair });
    for (const link of [this.server, this.client])
      link.openPath({ mtuBytes: MTU_BYTES, overheadBytes: 52 }, this.nowMs);
    this.server.pollDatagram(this.nowMs);
    this.client.pollDatagram(this.nowMs);
  }

  send(): void {
    const { server, down } = this;
    for (let i = 0; i < BATCH; i++) {
      this.nowMs += TICK_MS;
      if (server.pollTimeout() <= this.nowMs) server.handleTimeout(this.nowMs);
      server.send(this.#messages[this.#sent++ & 15]!);
      for (let datagram = server.pollDatagram(this.nowMs); datagram; datagram = server.pollDatagram(this.nowMs))
        down.push(datagram);
    }
  }

  receive(): void {
    for (const datagram of this.down.views) if (++this.#datagrams % this.lossEvery !== 0) this.receiveOne(datagram);
  }

  receiveOne(datagram: Uint8Array): number {
    this.client.handleDatagram(datagram, this.nowMs);
    let messages = 0;
    while (this.client.pollMessage()) messages++;
    this.delivered += messages;
    return messages;
  }

  /** The client's feedback on this batch goes out; the server takes that on the one before. */
  feedback(): void {
    const { client, server, nowMs } = this;
    const out = this.#up[this.#batch++ & 1]!;
    for (let datagram = client.pollDatagram(nowMs); datagram; datagram = client.pollDatagram(nowMs)) out.push(datagram);
    for (const datagram of this.#up[this.#batch & 1]!.views) server.handleDatagram(datagram, nowMs);
  }

  /** Makes what feedback() sent ready for the next but one, outside of what is measured. */
  turn(): void {
    this.#up[(this.#batch - 1) & 1]!.seal();
  }

  /** One batch; `around` runs each phase and may measure it. */
  batch(around: (phase: Phase, run: () => void) => void): void {
    around("send", () => this.send());
    this.down.seal();
    around("receive", () => this.receive());
    around("feedback", () => this.feedback());
    this.turn();
  }
}

export function median(values: number[]): number {
  return values.sort((a, b) => a - b)[values.length >> 1] ?? NaN;
}

export function warmPair(payloadBytes: number, repair: RepairOption, lossEvery?: number): Pair {
  const pair = new Pair(payloadBytes, repair, lossEvery);
  for (let i = 0; i < WARMUP_BATCHES; i++) pair.batch((_, run) => run());
  return pair;
}
