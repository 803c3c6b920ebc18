/**
 * Properties of the repair code, against the list of symbols sent and an elimination written here without its tables.
 * Replay a run with SEED=...; the seed is printed.
 */

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { RepairDecoder } from "../../plugin/core/fec/repair-decoder.js";
import { RepairEncoder } from "../../plugin/core/fec/repair-encoder.js";
import type { RepairSymbol } from "../../plugin/core/symbol.js";
import { seqAdd, seqDiff, type Seq } from "../../plugin/core/seq.js";
import { FIRST_SEQS, drain, encoderOf, keep, makeRandom, makeSymbol, testSeed } from "../unit/fec-support.js";
import { coefficientByDefinition, determinedUnknowns, slowMul } from "../unit/fec-oracle.js";

const firstSeqs = fc.constantFrom(...FIRST_SEQS);
const seeds = fc.integer({ min: 0, max: 0x7fffffff });

function shuffle<T>(items: T[], random: () => number): T[] {
  for (let i = items.length - 1; i > 0; i--) {
    const j = Math.floor(random() * (i + 1));
    [items[i], items[j]] = [items[j]!, items[i]!];
  }
  return items;
}

function membersOf(repair: RepairSymbol): Seq[] {
  const members: Seq[] = [];
  for (let i = 0; i < repair.span; i++)
    if ((repair.bitmap[i >> 3]! >> (i & 7)) & 1) members.push(seqAdd(repair.base, i));
  return members;
}

/** The repair symbol computed byte by byte as the wire document says. */
function repairByDefinition(repair: RepairSymbol, symbols: readonly Uint8Array[], first: Seq): Uint8Array {
  const members = membersOf(repair);
  const bytes = new Uint8Array(Math.max(...members.map((seq) => symbols[seqDiff(seq, first)]!.length)));
  for (const seq of members) {
    const factor = coefficientByDefinition(repair.row, seq);
    symbols[seqDiff(seq, first)]!.forEach((byte, i) => (bytes[i]! ^= slowMul(factor, byte)));
  }
  return bytes;
}

/** Repairs over random parts of a stream, each made at a random time by an encoder from which random symbols were removed. */
function randomRepairs(
  symbols: readonly Uint8Array[],
  first: Seq,
  count: number,
  random: () => number,
): RepairSymbol[] {
  const encoder = new RepairEncoder();
  const repairs: RepairSymbol[] = [];
  symbols.forEach((symbol, index) => {
    encoder.add(seqAdd(first, index), symbol);
    if (random() < 0.3) encoder.remove(seqAdd(first, Math.floor(random() * (index + 1))));
    while (repairs.length < count * ((index + 1) / symbols.length)) {
      const row = random() < 0.2 ? "xor" : "cauchy";
      const size = 1 + Math.floor(random() * 12);
      const freeRiders = random() < 0.5;
      const range = encoder.repairRange(seqAdd(first, Math.max(0, index - size)), size, { row });
      const repair = random() < 0.4 && range ? range : encoder.repairNewest(size, { row, freeRiders });
      if (!repair) break;
      repairs.push(keep(repair));
    }
  });
  return repairs;
}

describe("repair code", () => {
  it("makes repair symbols as the wire document defines them", () => {
    const seed = testSeed("definition", 1);
    fc.assert(
      fc.property(
        firstSeqs,
        fc.array(fc.integer({ min: 0, max: 1200 }), { minLength: 1, maxLength: 32 }),
        seeds,
        (first, sizes, randomSeed) => {
          const symbols = sizes.map((size, index) => makeSymbol(size, randomSeed + index));
          for (const repair of randomRepairs(symbols, first, 4, makeRandom(randomSeed))) {
            expect(Buffer.compare(repair.bytes, repairByDefinition(repair, symbols, first))).toBe(0);
            expect(repair.members).toBe(membersOf(repair).length);
            expect(repair.span).toBe(seqDiff(membersOf(repair).at(-1)!, repair.base) + 1);
          }
        },
      ),
      { seed, numRuns: 30 },
    );
  });

  it("recovers exactly the symbols that the equations determine, byte-equal, each once, in any order of arrival", () => {
    const seed = testSeed("determined", 2);
    let recoveredCount = 0;
    fc.assert(
      fc.property(
        firstSeqs,
        fc.integer({ min: 1, max: 90 }),
        fc.integer({ min: 1, max: 60 }),
        fc.double({ min: 0.02, max: 0.9, noNaN: true }),
        fc.constantFrom(8, 300, 1200),
        seeds,
        (first, count, repairCount, loss, sizeMax, randomSeed) => {
          const random = makeRandom(randomSeed);
          const symbols = Array.from({ length: count }, (_, index) =>
            makeSymbol(Math.floor(random() * (sizeMax + 1)), randomSeed ^ index),
          );
          const repairs = randomRepairs(symbols, first, repairCount, random);
          const lost = new Set(symbols.map((_, index) => seqAdd(first, index)).filter(() => random() < loss));
          const arrivals: (Seq | RepairSymbol)[] = [...repairs];
          symbols.forEach((_, index) => !lost.has(seqAdd(first, index)) && arrivals.push(seqAdd(first, index)));
          shuffle(arrivals, random);
          const decoder = new RepairDecoder({ firstSeq: first });
          const known = new Set<Seq>();
          for (const arrival of arrivals) {
            if (typeof arrival === "number") {
              const fate = decoder.addSource(arrival, symbols[seqDiff(arrival, first)]!);
              expect(fate).toBe(known.has(arrival) ? "duplicate" : "new");
              known.add(arrival);
            } else {
              expect(["useful", "redundant"]).toContain(decoder.addRepair(arrival));
            }
            for (const { seq, symbol } of drain(decoder)) {
              expect(known.has(seq)).toBe(false);
              expect(Buffer.compare(symbol, symbols[seqDiff(seq, first)]!)).toBe(0);
              known.add(seq);
              recoveredCount++;
            }
          }
          const rows = repairs.map(
            (repair) =>
              new Map(
                membersOf(repair)
                  .filter((seq) => lost.has(seq))
                  .map((seq) => [seq, coefficientByDefinition(repair.row, seq)]),
              ),
          );
          const determined = determinedUnknowns(rows);
          for (const seq of lost) expect(known.has(seq)).toBe(determined.has(seq));
          expect(decoder.contradictions).toBe(0);
        },
      ),
      { seed, numRuns: 150 },
    );
    expect(recoveredCount).toBeGreaterThan(100);
  });

  it("recovers one loss in an XOR generation of any size, and as many losses as repairs of a full window", () => {
    const seed = testSeed("generation", 3);
    fc.assert(
      fc.property(
        firstSeqs,
        fc.array(fc.integer({ min: 0, max: 1200 }), { minLength: 2, maxLength: 32 }),
        fc.integer({ min: 1, max: 6 }),
        seeds,
        (first, sizes, losses, randomSeed) => {
          const random = makeRandom(randomSeed);
          const symbols = sizes.map((size, index) => makeSymbol(size, randomSeed ^ index));
          const encoder = encoderOf(symbols, first);
          const order = shuffle(
            symbols.map((_, index) => index),
            random,
          );
          const lost = order.slice(0, losses);
          for (const row of losses === 1 ? (["xor", "cauchy"] as const) : (["cauchy"] as const)) {
            const decoder = new RepairDecoder({ firstSeq: first });
            for (const index of order.slice(losses)) decoder.addSource(seqAdd(first, index), symbols[index]!);
            for (let i = 0; i < losses; i++) decoder.addRepair(encoder.repairRange(first, sizes.length, { row })!);
            const recovered = drain(decoder);
            expect(recovered.map(({ seq }) => seqDiff(seq, first))).toEqual([...lost].sort((a, b) => a - b));
            for (const { seq, symbol } of recovered)
              expect(Buffer.compare(symbol, symbols[seqDiff(seq, first)]!)).toBe(0);
          }
        },
      ),
      { seed, numRuns: 150 },
    );
  });

  it("mends a long stream with loss, bursts, reordering and duplicates, exactly once and byte-equal, in bounded memory", () => {
    const seed = testSeed("stream", 4);
    for (const [run, wrap] of FIRST_SEQS.entries()) {
      const random = makeRandom(seed + run);
      const first = seqAdd(wrap, -1500);
      const decoder = new RepairDecoder({ firstSeq: first });
      const encoder = new RepairEncoder();
      const sent = new Map<Seq, Uint8Array>();
      const late: (() => void)[] = [];
      const counts = { lost: 0, recovered: 0 };
      const known = new Set<Seq>();
      for (let index = 0, burst = 0; index < 3000; index++) {
        const seq = seqAdd(first, index);
        const symbol = makeSymbol(Math.floor(random() * random() * 1201), index);
        sent.set(seq, symbol);
        encoder.add(seq, symbol);
        if (random() < 0.5) encoder.remove(seqAdd(seq, -8 - Math.floor(random() * 20)));
        if (random() < 0.02) burst = 3;
        const lost = burst-- > 0 || random() < 0.05;
        const deliver = () => {
          const fate = decoder.addSource(seq, symbol);
          if (fate === "new") known.add(seq);
        };
        if (lost) counts.lost++;
        else if (random() < 0.1) late.push(deliver, deliver);
        else deliver();
        const repair = keep(encoder.repairNewest(2));
        if (random() > 0.1) late.push(() => decoder.addRepair(repair));
        while (late.length > 0 && random() < 0.6) late.splice(Math.floor(random() * Math.min(4, late.length)), 1)[0]!();
        for (const recovered of drain(decoder)) {
          expect(known.has(recovered.seq)).toBe(false);
          expect(Buffer.compare(recovered.symbol, sent.get(recovered.seq)!)).toBe(0);
          known.add(recovered.seq);
          counts.recovered++;
        }
        expect(decoder.equationCount).toBeLessThanOrEqual(64);
        expect(decoder.unknowns).toBeLessThanOrEqual(128);
      }
      expect(decoder.contradictions).toBe(0);
      expect(counts.recovered).toBeGreaterThan(counts.lost * 0.9);
    }
  });
});

describe("hostile input", () => {
  it(
    "100,000 damaged and random repairs: no throw, bounded memory, and only well-formed symbols out",
    { timeout: 180_000 },
    () => {
      const seed = testSeed("hostile", 5);
      const random = makeRandom(seed);
      const integer = (below: number) => Math.floor(random() * below);
      const decoder = new RepairDecoder();
      const encoder = new RepairEncoder();
      let before = 0;
      for (let round = 0; round < 100_000; round++) {
        if (round === 5000) before = process.memoryUsage().arrayBuffers;
        const seq = round >> 2;
        if (round % 4 === 0) {
          const symbol = makeSymbol(integer(60), round);
          encoder.add(seq, symbol);
          if (random() < 0.8) decoder.addSource(seq, symbol);
        }
        const repair: RepairSymbol = {
          ...encoder.repairNewest(1 + integer(8), { row: random() < 0.3 ? "xor" : "cauchy" })!,
        };
        repair.bitmap = repair.bitmap.slice();
        repair.bytes = repair.bytes.slice();
        const kind = integer(8);
        if (kind === 0) repair.bytes[integer(repair.bytes.length)]! ^= 1 << integer(8);
        if (kind === 1) repair.bitmap[integer(16)]! ^= 1 << integer(8);
        if (kind === 2) repair.base = seqAdd(seq, integer(400) - 200);
        if (kind === 3) repair.span = integer(300) - 20;
        if (kind === 4) repair.row = integer(256);
        if (kind === 5) repair.bytes = repair.bytes.slice(0, integer(repair.bytes.length + 1));
        if (kind === 6) randomize(repair, seq, integer);
        expect(["useful", "redundant", "stale", "invalid"]).toContain(decoder.addRepair(repair));
        if (random() < 0.05) decoder.addSource(seqAdd(seq, integer(100) - 50), makeSymbol(integer(1300), round));
        for (const { symbol } of drain(decoder))
          if (symbol.length !== 2 + ((symbol[0]! | (symbol[1]! << 8)) & 0xcfff)) expect(symbol).toBe("well-formed");
        if (decoder.equationCount > 64 || decoder.unknowns > 128)
          expect([decoder.equationCount, decoder.unknowns]).toBe("bounded");
      }
      expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(2 * 1024 * 1024);
      expect(decoder.contradictions).toBeGreaterThan(0);
    },
  );

  function randomize(repair: RepairSymbol, seq: Seq, integer: (below: number) => number): void {
    repair.row = integer(128);
    repair.base = seqAdd(seq, integer(300) - 100);
    repair.span = 1 + integer(128);
    for (let i = 0; i < 16; i++) repair.bitmap[i] = integer(256) & integer(256) & integer(256);
    repair.bitmap[0]! |= 1;
    repair.bitmap.fill(0, (repair.span + 7) >> 3);
    const last = repair.span - 1;
    repair.bitmap[last >> 3] = (repair.bitmap[last >> 3]! & ((2 << (last & 7)) - 1)) | (1 << (last & 7));
    repair.bytes = new Uint8Array(2 + integer(1201)).map(() => integer(256));
  }
});
