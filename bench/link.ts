/**
 * What one message costs the two Links of a session, in memory: no channel, no netem, no host; a virtual clock at 60 Hz.
 *
 *   npm run bench:link                      every payload and repair
 *   npm run bench:link -- --profile         where the bytes of 200 B, sliding 0.5 are allocated (sampling heap profiler)
 *
 * send: pollTimeout, Link.send, pollDatagram until it is empty, and the copy that a channel would take. receive: handleDatagram and
 * pollMessage until it is empty. feedback: the receiver's datagrams and their handling, per message sent. recover: the one call that mends a
 * lost symbol, and the polls of what waited for it. 4 to 8 symbols are unacknowledged, as at 60 Hz and a round trip of 100 ms; payloads are
 * up to 15 bytes shorter than said, for patches differ in size. us: median of 9 runs of 20,000 messages, garbage collection included;
 * recover: median of its calls. B: bytes allocated per message, JavaScript objects and the buffers behind typed arrays, median of batches.
 * Node 20.20, two shared cores, 200 B, sliding 0.5, before symbols were pooled and frames reused, and since: send 3.0 and 1.5 us, 890 and
 * 370 B; receive 1.6 and 1.3 us, 1270 and 470 B, 420 of them the message that the host gets; recover 6.2 and 5.0 us.
 */
import { Session } from "node:inspector";
import { parseArgs } from "node:util";
import { Link, type RepairOption } from "../plugin/core/index.js";

const PAYLOADS = [64, 200, 1200];
const REPAIRS: [string, RepairOption][] = [
  ["off", "off"],
  ["sliding 0.5", { schedule: "sliding", codeRate: 0.5 }],
  ["sliding 1", { schedule: "sliding", codeRate: 1 }],
  ["generation 4", { schedule: "generation", groupSize: 4 }],
];

const RUNS = 9;
const WARMUP_BATCHES = 5000;
const BATCHES_PER_RUN = 5000;
const ALLOCATION_BATCHES = 25_000;
const LOSSES = 10_000;

/** Messages between two looks at the clock. Feedback comes a batch late, so this many to twice as many are unacknowledged. */
const BATCH = 4;
const TICK_MS = 1000 / 60;
const MTU_BYTES = 1400;

/** Datagrams that one batch may take, repairs on their own included; a copy of each is kept until it is handled. */
const SLOTS = 64;

type Phase = "send" | "receive" | "feedback";
const PHASES: readonly Phase[] = ["send", "receive", "feedback"];

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
    for (let i = 0; i < this.#count; i++) this.views.push(this.#slots[i]!.subarray(0, this.#lengths[i]!));
    this.#count = 0;
  }
}

class Pair {
  readonly server: Link;
  readonly client = new Link();
  readonly down = new Wire();
  readonly #up = [new Wire(), new Wire()];
  readonly #messages: Uint8Array[];
  #batch = 0;
  #sent = 0;
  nowMs = 1000;
  delivered = 0;

  constructor(payloadBytes: number, repair: RepairOption) {
    this.#messages = Array.from({ length: 16 }, (_, m) => Uint8Array.from({ length: payloadBytes - ((m * 7) % 16) }, (_, i) => (i * 167 + m) >> 3));
    this.server = new Link({ repair });
    for (const link of [this.server, this.client]) link.openPath({ mtuBytes: MTU_BYTES, overheadBytes: 52 }, this.nowMs);
    this.server.pollDatagram(this.nowMs);
    this.client.pollDatagram(this.nowMs);
  }

  send(): void {
    const { server, down } = this;
    for (let i = 0; i < BATCH; i++) {
      this.nowMs += TICK_MS;
      if (server.pollTimeout() <= this.nowMs) server.handleTimeout(this.nowMs);
      server.send(this.#messages[this.#sent++ & 15]!);
      for (let datagram = server.pollDatagram(this.nowMs); datagram; datagram = server.pollDatagram(this.nowMs)) down.push(datagram);
    }
  }

  receive(): void {
    for (const datagram of this.down.views) this.receiveOne(datagram);
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

function median(values: number[]): number {
  return values.sort((a, b) => a - b)[values.length >> 1] ?? NaN;
}

function warmPair(payloadBytes: number, repair: RepairOption): Pair {
  const pair = new Pair(payloadBytes, repair);
  for (let i = 0; i < WARMUP_BATCHES; i++) pair.batch((_, run) => run());
  return pair;
}

/** Microseconds per message and phase. */
function times(payloadBytes: number, repair: RepairOption): Record<Phase, number> {
  const pair = warmPair(payloadBytes, repair);
  const runs: Record<Phase, number[]> = { send: [], receive: [], feedback: [] };
  for (let r = 0; r < RUNS; r++) {
    const total: Record<Phase, number> = { send: 0, receive: 0, feedback: 0 };
    const around = (phase: Phase, run: () => void): void => {
      const startMs = performance.now();
      run();
      total[phase] += performance.now() - startMs;
    };
    for (let i = 0; i < BATCHES_PER_RUN; i++) pair.batch(around);
    for (const phase of PHASES) runs[phase].push((total[phase] * 1000) / (BATCHES_PER_RUN * BATCH));
  }
  if (pair.delivered !== (WARMUP_BATCHES + RUNS * BATCHES_PER_RUN) * BATCH) throw new Error(`${pair.delivered} messages came`);
  return { send: median(runs.send), receive: median(runs.receive), feedback: median(runs.feedback) };
}

/** Bytes allocated per message and phase. A batch in which garbage was collected is an outlier that the median passes over. */
function allocations(payloadBytes: number, repair: RepairOption): Record<Phase, number> {
  const pair = warmPair(payloadBytes, repair);
  const usage = (): number => {
    const { heapUsed, arrayBuffers } = process.memoryUsage();
    return heapUsed + arrayBuffers;
  };
  const idle: number[] = [];
  const samples: Record<Phase, number[]> = { send: [], receive: [], feedback: [] };
  const around = (phase: Phase, run: () => void): void => {
    const first = usage(), before = usage();
    run();
    samples[phase].push((usage() - before) / BATCH);
    // What looking costs, seen right before.
    idle.push((before - first) / BATCH);
  };
  for (let i = 0; i < ALLOCATION_BATCHES; i++) pair.batch(around);
  const own = median(idle);
  return { send: median(samples.send) - own, receive: median(samples.receive) - own, feedback: median(samples.feedback) - own };
}

/** Microseconds for the datagram that mends a loss by repair: every fifth batch loses its first datagram. NaN when repair mends none. */
function recovery(payloadBytes: number, repair: RepairOption): number {
  const pair = warmPair(payloadBytes, repair);
  const samples: number[] = [];
  let lost = false, recoveries = 0;
  for (let i = 0; i < LOSSES * 5; i++) {
    pair.send();
    pair.down.seal();
    for (const [index, datagram] of pair.down.views.entries()) {
      if (i % 5 === 0 && index === 0) {
        lost = true;
        continue;
      }
      const startMs = performance.now();
      const messages = pair.receiveOne(datagram);
      const elapsedMs = performance.now() - startMs;
      if (!lost || messages === 0) continue;
      lost = false;
      const { recovered } = pair.client.stats(pair.nowMs).symbols;
      if (recovered > recoveries) samples.push(elapsedMs * 1000);
      recoveries = recovered;
    }
    pair.feedback();
    pair.turn();
  }
  return median(samples);
}

/** Prints which functions allocate, bytes per message. */
function profile(payloadBytes: number, repair: RepairOption): void {
  const pair = warmPair(payloadBytes, repair);
  const session = new Session();
  session.connect();
  session.post("HeapProfiler.startSampling", {
    samplingInterval: 512, includeObjectsCollectedByMajorGC: true, includeObjectsCollectedByMinorGC: true,
  } as object);
  for (let i = 0; i < ALLOCATION_BATCHES; i++) pair.batch((_, run) => run());
  session.post("HeapProfiler.stopSampling", (_error, result) => {
    const byFunction = new Map<string, number>();
    const visit = (node: (typeof result.profile.head)): void => {
      const { functionName, url, lineNumber } = node.callFrame;
      const name = `${functionName || "(anonymous)"} ${url.split("/").pop()}:${lineNumber + 1}`;
      byFunction.set(name, (byFunction.get(name) ?? 0) + node.selfSize);
      node.children.forEach(visit);
    };
    visit(result.profile.head);
    for (const [name, bytes] of [...byFunction].sort((a, b) => b[1] - a[1]).slice(0, 30)) {
      console.log(`${(bytes / (ALLOCATION_BATCHES * BATCH)).toFixed(1).padStart(8)} B  ${name}`);
    }
  });
}

const { values } = parseArgs({ options: { profile: { type: "boolean", default: false } } });
if (values.profile) {
  profile(200, { schedule: "sliding", codeRate: 0.5 });
} else {
  console.log("payload  repair          send us  receive us  feedback us  recover us    send B  receive B  feedback B");
  for (const payloadBytes of PAYLOADS) {
    for (const [name, repair] of REPAIRS) {
      const t = times(payloadBytes, repair), b = allocations(payloadBytes, repair), r = recovery(payloadBytes, repair);
      const us = (x: number, width: number): string => (Number.isNaN(x) ? "-" : x.toFixed(2)).padStart(width);
      const bytes = (x: number, width: number): string => x.toFixed(0).padStart(width);
      console.log(`${String(payloadBytes).padStart(5)} B  ${name.padEnd(14)} ${us(t.send, 8)} ${us(t.receive, 11)} ${us(t.feedback, 12)} ${us(r, 11)} ${bytes(b.send, 9)} ${bytes(b.receive, 10)} ${bytes(b.feedback, 11)}`);
    }
  }
}
