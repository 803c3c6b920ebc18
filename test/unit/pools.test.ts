/** What a session keeps for reuse does not grow with what it has sent and received; buffers and frames are reused. */
import { describe, expect, it } from "vitest";
import {
  DatagramReader,
  DatagramWriter,
  RepairDecoder,
  RepairEncoder,
  makeSymbol,
  seqAdd,
} from "../../plugin/core/index.js";
import { BlockPool } from "../../plugin/core/fec/block-pool.js";
import { FrontViews } from "../../plugin/core/front-views.js";
import { FEC_FREE_BLOCKS_MAX } from "../../plugin/core/limits.js";
import { MessageQueue } from "../../plugin/core/receive/message-queue.js";
import { OrderedBuffer } from "../../plugin/core/send/ordered-buffer.js";
import { UnreliableBuffer } from "../../plugin/core/send/unreliable-buffer.js";
import type { FeedbackFrame } from "../../plugin/core/wire/datagram-reader.js";

const EARLY = 1000;
const LATE = 100_000;
const FIRST_SEQ = 0xffff_ff00;

/** Sizes of every class of block, in turn. */
function message(i: number): Uint8Array {
  return new Uint8Array((i * 37) % 700).fill(i);
}

/** Plays LATE steps and compares what the pool holds with what it held after EARLY. */
function expectBounded(pool: BlockPool, step: (i: number) => void): void {
  let early = { live: 0, free: 0 };
  for (let i = 0; i < LATE; i++) {
    step(i);
    if (i === EARLY - 1) early = { live: pool.live, free: pool.free };
  }
  expect(pool.live).toBe(early.live);
  expect(pool.free).toBeLessThanOrEqual(early.free + 2);
  expect(pool.free).toBeLessThanOrEqual(4 * FEC_FREE_BLOCKS_MAX);
}

describe("pools", () => {
  it("of outgoing ordered symbols hold what is unacknowledged, after 100,000 messages as after 1000", () => {
    const pool = new BlockPool(),
      buffer = new OrderedBuffer(FIRST_SEQ, pool);
    const frame: FeedbackFrame = {
      kind: "feedback",
      largest16: 0,
      bitmap: new Uint8Array(0),
      ackDelayMs: 0,
      queueDelayMs: 0,
      next24: 0,
      symbolBitmap: new Uint8Array(0),
    };
    let freed = 0;
    expectBounded(pool, (i) => {
      buffer.push(message(i), 300);
      for (let slot = buffer.peekNew(); slot; slot = buffer.peekNew()) buffer.onSent(slot, i, i);
      if (i % 10 !== 9) return;
      frame.next24 = buffer.nextSeq & 0xff_ffff;
      buffer.onFeedback(frame, () => freed++);
      expect(pool.live).toBe(0);
    });
    expect(freed).toBeGreaterThan(LATE);
    buffer.push(message(5), 300);
    expect(pool.live).toBe(1);
    buffer.clear();
    expect(pool.live).toBe(0);
  });

  it("of outgoing unreliable symbols hold what waits, and what is dropped for room comes back", () => {
    const pool = new BlockPool(),
      buffer = new UnreliableBuffer(FIRST_SEQ, pool);
    let dropped = 0;
    expectBounded(pool, (i) => {
      dropped += buffer.push(message(i), 0, 300);
      if (i % 100 !== 99) return;
      expect(pool.live).toBeLessThanOrEqual(64);
      while (buffer.peek()) buffer.shift();
    });
    expect(dropped).toBeGreaterThan(LATE / 2);
    expect(pool.live).toBe(0);
  });

  it("of an encoder hold its encoding window", () => {
    const pool = new BlockPool(),
      encoder = new RepairEncoder({ pool });
    expectBounded(pool, (i) => {
      const payload = message(i);
      encoder.add(seqAdd(FIRST_SEQ, i), makeSymbol(payload, 0, payload.length, true, true));
      if (i % 3 === 0) encoder.remove(seqAdd(FIRST_SEQ, i - 2));
      if (i % 50 === 49) encoder.clear();
      expect(pool.live).toBe(encoder.size);
    });
  });

  it("of a decoder hold its history and equations, a tenth of the symbols lost and recovered", () => {
    const pool = new BlockPool(),
      encoder = new RepairEncoder(),
      decoder = new RepairDecoder({ firstSeq: FIRST_SEQ, pool });
    let recovered = 0;
    expectBounded(pool, (i) => {
      const payload = message(i),
        symbol = makeSymbol(payload, 0, payload.length, true, true),
        seq = seqAdd(FIRST_SEQ, i);
      encoder.add(seq, symbol);
      if (i % 10 !== 4) decoder.addSource(seq, symbol);
      if (i % 2 === 1) decoder.addRepair(encoder.repairNewest(2)!);
      while (decoder.pollRecovered()) recovered++;
    });
    expect(recovered).toBe(LATE / 10);
    decoder.clear();
    expect(pool.live).toBe(0);
  });
});

describe("a block's copy", () => {
  it("is the part of the source and zeros after it, wherever the part lies and however long the source is", () => {
    const pool = new BlockPool();
    for (const sourceBytes of [300, 1400, 2048, 2049, 70_000]) {
      const source = Uint8Array.from({ length: sourceBytes }, (_, i) => 1 + ((i * 31) % 255));
      for (const length of [0, 1, 3, 200, 255, 256, 257, 700, 1202]) {
        for (const start of [0, 1, 5, sourceBytes - length]) {
          if (start < 0 || start + length > sourceBytes) continue;
          const block = pool.acquireCopy(source, start, start + length);
          const expected = new Uint8Array(block.bytes.length);
          expected.set(source.subarray(start, start + length));
          expect(Buffer.compare(block.bytes, expected), `${sourceBytes} ${start} ${length}`).toBe(0);
          block.bytes.fill(0xff);
          pool.release(block);
        }
      }
    }
  });
});

describe("FrontViews", () => {
  it("gives the same view again, and never one of another length", () => {
    const bytes = new Uint8Array(100),
      views = new FrontViews(bytes, 16);
    const first = views.of(20);
    expect(views.of(20)).toBe(first);
    for (let round = 0; round < 3; round++)
      for (let length = 0; length <= 100; length++) expect(views.of(length).length).toBe(length);
    expect(views.of(20).buffer).toBe(bytes.buffer);
  });
});

describe("MessageQueue", () => {
  it("gives messages in order, each once, and holds none of them afterwards", () => {
    const queue = new MessageQueue();
    let pushed = 0,
      polled = 0;
    for (let i = 0; i < 2000; i++) {
      for (let n = 0; n < (i * 7) % 5; n++, pushed++) queue.push(Uint8Array.of(pushed, pushed >> 8), pushed % 3 === 0);
      for (let n = 0; n < (i * 5) % 4 || i === 1999; n++) {
        const message = queue.shift();
        if (!message) break;
        expect([message.bytes[0]! | (message.bytes[1]! << 8), message.ordered]).toEqual([
          polled & 0xffff,
          polled % 3 === 0,
        ]);
        polled++;
      }
    }
    expect(polled).toBe(pushed);
    expect(queue.shift()).toBeUndefined();
  });
});

describe("DatagramReader", () => {
  it("gives the same frames again, with what the next datagram says", () => {
    const reader = new DatagramReader();
    const read = (seq: number, payloadBytes: number) => {
      const writer = new DatagramWriter(1200);
      writer.begin(seq, 0);
      const symbol = makeSymbol(new Uint8Array(payloadBytes), 0, payloadBytes, true, true);
      writer.source(0, seq, symbol, false);
      writer.repair(0, {
        row: 1,
        base: seq,
        span: 9,
        bitmap: Uint8Array.of(1 | seq, 1),
        members: seq === 2 ? 3 : 4,
        bytes: symbol,
      });
      const datagram = reader.read(writer.end());
      if (typeof datagram === "string") throw new Error(datagram);
      return datagram.frames;
    };
    const before = [...read(2, 300)];
    expect(before.length).toBe(2);
    const after = read(6, 8);
    expect(after[0]).toBe(before[0]);
    expect(after[1]).toBe(before[1]);
    expect(after[0]).toMatchObject({ seq24: 6, start: 9, end: 19 });
    expect(after[1]).toMatchObject({ base24: 6, span: 9, members: 4 });
    expect(after.length).toBe(2);
  });
});
