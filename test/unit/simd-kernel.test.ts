/** The SIMD kernel: its module is what its text says, it gives what the pure kernel gives, and it steps aside where it cannot run. */
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import fc from "fast-check";
import wabt from "wabt";
import { describe, expect, it } from "vitest";
import { BLOCK_BYTES_MAX, makeBlock, type Block } from "../../plugin/core/fec/block-pool.js";
import { RepairDecoder } from "../../plugin/core/fec/repair-decoder.js";
import { RepairEncoder } from "../../plugin/core/fec/repair-encoder.js";
import { HOST_KERNEL, kernelFor } from "../../plugin/core/fec/simd-kernel.js";
import { SIMD_MODULE, loadSimd } from "../../plugin/core/fec/simd-module.js";
import { PURE_KERNEL, type SymbolKernel } from "../../plugin/core/fec/symbol-kernel.js";
import { seqAdd, type Seq } from "../../plugin/core/seq.js";
import { FIRST_SEQS, drain, keep, makeRandom, makeSymbol, testSeed } from "./fec-support.js";

const CLASSES = [128, 256, 512, BLOCK_BYTES_MAX];

/** A block with `length` bytes of content and zeros after it, as the pools give them; of a larger class now and then. */
function block(length: number, random: () => number): Block {
  const fitting = CLASSES.filter((bytes) => bytes >= length);
  const made = makeBlock(fitting[Math.floor(random() ** 3 * fitting.length)]!);
  for (let i = 0; i < length; i++) made.bytes[i] = random() * 256;
  return made;
}

function copyOf(source: Block): Block {
  const copy = makeBlock(source.bytes.length);
  copy.bytes.set(source.bytes);
  return copy;
}

function expectSame(actual: Block, expected: Block): void {
  expect(Buffer.compare(actual.bytes, expected.bytes)).toBe(0);
}

describe("the SIMD module", () => {
  it("is simd-kernel.wat, assembled", async () => {
    const text = readFileSync(new URL("../../plugin/core/fec/simd-kernel.wat", import.meta.url), "utf8");
    const assembler = await wabt();
    const { buffer } = assembler.parseWat("simd-kernel.wat", text, { simd: true }).toBinary({});
    expect([...SIMD_MODULE]).toEqual([...buffer]);
  });

  it("runs in this host, so that the other tests of this file compare two kernels", () => {
    expect(HOST_KERNEL).not.toBe(PURE_KERNEL);
  });
});

describe("the host's kernel", () => {
  it("is the pure one without WebAssembly, and where the module does not compile or start", () => {
    const refusal = (): never => {
      throw new Error("refused to compile");
    };
    const { Module, Instance } = WebAssembly;
    expect(kernelFor(undefined)).toBe(PURE_KERNEL);
    expect(kernelFor({ Module: refusal as unknown as typeof Module, Instance })).toBe(PURE_KERNEL);
    expect(kernelFor({ Module, Instance: refusal as unknown as typeof Instance })).toBe(PURE_KERNEL);
    // What a host without SIMD says of the module: it does not know the opcodes.
    const withoutSimd = class {
      constructor(bytes: Uint8Array<ArrayBuffer>) {
        return new Module(bytes.map((byte, i) => (bytes[i - 1] === 253 ? 0xff : byte)));
      }
    };
    expect(
      loadSimd({ Module: withoutSimd, Instance: Instance as unknown as new (module: object) => { exports: object } }),
    ).toBeUndefined();
  });
});

describe("both kernels", () => {
  it("give the same bytes for every coefficient and random lengths, up to the end of the block", () => {
    const random = makeRandom(testSeed("kernels", 71));
    for (let coefficient = 1; coefficient < 256; coefficient++) {
      for (const length of [2, 63, 64, 65, 200, 1 + Math.floor(random() * 1202), 1202]) {
        const target = block(length, random),
          source = block(Math.ceil(random() * length), random),
          bytes = length;
        const [pure, simd] = [copyOf(target), copyOf(target)];
        // The source's content may be shorter than what is said: zeros follow.
        const added = Math.min(bytes, source.bytes.length);
        PURE_KERNEL.addMultiple(pure, source, added, coefficient);
        HOST_KERNEL.addMultiple(simd, source, added, coefficient);
        expectSame(simd, pure);
        PURE_KERNEL.scale(pure, bytes, coefficient);
        HOST_KERNEL.scale(simd, bytes, coefficient);
        expectSame(simd, pure);
      }
    }
  });

  it("give the same sums of up to 32 symbols, those of coefficient 0 passed over", () => {
    const random = makeRandom(testSeed("sums", 72));
    for (let round = 0; round < 500; round++) {
      const count = Math.floor(random() * 33),
        longest = 2 + Math.floor(random() * 1201);
      const lengths = Uint16Array.from({ length: 32 }, () => 2 + Math.floor(random() * (longest - 1)));
      const coefficients = Uint8Array.from({ length: 32 }, () => (random() < 0.3 ? 0 : random() * 256));
      const sources = Array.from(lengths, (length) => block(length, random)),
        target = block(longest, random);
      const [pure, simd] = [copyOf(target), copyOf(target)];
      PURE_KERNEL.addMultiples(pure, sources, lengths, coefficients, count);
      HOST_KERNEL.addMultiples(simd, sources, lengths, coefficients, count);
      expectSame(simd, pure);
    }
  });

  it("make the same repairs, and recover the same symbols, of random streams with losses", () => {
    const seed = testSeed("streams", 73);
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 0x7fffffff }), fc.constantFrom(...FIRST_SEQS), (salt, first) => {
        const pure = playStream(PURE_KERNEL, salt, first),
          simd = playStream(HOST_KERNEL, salt, first);
        expect(simd).toEqual(pure);
        expect(simd.recovered).toBeGreaterThan(0);
      }),
      { seed, numRuns: 50 },
    );
  });
});

/** 200 symbols of which a fifth is lost, and as many repairs: how many were recovered, and a digest of all repairs and of what was recovered. */
function playStream(kernel: SymbolKernel, salt: number, first: Seq): { recovered: number; digest: string } {
  const random = makeRandom(salt),
    encoder = new RepairEncoder({ kernel }),
    decoder = new RepairDecoder({ firstSeq: first, kernel });
  const hash = createHash("sha256"),
    symbols = new Map<Seq, Uint8Array>();
  let recovered = 0;
  for (let i = 0; i < 200; i++) {
    const seq = seqAdd(first, i),
      symbol = makeSymbol(Math.floor(random() ** 3 * 1200), salt + i);
    symbols.set(seq, symbol);
    encoder.add(seq, symbol);
    if (random() > 0.2) decoder.addSource(seq, symbol);
    const repair = keep(encoder.repairNewest(1 + Math.floor(random() * 8), { row: random() < 0.2 ? "xor" : "cauchy" }));
    hash.update(repair.bytes);
    if (random() > 0.2) decoder.addRepair(repair);
    for (const solved of drain(decoder)) {
      if (Buffer.compare(solved.symbol, symbols.get(solved.seq)!) !== 0)
        throw new Error(`symbol ${solved.seq} was recovered wrongly`);
      hash.update(`${solved.seq}`);
      recovered++;
    }
  }
  return { recovered, digest: hash.digest("hex") };
}
