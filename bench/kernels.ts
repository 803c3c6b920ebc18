/**
 * Speed of the repair code's kernels, of the variants that were not taken, and of encoder and decoder as a whole, at 200 B and 1200 B.
 * MB/s are bytes of source symbol per microsecond; each figure is the median of nine runs.
 * Run: node --no-warnings --loader ts-node/esm bench/kernels.ts
 */

import { makeBlock } from "../plugin/core/fec/block-pool.js";
import { PRODUCTS } from "../plugin/core/fec/field.js";
import { mulAddInto, scaleInPlace, wordsOf, xorInto } from "../plugin/core/fec/kernels.js";
import { RepairDecoder } from "../plugin/core/fec/repair-decoder.js";
import { RepairEncoder } from "../plugin/core/fec/repair-encoder.js";

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

function coefficientOf(index: number): number {
  return ((index * 37) & 0xff) | 2;
}

function blockCase(name: string, run: (target: ReturnType<typeof makeBlock>, source: ReturnType<typeof makeBlock>, index: number, bytes: number) => void): Case {
  return {
    name,
    prepare(bytes) {
      const target = makeBlock(BLOCK_BYTES);
      const sources = Array.from({ length: SOURCES }, (_, salt) => {
        const block = makeBlock(BLOCK_BYTES);
        fillPattern(block.bytes, salt);
        return block;
      });
      return { step: (index) => run(target, sources[index % SOURCES]!, index, bytes), bytesPerStep: bytes };
    },
  };
}

function unalignedCase(name: string, run: (target: Uint8Array, source: Uint8Array, index: number, bytes: number) => void): Case {
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

function encodeCase(name: string, row: "xor" | "cauchy", members: number): Case {
  return {
    name,
    prepare(bytes) {
      const encoder = new RepairEncoder();
      for (let seq = 0; seq < members; seq++) encoder.add(seq, makeSymbol(bytes, seq));
      const options = { row };
      return { step: () => void encoder.repairNewest(members, options), bytesPerStep: bytes * members };
    },
  };
}

/** Groups of four sources and one XOR repair, one source of each group lost: the reference's yardstick. */
function decodeCase(name: string): Case {
  return {
    name,
    prepare(bytes) {
      const symbols = Array.from({ length: 4 }, (_, salt) => makeSymbol(bytes, salt));
      const encoder = new RepairEncoder();
      for (let seq = 0; seq < 4; seq++) encoder.add(seq, symbols[seq]!);
      const made = encoder.repairRange(0, 4, { row: "xor" })!;
      const repair = { ...made, bytes: made.bytes.slice(), bitmap: made.bitmap.slice() };
      const decoder = new RepairDecoder();
      let first = 0;
      const step = (index: number) => {
        for (let i = 0; i < 4; i++) if (i !== index % 4) decoder.addSource(first + i, symbols[i]!);
        repair.base = first;
        decoder.addRepair(repair);
        if (!decoder.pollRecovered()) throw new Error("nothing recovered");
        first += 4;
      };
      return { step, bytesPerStep: bytes * 4 };
    },
  };
}

const scratch = makeBlock(BLOCK_BYTES);

const CASES: Case[] = [
  blockCase("xorInto (taken)", (t, s, _i, bytes) => xorInto(t.words, s.words, wordsOf(bytes))),
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
  blockCase("mulAddInto (taken)", (t, s, i, bytes) => mulAddInto(t.words, s.words, coefficientOf(i), wordsOf(bytes))),
  unalignedCase("copy, then mulAddInto", (_t, s, i, bytes) => {
    scratch.bytes.set(s);
    mulAddInto(sum.words, scratch.words, coefficientOf(i), wordsOf(bytes));
  }),
  unalignedCase("multiply-add bytewise", (t, s, i, bytes) => {
    const row = coefficientOf(i) << 8;
    for (let at = 0; at < bytes; at++) t[at]! ^= PRODUCTS[row | s[at]!]!;
  }),
  blockCase("scaleInPlace (taken)", (t, _s, i, bytes) => scaleInPlace(t.words, coefficientOf(i), wordsOf(bytes))),
  copyCase("copy into a block by words (taken up to 256 B)", (datagram, start, end) => {
    const words = (end - start) >> 2;
    for (let i = 0, at = start; i < words; i++, at += 4) {
      scratch.words[i] = datagram[at]! | (datagram[at + 1]! << 8) | (datagram[at + 2]! << 16) | (datagram[at + 3]! << 24);
    }
  }),
  copyCase("copy into a block from a view (taken above)", (datagram, start, end) => scratch.bytes.set(datagram.subarray(start, end))),
  encodeCase("encode, XOR over 4", "xor", 4),
  encodeCase("encode, Cauchy over 4", "cauchy", 4),
  encodeCase("encode, Cauchy over 32", "cauchy", 32),
  decodeCase("decode, XOR over 4, one lost"),
];

const sum = makeBlock(BLOCK_BYTES);

function measure(benchCase: Case, bytes: number): number {
  const { step, bytesPerStep } = benchCase.prepare(bytes);
  const steps = Math.ceil(BYTES_PER_RUN / bytesPerStep);
  const rates: number[] = [];
  for (let run = 0; run < RUNS; run++) {
    const start = process.hrtime.bigint();
    for (let index = 0; index < steps; index++) step(index);
    rates.push((steps * bytesPerStep * 1000) / Number(process.hrtime.bigint() - start));
  }
  return rates.sort((a, b) => a - b)[RUNS >> 1]!;
}

console.log(`${"MB/s".padEnd(48)}${"200 B".padStart(8)}${"1200 B".padStart(8)}`);
for (const benchCase of CASES) {
  const [small, large] = [measure(benchCase, 200), measure(benchCase, 1200)];
  console.log(`${benchCase.name.padEnd(48)}${small.toFixed(0).padStart(8)}${large.toFixed(0).padStart(8)}`);
}
