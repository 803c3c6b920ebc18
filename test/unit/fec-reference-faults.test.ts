/** The twelve faults found in the reference (FEC.md section 1), each shown not to be here. */

import { describe, expect, it } from "vitest";
import { GenerationSchedule } from "../../plugin/core/fec/generation-schedule.js";
import { RepairDecoder } from "../../plugin/core/fec/repair-decoder.js";
import { RepairEncoder } from "../../plugin/core/fec/repair-encoder.js";
import { seqAdd } from "../../plugin/core/seq.js";
import { FIRST_SEQS, drain, encoderOf, keep, makeSymbol } from "./fec-support.js";

function symbolsOf(count: number, payloadBytes: (index: number) => number = () => 100): Uint8Array[] {
  return Array.from({ length: count }, (_, index) => makeSymbol(payloadBytes(index), index));
}

describe("faults of the reference", () => {
  it("1: recovers any single loss in a generation of 2..16", () => {
    for (let size = 2; size <= 16; size++) {
      const symbols = symbolsOf(size);
      const repair = keep(encoderOf(symbols).repairRange(0, size, { row: "xor" }));
      for (let lost = 0; lost < size; lost++) {
        const decoder = new RepairDecoder();
        symbols.forEach((symbol, seq) => seq !== lost && decoder.addSource(seq, symbol));
        expect(decoder.addRepair(repair)).toBe("useful");
        expect(drain(decoder)).toEqual([{ seq: lost, symbol: symbols[lost] }]);
      }
    }
  });

  it("2: gives nothing when the repair comes first and nothing is lost", () => {
    for (let size = 2; size <= 16; size++) {
      const symbols = symbolsOf(size);
      const decoder = new RepairDecoder();
      expect(decoder.addRepair(keep(encoderOf(symbols).repairRange(0, size, { row: "xor" })))).toBe("useful");
      // The last source that comes is recovered just before; it is a duplicate then, and right.
      symbols.forEach((symbol, seq) =>
        expect(decoder.addSource(seq, symbol)).toBe(seq === size - 1 ? "duplicate" : "new"),
      );
      expect(drain(decoder)).toEqual([{ seq: size - 1, symbol: symbols[size - 1] }]);
      expect(decoder.equationCount).toBe(0);
    }
  });

  it("3: recovers symbols of different sizes at their true length, the empty payload included", () => {
    const symbols = symbolsOf(4, (index) => [10, 200, 0, 77][index]!);
    for (const row of ["xor", "cauchy"] as const) {
      const repair = keep(encoderOf(symbols).repairRange(0, 4, { row }));
      for (let lost = 0; lost < 4; lost++) {
        const decoder = new RepairDecoder();
        symbols.forEach((symbol, seq) => seq !== lost && decoder.addSource(seq, symbol));
        decoder.addRepair(repair);
        expect(drain(decoder)).toEqual([{ seq: lost, symbol: symbols[lost] }]);
      }
    }
  });

  it("4: takes payloads up to 1200 bytes, and refuses larger ones on either side", () => {
    const symbols = symbolsOf(3, () => 1200);
    const decoder = new RepairDecoder();
    decoder.addSource(0, symbols[0]!);
    decoder.addSource(2, symbols[2]!);
    decoder.addRepair(encoderOf(symbols).repairNewest(3)!);
    expect(drain(decoder)).toEqual([{ seq: 1, symbol: symbols[1] }]);
    expect(() => new RepairEncoder().add(0, makeSymbol(1201))).toThrow(RangeError);
    expect(decoder.addSource(3, makeSymbol(1201))).toBe("invalid");
    const repair = { row: 0, base: 3, span: 1, bitmap: new Uint8Array([1]), bytes: new Uint8Array(1203) };
    expect(decoder.addRepair(repair)).toBe("invalid");
  });

  it("5: refuses a repair shorter than a member that is known", () => {
    const symbols = symbolsOf(4, (index) => (index === 1 ? 300 : 20));
    const repair = keep(encoderOf(symbols).repairRange(0, 4, { row: "xor" }));
    const decoder = new RepairDecoder();
    for (const seq of [0, 1, 2]) decoder.addSource(seq, symbols[seq]!);
    expect(decoder.addRepair({ ...repair, bytes: repair.bytes.slice(0, 50) })).toBe("invalid");
    expect(drain(decoder)).toEqual([]);
    // With the long member unknown the equation is taken, and found false when that member comes.
    const late = new RepairDecoder();
    for (const seq of [0, 2]) late.addSource(seq, symbols[seq]!);
    late.addRepair({ ...repair, bytes: repair.bytes.slice(0, 50) });
    late.addSource(1, symbols[1]!);
    expect(drain(late)).toEqual([]);
    expect(late.contradictions).toBe(1);
    expect(late.equationCount).toBe(0);
  });

  it("6: answers fields out of bounds with invalid", () => {
    const good = keep(encoderOf(symbolsOf(4)).repairRange(0, 4, { row: "xor" }));
    const ones = new Uint8Array(16).fill(255);
    const hostile = [
      { span: 0 },
      { span: 129 },
      { span: 255 },
      { span: -1 },
      { span: 2.5 },
      { span: NaN },
      { row: 128 },
      { row: 255 },
      { row: -1 },
      { row: NaN },
      { base: -1 },
      { base: 2 ** 32 },
      { base: 0.5 },
      { bitmap: new Uint8Array(0) },
      { bitmap: new Uint8Array(16) },
      { bitmap: new Uint8Array([0x0e]) },
      { bitmap: new Uint8Array([0x07]) },
      { bitmap: new Uint8Array([0x1f]) },
      { span: 33, bitmap: ones },
      { span: 128, bitmap: ones },
      { bytes: new Uint8Array(0) },
      { bytes: new Uint8Array(1) },
      { bytes: new Uint8Array(1203) },
      { base: 300 },
    ];
    for (const fields of hostile) {
      const decoder = new RepairDecoder();
      expect(decoder.addRepair({ ...good, ...fields }), JSON.stringify(fields)).toBe("invalid");
      expect(decoder.equationCount).toBe(0);
    }
    for (const groupSize of [0, 1, 17, 255])
      expect(() => new GenerationSchedule(groupSize)).toThrow(`"groupSize" expected 2..16, got ${groupSize}`);
  });

  it("7: a repair after a lossless generation re-opens nothing, and duplicates are named so", () => {
    const symbols = symbolsOf(4);
    const repair = keep(encoderOf(symbols).repairRange(0, 4, { row: "xor" }));
    const decoder = new RepairDecoder();
    symbols.forEach((symbol, seq) => expect(decoder.addSource(seq, symbol)).toBe("new"));
    expect(decoder.addRepair(repair)).toBe("redundant");
    expect(decoder.addRepair(repair)).toBe("redundant");
    symbols.forEach((symbol, seq) => expect(decoder.addSource(seq, symbol)).toBe("duplicate"));
    expect(drain(decoder)).toEqual([]);
    expect(decoder.equationCount).toBe(0);
    // The same after a recovery: the late original is a duplicate.
    const lossy = new RepairDecoder();
    for (const seq of [0, 1, 3]) lossy.addSource(seq, symbols[seq]!);
    expect(lossy.addRepair(repair)).toBe("useful");
    expect(lossy.addSource(2, symbols[2]!)).toBe("duplicate");
    expect(lossy.addRepair(repair)).toBe("redundant");
    expect(drain(lossy)).toHaveLength(1);
  });

  it("8: recovers across every wrap of sequence numbers, 4096 generations each", () => {
    for (const first of FIRST_SEQS) {
      const start = seqAdd(first, -8192);
      const encoder = new RepairEncoder();
      const decoder = new RepairDecoder({ firstSeq: start });
      let recovered = 0;
      for (let generation = 0; generation < 4096; generation++) {
        const base = seqAdd(start, generation * 4);
        const symbols = symbolsOf(4, () => 8 + (generation % 50));
        symbols.forEach((symbol, index) => encoder.add(seqAdd(base, index), symbol));
        symbols.forEach((symbol, index) => index !== generation % 4 && decoder.addSource(seqAdd(base, index), symbol));
        decoder.addRepair(encoder.repairRange(base, 4, { row: "xor" })!);
        const lost = generation % 4;
        const polled = decoder.pollRecovered();
        if (polled?.seq === seqAdd(base, lost) && Buffer.compare(polled.symbol, symbols[lost]!) === 0) recovered++;
      }
      expect(recovered).toBe(4096);
    }
  });

  it("9: closes a partial generation by its deadline, one symbol included", () => {
    const schedule = new GenerationSchedule(4);
    const symbols = symbolsOf(1);
    schedule.onSource(0, 1000);
    expect(schedule.deadlineMs()).toBe(1050);
    const demand = schedule.onDeadline(1050);
    expect(demand).toEqual({ first: 0, count: 1, row: "xor" });
    const decoder = new RepairDecoder();
    decoder.addRepair(encoderOf(symbols).repairRange(0, 1, { row: "xor" })!);
    expect(drain(decoder)).toEqual([{ seq: 0, symbol: symbols[0] }]);
  });

  it("10: recovers two losses in a generation from two repairs, and keeps the first repair until the second comes", () => {
    const symbols = symbolsOf(8, (index) => 20 * index);
    const encoder = encoderOf(symbols);
    const decoder = new RepairDecoder();
    symbols.forEach((symbol, seq) => seq !== 2 && seq !== 5 && decoder.addSource(seq, symbol));
    expect(decoder.addRepair(encoder.repairRange(0, 8, { row: "xor" })!)).toBe("useful");
    expect(drain(decoder)).toEqual([]);
    expect([decoder.equationCount, decoder.unknowns]).toEqual([1, 2]);
    expect(decoder.addRepair(encoder.repairRange(0, 8, { row: "cauchy" })!)).toBe("useful");
    expect(drain(decoder)).toEqual([2, 5].map((seq) => ({ seq, symbol: symbols[seq] })));
    expect([decoder.equationCount, decoder.unknowns]).toEqual([0, 0]);
  });

  it("11: no call has to be remembered: a repair leaves no state behind that spoils the next", () => {
    const symbols = symbolsOf(8);
    const encoder = encoderOf(symbols);
    for (let i = 0; i < 5; i++) encoder.repairNewest(8);
    const repair = keep(encoder.repairRange(4, 4, { row: "xor" }));
    const fresh = encoderOf(symbols);
    expect(keep(fresh.repairRange(4, 4, { row: "xor" }))).toEqual(repair);
  });

  it("12: allocates no buffers in steady state, and copies what it is given", () => {
    const decoder = new RepairDecoder();
    const encoder = new RepairEncoder();
    const symbol = makeSymbol(100, 1);
    const expected = symbol.slice();
    encoder.add(0, symbol);
    const repair = keep(encoder.repairNewest(1));
    decoder.addRepair(repair);
    repair.bytes.fill(0xee);
    expect(decoder.get(0)).toEqual(expected);
    decoder.addSource(1, symbol);
    symbol.fill(0xee);
    expect(decoder.get(1)).toEqual(expected);
    // 20,000 symbols and repairs, a quarter lost: ArrayBuffer memory must not grow with them.
    const body = makeSymbol(200, 2);
    const run = (from: number, to: number) => {
      for (let seq = from; seq < to; seq++) {
        encoder.add(seq, body);
        if (seq % 4 !== 1) decoder.addSource(seq, body);
        if (seq % 4 === 3) decoder.addRepair(encoder.repairNewest(4)!);
        decoder.pollRecovered();
      }
    };
    run(2, 2000);
    const before = process.memoryUsage().arrayBuffers;
    run(2000, 20_000);
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(256 * 1024);
  });
});

describe("what the reference offers", () => {
  it("parity is there with the last source of its group, no call later", () => {
    const schedule = new GenerationSchedule();
    const encoder = new RepairEncoder();
    const demands = symbolsOf(8).map((symbol, seq) => {
      encoder.add(seq, symbol);
      return schedule.onSource(seq, seq);
    });
    expect(demands.map((demand) => demand !== undefined)).toEqual([
      false,
      false,
      false,
      true,
      false,
      false,
      false,
      true,
    ]);
    expect(demands[7]).toEqual({ first: 4, count: 4, row: "xor" });
  });

  it("recovers with sources in reverse and the repair in their midst", () => {
    const symbols = symbolsOf(4);
    const repair = keep(encoderOf(symbols).repairRange(0, 4, { row: "xor" }));
    const decoder = new RepairDecoder();
    decoder.addSource(3, symbols[3]!);
    decoder.addRepair(repair);
    decoder.addSource(2, symbols[2]!);
    decoder.addSource(0, symbols[0]!);
    expect(drain(decoder)).toEqual([{ seq: 1, symbol: symbols[1] }]);
  });

  it("clear forgets all, and what was cleared is stale", () => {
    const symbols = symbolsOf(8);
    const encoder = encoderOf(symbols);
    const decoder = new RepairDecoder();
    for (const seq of [0, 1, 4]) decoder.addSource(seq, symbols[seq]!);
    decoder.addRepair(encoder.repairRange(0, 4, { row: "xor" })!);
    decoder.clear();
    expect([decoder.equationCount, decoder.unknowns, decoder.has(1)]).toEqual([0, 0, false]);
    expect(decoder.addSource(2, symbols[2]!)).toBe("stale");
    expect(decoder.addSource(5, symbols[5]!)).toBe("new");
    encoder.clear();
    expect(encoder.size).toBe(0);
    expect(encoder.repairNewest(4)).toBeUndefined();
  });
});
