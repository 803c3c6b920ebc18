/** Datagrams and records: what is written reads back the same; what is damaged is dropped whole, with a reason, and never throws. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  DatagramReader,
  DatagramWriter,
  encodeSymbolRecord,
  encodeUnreliableRecord,
  makeSymbol,
  readRecord,
  type Feedback,
  type StreamId,
} from "colyseus-fec/core";

const parameters = process.env.SEED ? { seed: Number(process.env.SEED) } : { seed: 20261122 };
const u32 = fc.integer({ min: 0, max: 0xffff_ffff });

const source = fc.record({
  kind: fc.constant("source" as const),
  stream: fc.constantFrom<StreamId>(0, 1),
  seq: u32,
  payload: fc.uint8Array({ maxLength: 120 }),
  retransmitted: fc.boolean(),
});
const repair = fc.record({
  kind: fc.constant("repair" as const),
  stream: fc.constantFrom<StreamId>(0, 1),
  row: fc.integer({ min: 0, max: 127 }),
  base: u32,
  offsets: fc.uniqueArray(fc.integer({ min: 1, max: 127 }), { maxLength: 31 }),
  bytes: fc.uint8Array({ minLength: 2, maxLength: 100 }),
});
const feedback = fc.record({
  kind: fc.constant("feedback" as const),
  largest: u32,
  bitmap: fc.uint8Array({ maxLength: 8 }),
  ackDelayMs: fc.integer({ min: 0, max: 255 }),
  queueDelayMs: fc.integer({ min: 0, max: 255 }),
  next: u32,
  symbols: fc.uint8Array({ maxLength: 32 }).filter((b) => b.length === 0 || b[b.length - 1] !== 0),
});
const ping = fc.record({ kind: fc.constant("ping" as const) });
const frames = fc.array(fc.oneof(source, repair, feedback, ping), { maxLength: 5 });

function write(
  number: number,
  sentAtMs: number,
  list: typeof frames extends fc.Arbitrary<infer T> ? T : never,
): Uint8Array {
  const writer = new DatagramWriter(1500);
  writer.begin(number, sentAtMs);
  for (const f of list) {
    if (f.kind === "source")
      writer.source(f.stream, f.seq, makeSymbol(f.payload, 0, f.payload.length, true, false), f.retransmitted);
    else if (f.kind === "ping") writer.ping();
    else if (f.kind === "feedback") {
      const fields: Feedback = {
        largest: f.largest,
        bitmapBytes: f.bitmap.length,
        bitmap: f.bitmap,
        ackDelayMs: f.ackDelayMs,
        queueDelayMs: f.queueDelayMs,
        next: f.next,
        symbolBytes: f.symbols.length,
        symbolBitmap: f.symbols,
      };
      writer.feedback(fields);
    } else {
      writer.repair(f.stream, repairFields(f));
    }
  }
  return writer.end().slice();
}

function repairFields(f: { row: number; base: number; offsets: number[]; bytes: Uint8Array }) {
  const span = Math.max(0, ...f.offsets) + 1;
  const bitmap = new Uint8Array(16);
  for (const i of [0, ...f.offsets]) bitmap[i >> 3]! |= 1 << (i & 7);
  return { row: f.row, base: f.base, span, bitmap, members: f.offsets.length + 1, bytes: f.bytes };
}

describe("datagrams", () => {
  it("read back as they were written", () => {
    fc.assert(
      fc.property(u32, fc.integer({ min: 0, max: 2 ** 40 }), frames, (number, sentAtMs, list) => {
        const read = new DatagramReader().read(write(number, sentAtMs, list));
        if (typeof read === "string") throw new Error(read);
        expect(read.number16).toBe(number & 0xffff);
        expect(read.sentAt16).toBe(sentAtMs % 65536);
        expect(read.frames.length).toBe(list.length);
        read.frames.forEach((got, i) => {
          const put = list[i]!;
          expect(got.kind).toBe(put.kind);
          if (got.kind === "source" && put.kind === "source") {
            expect(got).toMatchObject({
              stream: put.stream,
              seq24: put.seq & 0xff_ffff,
              retransmitted: put.retransmitted,
            });
            expect(Buffer.from(got.bytes.subarray(got.start + 2, got.end)).equals(put.payload)).toBe(true);
          } else if (got.kind === "repair" && put.kind === "repair") {
            const fields = repairFields(put);
            expect(got).toMatchObject({
              stream: put.stream,
              row: put.row,
              base24: put.base & 0xff_ffff,
              span: fields.span,
              members: fields.members,
            });
            expect([...got.bitmap]).toEqual([...fields.bitmap]);
            expect([...got.bytes.subarray(got.start, got.end)]).toEqual([...put.bytes]);
          } else if (got.kind === "feedback" && put.kind === "feedback") {
            expect(got).toMatchObject({
              largest16: put.largest & 0xffff,
              ackDelayMs: put.ackDelayMs,
              queueDelayMs: put.queueDelayMs,
              next24: put.next & 0xff_ffff,
            });
            expect([...got.bitmap]).toEqual([...put.bitmap]);
            expect([...got.symbolBitmap]).toEqual([...put.symbols]);
          }
        });
      }),
      { ...parameters, numRuns: 500 },
    );
  });

  it("cut short anywhere but between frames are dropped, and never throw", () => {
    fc.assert(
      fc.property(frames, fc.nat(), (list, cut) => {
        const whole = write(1, 1, list);
        const read = new DatagramReader().read(whole.subarray(0, cut % whole.length));
        if (typeof read !== "string") expect(read.frames.length).toBeLessThanOrEqual(list.length);
      }),
      { ...parameters, numRuns: 1000 },
    );
  });

  it("of random bytes never throw", () => {
    const reader = new DatagramReader();
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        reader.read(bytes);
        reader.read(Uint8Array.from([1, 0, 0, 0, 0, ...bytes]));
      }),
      { ...parameters, numRuns: 3000 },
    );
  });
});

describe("records of the reliable path", () => {
  it("read back as they were written", () => {
    fc.assert(
      fc.property(u32, fc.boolean(), fc.boolean(), fc.uint8Array({ maxLength: 300 }), (seq, first, last, payload) => {
        const symbol = readRecord(encodeSymbolRecord(seq, first, last, payload));
        expect(symbol).toMatchObject({ kind: "symbol", seq, first, last });
        expect([...symbol!.payload]).toEqual([...payload]);
        const unreliable = readRecord(encodeUnreliableRecord(seq, payload));
        expect(unreliable).toMatchObject({ kind: "unreliable", barrier: seq });
        expect([...unreliable!.payload]).toEqual([...payload]);
      }),
      parameters,
    );
  });
});
