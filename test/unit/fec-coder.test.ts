/** Encoder, decoder and schedules in the ordinary and the bounded cases. */

import { describe, expect, it } from "vitest";
import { GenerationSchedule } from "../../plugin/core/fec/generation-schedule.js";
import { RepairDecoder } from "../../plugin/core/fec/repair-decoder.js";
import { RepairEncoder } from "../../plugin/core/fec/repair-encoder.js";
import { SlidingSchedule, fragmentRepairs } from "../../plugin/core/fec/sliding-schedule.js";
import { seqAdd } from "../../plugin/core/seq.js";
import { drain, encoderOf, keep, makeSymbol } from "./fec-support.js";

function membersOf(repair: { base: number; bitmap: Uint8Array }): number[] {
  const members: number[] = [];
  for (let i = 0; i < 128; i++) if ((repair.bitmap[i >> 3]! >> (i & 7)) & 1) members.push(seqAdd(repair.base, i));
  return members;
}

describe("RepairEncoder", () => {
  const sizes = [10, 50, 20, 90, 30, 40];
  const symbols = sizes.map((size, index) => makeSymbol(size, index));

  it("covers the newest, and lets no longer symbol ride along", () => {
    const encoder = encoderOf(symbols, 100);
    const repair = encoder.repairNewest(2)!;
    expect(membersOf(repair)).toEqual([100, 102, 104, 105]);
    expect([repair.base, repair.span, repair.members, repair.bytes.length]).toEqual([100, 6, 4, 42]);
    expect(membersOf(encoder.repairNewest(2, { freeRiders: false })!)).toEqual([104, 105]);
    expect(membersOf(encoder.repairNewest(99)!)).toEqual([100, 101, 102, 103, 104, 105]);
  });

  it("covers every symbol up to a length, and gives undefined when all are longer", () => {
    const encoder = encoderOf(symbols, 100);
    expect(membersOf(encoder.repairUpTo(32)!)).toEqual([100, 102, 104]);
    expect(encoder.repairUpTo(32)!.bytes.length).toBe(32);
    expect(encoder.repairUpTo(11)).toBeUndefined();
    expect(() => encoder.repairUpTo(1)).toThrow(RangeError);
  });

  it("covers of a range what is still held, and gives undefined when that is nothing", () => {
    const encoder = encoderOf(symbols, 100);
    encoder.remove(102);
    encoder.remove(102);
    encoder.remove(7);
    expect([encoder.size, encoder.has(102), encoder.has(103)]).toEqual([5, false, true]);
    const repair = encoder.repairRange(101, 4, { row: "xor" })!;
    expect([membersOf(repair), repair.row, repair.span]).toEqual([[101, 103, 104], 0, 4]);
    expect(encoder.repairRange(102, 1)).toBeUndefined();
    expect(encoder.repairRange(0, 100)).toBeUndefined();
  });

  it("never spans more than 128 sequence numbers, and holds no more than the encoding window", () => {
    const encoder = new RepairEncoder();
    const symbol = makeSymbol(5);
    for (let seq = 0; seq < 200; seq += 10) encoder.add(seq, symbol);
    expect(membersOf(encoder.repairNewest(32)!)[0]).toBe(70);
    for (let seq = 300; seq < 400; seq++) encoder.add(seq, symbol);
    expect([encoder.size, encoder.has(367), encoder.has(368)]).toEqual([32, false, true]);
    expect(encoder.repairNewest(1)!.members).toBe(32);
    const small = new RepairEncoder({ encodingWindowSymbols: 2 });
    for (let seq = 0; seq < 5; seq++) small.add(seq, symbol);
    expect(membersOf(small.repairNewest(32)!)).toEqual([3, 4]);
  });

  it("takes Cauchy rows 1..127 in turn", () => {
    const encoder = encoderOf(symbols);
    const rows = Array.from({ length: 130 }, () => encoder.repairNewest(1)!.row);
    expect([rows[0], rows[126], rows[127], rows[129]]).toEqual([1, 127, 1, 3]);
  });

  it("refuses a caller's mistakes with the name, what was expected and what came", () => {
    const encoder = encoderOf(symbols, 100);
    expect(() => encoder.add(105, symbols[0]!)).toThrow('"seq" expected a number after 105, got 105');
    expect(() => encoder.add(99, symbols[0]!)).toThrow(RangeError);
    expect(() => encoder.add(106, new Uint8Array(1))).toThrow('"symbol.length" expected 2..1202, got 1');
    expect(() => encoder.add(106, new Uint8Array(5))).toThrow(RangeError);
    expect(() => encoder.repairNewest(0)).toThrow(RangeError);
    expect(() => encoder.repairRange(0, 129)).toThrow(RangeError);
    expect(() => new RepairEncoder({ encodingWindowSymbols: 33 })).toThrow(
      '"encodingWindowSymbols" expected 1..32, got 33',
    );
    expect(() => new RepairEncoder({ encodingWindowSymbols: 1.5 })).toThrow(TypeError);
  });
});

describe("RepairDecoder", () => {
  const body = makeSymbol(40, 9);

  it.each([0, 0xfffffffe, 0x7fffffff])(
    "forgets what is behind its history, calls it stale, and drops equations over it, from %i on",
    (first) => {
      const at = (index: number) => seqAdd(first, index);
      const encoder = encoderOf([body, body, body, body], first);
      const decoder = new RepairDecoder({ firstSeq: first });
      decoder.addRepair(encoder.repairRange(first, 4, { row: "xor" })!);
      for (let index = 4; index < 131; index++) decoder.addSource(at(index), body);
      expect([decoder.equationCount, decoder.unknowns]).toEqual([1, 4]);
      decoder.addSource(at(131), body);
      expect([decoder.equationCount, decoder.unknowns]).toEqual([0, 0]);
      expect([decoder.has(at(4)), decoder.get(at(3)), decoder.addSource(at(3), body)]).toEqual([
        true,
        undefined,
        "stale",
      ]);
      expect(decoder.addRepair(encoder.repairRange(first, 4)!)).toBe("stale");
    },
  );

  it("forgets a recovered symbol that nobody polled before it left the history", () => {
    const decoder = new RepairDecoder();
    decoder.addRepair(encoderOf([body]).repairRange(0, 1)!);
    for (let seq = 1; seq <= 128; seq++) decoder.addSource(seq, body);
    expect(drain(decoder)).toEqual([]);
  });

  it("makes room when equations name more than 128 unknowns", () => {
    const encoder = new RepairEncoder();
    const decoder = new RepairDecoder();
    for (let seq = 0; seq < 192; seq++) {
      encoder.add(seq, makeSymbol(8, seq));
      if (seq % 32 === 31) decoder.addRepair(encoder.repairNewest(32)!);
    }
    expect([decoder.equationCount, decoder.unknowns]).toEqual([4, 128]);
    for (let seq = 64; seq < 192; seq++) if (seq % 32 !== 5) decoder.addSource(seq, makeSymbol(8, seq));
    expect(drain(decoder)).toEqual([69, 101, 133, 165].map((seq) => ({ seq, symbol: makeSymbol(8, seq) })));
  });

  it("drops an equation that elimination chained to an unknown long past", () => {
    const decoder = new RepairDecoder();
    const encoder = new RepairEncoder();
    for (const seq of [0, 100, 200]) encoder.add(seq, body);
    decoder.addSource(50, body);
    decoder.addRepair(encoder.repairRange(0, 101)!);
    decoder.addRepair(encoder.repairRange(100, 101)!);
    expect([decoder.equationCount, decoder.unknowns]).toEqual([2, 3]);
    decoder.addSource(256, body);
    expect([decoder.equationCount, decoder.unknowns]).toEqual([0, 0]);
  });

  it("takes symbols up to aheadSymbols ahead, and advanceTo moves it past symbols of another path", () => {
    const decoder = new RepairDecoder({ firstSeq: 10, aheadSymbols: 20 });
    expect(decoder.addSource(9, body)).toBe("stale");
    expect(decoder.addSource(30, body)).toBe("invalid");
    expect(decoder.addSource(29, body)).toBe("new");
    decoder.advanceTo(5000);
    expect([decoder.has(29), decoder.addSource(5001, body), decoder.addSource(4999, body)]).toEqual([
      false,
      "new",
      "new",
    ]);
  });

  it("holds no more equations than it may, and drops those over the oldest symbols", () => {
    const decoder = new RepairDecoder({ equations: 4 });
    const encoder = new RepairEncoder();
    for (let seq = 0; seq < 20; seq++) encoder.add(seq, makeSymbol(30, seq));
    for (let pair = 0; pair < 10; pair++) decoder.addRepair(encoder.repairRange(pair * 2, 2, { row: "xor" })!);
    expect([decoder.equationCount, decoder.unknowns]).toEqual([4, 8]);
    for (let seq = 0; seq < 20; seq += 2) decoder.addSource(seq, makeSymbol(30, seq));
    expect(drain(decoder).map(({ seq }) => seq)).toEqual([13, 15, 17, 19]);
  });

  it("delivers nothing from an equation whose solution is no symbol", () => {
    const decoder = new RepairDecoder();
    const repair = keep(encoderOf([body, body]).repairRange(0, 2, { row: "xor" }));
    repair.bytes[1]! ^= 0x80;
    decoder.addSource(0, body);
    decoder.addRepair(repair);
    expect(drain(decoder)).toEqual([]);
    expect([decoder.contradictions, decoder.equationCount, decoder.unknowns, decoder.has(1)]).toEqual([1, 0, 0, false]);
    expect(decoder.addSource(1, body)).toBe("new");
  });

  it("solves a cascade when one source arrives", () => {
    const symbols = Array.from({ length: 5 }, (_, index) => makeSymbol(10 + index * 30, index));
    const encoder = encoderOf(symbols);
    const decoder = new RepairDecoder();
    for (let seq = 0; seq < 4; seq++) decoder.addRepair(encoder.repairRange(seq, 2, { row: "xor" })!);
    expect([decoder.equationCount, decoder.unknowns]).toEqual([4, 5]);
    decoder.addSource(2, symbols[2]!);
    expect(drain(decoder)).toEqual([0, 1, 3, 4].map((seq) => ({ seq, symbol: symbols[seq] })));
  });

  it("checks its options", () => {
    expect(() => new RepairDecoder({ historySymbols: 0 })).toThrow('"historySymbols" expected 1..1024, got 0');
    expect(() => new RepairDecoder({ equations: 65 })).toThrow(RangeError);
    expect(() => new RepairDecoder({ firstSeq: -1 })).toThrow(RangeError);
    expect(() => new RepairDecoder({ aheadSymbols: NaN })).toThrow(TypeError);
  });
});

describe("GenerationSchedule", () => {
  it("closes after groupSize sources, across the wrap, and by deadline after the last source", () => {
    const schedule = new GenerationSchedule(3, { partialGenerationMs: 20 });
    expect(schedule.deadlineMs()).toBe(Infinity);
    expect(schedule.onSource(0xfffffffe, 0)).toBeUndefined();
    expect(schedule.onSource(0xffffffff, 10)).toBeUndefined();
    expect(schedule.deadlineMs()).toBe(30);
    expect(schedule.onSource(0, 15)).toEqual({ first: 0xfffffffe, count: 3, row: "xor" });
    expect(schedule.deadlineMs()).toBe(Infinity);
    schedule.onSource(1, 100);
    expect(schedule.onDeadline(119)).toBeUndefined();
    expect(schedule.onDeadline(120)).toEqual({ first: 1, count: 1, row: "xor" });
    expect(schedule.onDeadline(1000)).toBeUndefined();
  });

  it("counts sources, not numbers, and closes before a skip would exceed a repair's span", () => {
    const schedule = new GenerationSchedule(2);
    schedule.onSource(0, 0);
    expect(schedule.onSource(5, 0)).toEqual({ first: 0, count: 6, row: "xor" });
    schedule.onSource(6, 0);
    expect(schedule.onSource(134, 0)).toEqual({ first: 6, count: 1, row: "xor" });
    expect(schedule.onSource(135, 0)).toEqual({ first: 134, count: 2, row: "xor" });
  });
});

describe("SlidingSchedule", () => {
  it("gives codeRate repairs per source, each over ceil(1 / codeRate) symbols", () => {
    for (const [codeRate, repairs, count] of [
      [0, 0, 0],
      [0.1, 10, 10],
      [0.25, 25, 4],
      [0.3, 30, 4],
      [0.5, 50, 2],
      [1, 100, 1],
      [0.01, 1, 32],
    ] as const) {
      const schedule = new SlidingSchedule();
      schedule.setCodeRate(codeRate);
      let due = 0;
      for (let seq = 0; seq < 100; seq++) due += schedule.onSource(seq);
      expect([due, schedule.repairCount]).toEqual([repairs, count]);
    }
  });

  it("owes nothing for a symbol sent again, and refuses a rate out of range", () => {
    const schedule = new SlidingSchedule();
    schedule.setCodeRate(1);
    expect([
      schedule.onSource(0xffffffff),
      schedule.onSource(0xffffffff),
      schedule.onSource(0),
      schedule.onSource(0xffffffff),
    ]).toEqual([1, 0, 1, 0]);
    for (const rate of [-0.1, 1.1, NaN]) expect(() => schedule.setCodeRate(rate)).toThrow(RangeError);
  });

  it("sends ceil(0.2..0.34 n) repairs with n fragments", () => {
    expect([1, 2, 3, 5, 6, 10, 32].map((n) => fragmentRepairs(n, 0.2))).toEqual([0, 1, 1, 1, 2, 2, 7]);
    expect([1, 2, 3, 5, 6, 50].map((n) => fragmentRepairs(n, 0.34))).toEqual([0, 1, 2, 2, 3, 17]);
    expect([fragmentRepairs(10, 0), fragmentRepairs(10, 9)]).toEqual([2, 4]);
  });
});
