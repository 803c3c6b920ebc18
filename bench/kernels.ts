/**
 * Speed of the repair code's kernels and of the variants that were not taken, MB/s (bytes of source symbol per microsecond), and of encoder
 * and decoder as a whole, microseconds, with the pure kernel and with WebAssembly SIMD. Each figure is the median of nine runs;
 * pure and SIMD take turns, and what is counted is the processor's time, so that what else the machine does matters little.
 * Run: npm run bench:kernels
 */

import { makeBlock, type Block } from "../plugin/core/fec/block-pool.js";
import { PRODUCTS } from "../plugin/core/fec/field.js";
import { mulAddInto, scaleInPlace, wordsOf, xorInto } from "../plugin/core/fec/kernels.js";
import { RepairDecoder } from "../plugin/core/fec/repair-decoder.js";
import { RepairEncoder } from "../plugin/core/fec/repair-encoder.js";
import { kernelFor } from "../plugin/core/fec/simd-kernel.js";
import { PURE_KERNEL, type SymbolKernel } from "../plugin/core/fec/symbol-kernel.js";
import type { RepairSymbol } from "../plugin/core/symbol.js";

const RUNS = 9;
const BYTES_PER_RUN = 24e6;
const SOURCES = 64;
const BLOCK_BYTES = 1280;

interface Case {
  name: string;
  /** Makes the step that is timed, for symbols of `bytes` bytes, and says how many source bytes one step handles. */
  prepare(bytes: number): { step: (index: number) => void; bytesPerStep: number };
}

/** Some bytes; the kernels do not branch on them. */
function fillPattern(bytes: Uint8Array, salt: number): Uint8Array {
  for (let i = 0; i < bytes.length; i++) bytes[i] = (Math.imul(i + 1, 0x9e3779b1) >>> 13) ^ salt;
  return bytes;
}

/** A source symbol of `bytes` bytes in all, at an odd offset of its buffer. */
function makeSymbol(bytes: number, salt: number): Uint8Array {
  const symbol = fillPattern(new Uint8Array(new ArrayBuffer(bytes + 16), 1 + (salt % 7), bytes), salt);
  symbol[0] = bytes - 2;
  symbol[1] = (bytes - 2) >> 8;
  return symbol;
}

/** A block as a pool gives it for `bytes` bytes. */
function filledBlock(bytes: number, salt: number): Block {
  const block = makeBlock(bytes <= 128 ? 128 : bytes <= 256 ? 256 : BLOCK_BYTES);
  fillPattern(block.bytes, salt).fill(0, bytes);
  return block;
}

function coefficientOf(index: number): number {
  return ((index * 37) & 0xff) | 2;
}

function blockCase(name: string, run: (target: Block, source: Block, index: number, bytes: number) => void): Case {
  return {
    name,
    prepare(bytes) {
      const target = makeBlock(BLOCK_BYTES);
      const sources = Array.from({ length: SOURCES }, (_, salt) => filledBlock(bytes, salt));
      return { step: (index) => run(target, sources[index % SOURCES]!, index, bytes), bytesPerStep: bytes };
    },
  };
}

function unalignedCase(
  name: string,
  run: (target: Uint8Array, source: Uint8Array, index: number, bytes: number) => void,
): Case {
  return {
    name,
    prepare(bytes) {
      const target = makeSymbol(bytes, 3);
      const sources = Array.from({ length: SOURCES }, (_, salt) => makeSymbol(bytes, salt));
      return { step: (index) => run(target, sources[index % SOURCES]!, index, bytes), bytesPerStep: bytes };
    },
  };
}

/** Copies of a symbol that lies inside a datagram. */
function copyCase(name: string, copy: (datagram: Uint8Array, start: number, end: number) => void): Case {
  return {
    name,
    prepare(bytes) {
      const datagram = fillPattern(new Uint8Array(1400), 1);
      return { step: (index) => copy(datagram, 5 + (index & 7), 5 + (index & 7) + bytes), bytesPerStep: bytes };
    },
  };
}

/** One repair over `members` symbols. */
function encode(bytes: number, members: number, row: "xor" | "cauchy", kernel: SymbolKernel): (index: number) => void {
  const encoder = new RepairEncoder({ kernel });
  for (let seq = 0; seq < members; seq++) encoder.add(seq, makeSymbol(bytes, seq));
  const options = { row };
  return () => void encoder.repairNewest(members, options);
}

/**
 * Windows of eight symbols, the first `losses` of each lost, and as many repairs over the eight: what the repairs cost, and half of them is solving.
 * The symbols that came are added between the runs of the clock, as `prepare`.
 */
function recover(
  bytes: number,
  losses: number,
  row: "xor" | "cauchy",
  kernel: SymbolKernel,
): { prepare(): void; step(): void } {
  const symbols = Array.from({ length: 8 }, (_, salt) => makeSymbol(bytes, salt));
  const encoder = new RepairEncoder();
  const decoder = new RepairDecoder({ kernel });
  let first = 0;
  let repairs: RepairSymbol[] = [];
  return {
    prepare() {
      repairs = [];
      for (let i = 0; i < 8; i++) {
        encoder.add(first + i, symbols[i]!);
        if (i >= losses) decoder.addSource(first + i, symbols[i]!);
      }
      for (let i = 0; i < losses; i++) {
        const made = encoder.repairNewest(8, { row, freeRiders: false })!;
        repairs.push({ ...made, bytes: made.bytes.slice(), bitmap: made.bitmap.slice() });
      }
      first += 8;
    },
    step() {
      for (const repair of repairs) decoder.addRepair(repair);
      for (let i = 0; i < losses; i++) if (!decoder.pollRecovered()) throw new Error("nothing recovered");
    },
  };
}

/** The reference's yardstick: groups of four sources and one XOR repair, one source of each group lost; all of the decoder's work. */
function decodeGroups(bytes: number, kernel: SymbolKernel): (index: number) => void {
  const symbols = Array.from({ length: 4 }, (_, salt) => makeSymbol(bytes, salt));
  const encoder = new RepairEncoder();
  for (let seq = 0; seq < 4; seq++) encoder.add(seq, symbols[seq]!);
  const made = encoder.repairRange(0, 4, { row: "xor" })!;
  const repair = { ...made, bytes: made.bytes.slice(), bitmap: made.bitmap.slice() };
  const decoder = new RepairDecoder({ kernel });
  let first = 0;
  return (index) => {
    for (let i = 0; i < 4; i++) if (i !== index % 4) decoder.addSource(first + i, symbols[i]!);
    repair.base = first;
    decoder.addRepair(repair);
    if (!decoder.pollRecovered()) throw new Error("nothing recovered");
    first += 4;
  };
}

/** XOR over 64-bit views, which is quick once optimized and allocates before. */
function wideCase(name: string): Case {
  return {
    name,
    prepare(bytes) {
      const target = new BigUint64Array(BLOCK_BYTES / 8);
      const sources = Array.from(
        { length: SOURCES },
        (_, salt) => new BigUint64Array(fillPattern(new Uint8Array(BLOCK_BYTES), salt).buffer),
      );
      const words = (bytes + 7) >> 3;
      const step = (index: number): void => {
        const source = sources[index % SOURCES]!;
        let i = 0;
        for (; i + 4 <= words; i += 4) {
          target[i]! ^= source[i]!;
          target[i + 1]! ^= source[i + 1]!;
          target[i + 2]! ^= source[i + 2]!;
          target[i + 3]! ^= source[i + 3]!;
        }
        for (; i < words; i++) target[i]! ^= source[i]!;
      };
      return { step, bytesPerStep: bytes };
    },
  };
}

/** A product as the sum of its bits' products: eight multiplications for four bytes, no table. */
function mulAddByBits(target: Int32Array, source: Int32Array, coefficient: number, words: number): void {
  const factor = (bit: number): number => PRODUCTS[(coefficient << 8) | (1 << bit)]!;
  const [f0, f1, f2, f3, f4, f5, f6, f7] = [
    factor(0),
    factor(1),
    factor(2),
    factor(3),
    factor(4),
    factor(5),
    factor(6),
    factor(7),
  ];
  const ones = 0x01010101;
  for (let i = 0; i < words; i++) {
    const x = source[i]!;
    target[i]! ^=
      Math.imul(x & ones, f0) ^
      Math.imul((x >>> 1) & ones, f1) ^
      Math.imul((x >>> 2) & ones, f2) ^
      Math.imul((x >>> 3) & ones, f3) ^
      Math.imul((x >>> 4) & ones, f4) ^
      Math.imul((x >>> 5) & ones, f5) ^
      Math.imul((x >>> 6) & ones, f6) ^
      Math.imul((x >>> 7) & ones, f7);
  }
}

function batchCase(name: string): Case {
  return {
    name,
    prepare(bytes) {
      const target = makeBlock(BLOCK_BYTES);
      const sources = Array.from({ length: 6 }, (_, salt) => filledBlock(bytes, salt));
      const lengths = new Uint16Array(6).fill(bytes),
        coefficients = Uint8Array.from({ length: 6 }, (_, i) => coefficientOf(i));
      return { step: () => simd.addMultiples(target, sources, lengths, coefficients, 6), bytesPerStep: 6 * bytes };
    },
  };
}

const simd = kernelFor(globalThis.WebAssembly);
if (simd === PURE_KERNEL) throw new Error("this host has no WebAssembly SIMD");
const scratch = makeBlock(BLOCK_BYTES),
  stage = new Uint8Array(2048),
  stageFront = stage.subarray(0, BLOCK_BYTES);

const CASES: Case[] = [
  blockCase("xorInto (taken where there is no SIMD)", (t, s, _i, bytes) => xorInto(t.words, s.words, wordsOf(bytes))),
  unalignedCase("copy, then xorInto", (_t, s, _i, bytes) => {
    scratch.bytes.set(s);
    xorInto(sum.words, scratch.words, wordsOf(bytes));
  }),
  unalignedCase("xor bytewise", (t, s, _i, bytes) => {
    for (let i = 0; i < bytes; i++) t[i]! ^= s[i]!;
  }),
  unalignedCase("xor, word views made per call", (_t, s, _i, bytes) => {
    const source = new Int32Array(s.slice().buffer, 0, bytes >> 2);
    xorInto(sum.words, source, source.length);
  }),
  wideCase("xor over BigUint64Array"),
  blockCase("mulAddInto (taken where there is no SIMD)", (t, s, i, bytes) =>
    mulAddInto(t.words, s.words, coefficientOf(i), wordsOf(bytes)),
  ),
  unalignedCase("copy, then mulAddInto", (_t, s, i, bytes) => {
    scratch.bytes.set(s);
    mulAddInto(sum.words, scratch.words, coefficientOf(i), wordsOf(bytes));
  }),
  blockCase("multiply-add, bits by Math.imul", (t, s, i, bytes) =>
    mulAddByBits(t.words, s.words, coefficientOf(i), wordsOf(bytes)),
  ),
  unalignedCase("multiply-add bytewise", (t, s, i, bytes) => {
    const row = coefficientOf(i) << 8;
    for (let at = 0; at < bytes; at++) t[at]! ^= PRODUCTS[row | s[at]!]!;
  }),
  blockCase("multiply-add by SIMD, one symbol at a time", (t, s, i, bytes) =>
    simd.addMultiple(t, s, bytes, coefficientOf(i)),
  ),
  batchCase("multiply-add by SIMD, six symbols at a time"),
  blockCase("scaleInPlace", (t, _s, i, bytes) => scaleInPlace(t.words, coefficientOf(i), wordsOf(bytes))),
  copyCase("copy into a block by words (taken up to 256 B)", (datagram, start, end) => {
    const words = (end - start) >> 2;
    for (let i = 0, at = start; i < words; i++, at += 4) {
      scratch.words[i] =
        datagram[at]! | (datagram[at + 1]! << 8) | (datagram[at + 2]! << 16) | (datagram[at + 3]! << 24);
    }
  }),
  copyCase("copy into a block by a buffer (taken above)", (datagram, start, end) => {
    stage.set(datagram);
    stage.copyWithin(0, start, end);
    scratch.bytes.set(stageFront);
  }),
  copyCase("copy into a block from a view", (datagram, start, end) => scratch.bytes.set(datagram.subarray(start, end))),
];

const sum = makeBlock(BLOCK_BYTES);

/** Time that this process computed, us: other work on the machine slows it, but is not counted. */
function cpuUs(): number {
  const { user, system } = process.cpuUsage();
  return user + system;
}

function measure(benchCase: Case, bytes: number): number {
  const { step, bytesPerStep } = benchCase.prepare(bytes);
  const steps = Math.ceil(BYTES_PER_RUN / bytesPerStep);
  const rates: number[] = [];
  for (let run = 0; run < RUNS; run++) {
    const startUs = cpuUs();
    for (let index = 0; index < steps; index++) step(index);
    rates.push((steps * bytesPerStep) / (cpuUs() - startUs));
  }
  return rates.sort((a, b) => a - b)[RUNS >> 1]!;
}

/** Microseconds of one step, pure and SIMD: medians of runs that take turns. */
function compare(make: (kernel: SymbolKernel) => (runSteps: number) => number): [pure: number, simd: number] {
  const steps = 3200,
    runs: [number[], number[]] = [[], []];
  const sides = [make(PURE_KERNEL), make(simd)] as const;
  for (const side of sides) side(steps);
  for (let run = 0; run < RUNS; run++) sides.forEach((side, i) => runs[i]!.push(side(steps)));
  return runs.map((us) => us.sort((a, b) => a - b)[RUNS >> 1]!) as [number, number];
}

function timed(step: (index: number) => void): (steps: number) => number {
  return (steps) => {
    const startUs = cpuUs();
    for (let index = 0; index < steps; index++) step(index);
    return (cpuUs() - startUs) / steps;
  };
}

/** Batches of 64 steps on the clock, their preparation off it. */
function timedPrepared(make: () => { prepare(): void; step(): void }): (steps: number) => number {
  const all = Array.from({ length: 64 }, make);
  return (steps) => {
    let totalUs = 0;
    for (let at = 0; at < steps; at += all.length) {
      for (const one of all) one.prepare();
      const startUs = cpuUs();
      for (const one of all) one.step();
      totalUs += cpuUs() - startUs;
    }
    return totalUs / steps;
  };
}

const OPERATIONS: [name: string, make: (bytes: number) => (kernel: SymbolKernel) => (steps: number) => number][] = [
  ["encode, XOR over 4", (bytes) => (kernel) => timed(encode(bytes, 4, "xor", kernel))],
  ["encode, Cauchy over 6", (bytes) => (kernel) => timed(encode(bytes, 6, "cauchy", kernel))],
  ["encode, Cauchy over 32", (bytes) => (kernel) => timed(encode(bytes, 32, "cauchy", kernel))],
  ["recover 1 of 8, XOR", (bytes) => (kernel) => timedPrepared(() => recover(bytes, 1, "xor", kernel))],
  ["recover 1 of 8, Cauchy", (bytes) => (kernel) => timedPrepared(() => recover(bytes, 1, "cauchy", kernel))],
  ["recover 4 of 8, Cauchy", (bytes) => (kernel) => timedPrepared(() => recover(bytes, 4, "cauchy", kernel))],
  ["decode a group of 4 with one lost, XOR", (bytes) => (kernel) => timed(decodeGroups(bytes, kernel))],
];

console.log(`${"MB/s".padEnd(52)}${"200 B".padStart(8)}${"1200 B".padStart(8)}`);
for (const benchCase of CASES) {
  const [small, large] = [measure(benchCase, 200), measure(benchCase, 1200)];
  console.log(`${benchCase.name.padEnd(52)}${small.toFixed(0).padStart(8)}${large.toFixed(0).padStart(8)}`);
}
console.log(`\n${"us, pure / SIMD".padEnd(40)}${["64 B", "200 B", "1200 B"].map((h) => h.padStart(16)).join("")}`);
for (const [name, make] of OPERATIONS) {
  const cells = [64, 200, 1200].map((bytes) =>
    compare(make(bytes))
      .map((us) => us.toFixed(2))
      .join(" / ")
      .padStart(16),
  );
  console.log(`${name.padEnd(40)}${cells.join("")}`);
}
