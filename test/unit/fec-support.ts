/** Symbols and shorthands for the tests of the repair code. */

import type { RepairSymbol } from "../../plugin/core/symbol.js";
import { RepairEncoder } from "../../plugin/core/fec/repair-encoder.js";
import type { RepairDecoder } from "../../plugin/core/fec/repair-decoder.js";
import { seqAdd, type Seq } from "../../plugin/core/seq.js";

/** Where sequences start in the tests: both ends, the half, and the 16-bit end. */
export const FIRST_SEQS: readonly Seq[] = [0, 1, 0x7fffffff, 0x80000000, 0xffffffff, 0xffffffc0, 65535];

/** A small seeded generator (mulberry32): numbers in 0..1. */
export function makeRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** A symbol with FIRST and LAST set, and a payload of the given length whose bytes depend on salt. */
export function makeSymbol(payloadBytes: number, salt = 0): Uint8Array {
  const random = makeRandom(Math.imul(salt + 1, 0x9e3779b1) ^ payloadBytes);
  const symbol = new Uint8Array(2 + payloadBytes);
  symbol[0] = payloadBytes;
  symbol[1] = (payloadBytes >> 8) | 0x30;
  for (let i = 2; i < symbol.length; i++) symbol[i] = random() * 256;
  return symbol;
}

/** A copy that the encoder's next call does not overwrite. */
export function keep(repair: RepairSymbol | undefined): RepairSymbol {
  if (!repair) throw new Error("no repair symbol was made");
  return { ...repair, bitmap: repair.bitmap.slice(), bytes: repair.bytes.slice() };
}

/** An encoder that holds symbols first, first + 1, ... */
export function encoderOf(symbols: readonly Uint8Array[], first: Seq = 0): RepairEncoder {
  const encoder = new RepairEncoder();
  symbols.forEach((symbol, index) => encoder.add(seqAdd(first, index), symbol));
  return encoder;
}

/** All that was recovered since the last poll, copied. */
export function drain(decoder: RepairDecoder): { seq: Seq; symbol: Uint8Array }[] {
  const all: { seq: Seq; symbol: Uint8Array }[] = [];
  for (let polled = decoder.pollRecovered(); polled; polled = decoder.pollRecovered()) {
    all.push({ seq: polled.seq, symbol: polled.symbol.slice() });
  }
  return all;
}

/** The seed of a random test: from the environment (SEED=...) or fixed, printed so that it can be replayed. */
export function testSeed(name: string, fallback: number): number {
  const seed = process.env["SEED"] === undefined ? fallback : Number(process.env["SEED"]);
  console.log(`${name}: SEED=${seed}`);
  return seed;
}
