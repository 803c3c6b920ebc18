/**
 * The symbol kernel by WebAssembly SIMD. Symbols stay where they are, in JavaScript's memory, and are copied into the
 * module's one page for each step: 20 ns at 200 B, where the step itself saves 150. Symbols that live in the module's
 * memory would save that too, and cost an arena of fixed size for all sessions of the process. bench/kernels.ts (Node
 * 20.20, us, pure / SIMD): a repair over 6 symbols of 200 B 1.04 / 0.43, over 32 5.3 / 1.8; of 1200 B 5.3 / 0.9 and 34
 * / 5.5; a recovery, caches cold, 3.6 / 2.8 and 11 / 4.2.
 */

import { BLOCK_BYTES_MAX, BLOCK_BYTES_STEP, type Block } from "./block-pool.js";
import { PRODUCTS } from "./field.js";
import { loadSimd, type SimdExports, type WasmHost } from "./simd-module.js";
import { PURE_KERNEL, type SymbolKernel } from "./symbol-kernel.js";

/**
 * The page: 32 bytes for each coefficient (see simd-kernel.wat), then one block that is summed up, then one that is
 * added.
 */
const TABLE_BYTES = 32;
const TARGET = 256 * TABLE_BYTES;
const SOURCE = TARGET + BLOCK_BYTES_MAX;

const VECTOR_BYTES = 16;

/** Up to so many bytes a single step is left to the pure kernel: the copies would take as long (bench/kernels.ts). */
const PURE_BYTES_MAX = 64;

class SimdKernel implements SymbolKernel {
  readonly #mulAdd: SimdExports["mulAdd"];
  readonly #target: Int32Array;
  readonly #source: Int32Array;
  /** The target again, cut to each size that a block may have: copying out needs a view as long as the block. */
  readonly #targets: Int32Array[] = [];

  constructor({ memory: { buffer }, mulAdd }: SimdExports) {
    this.#mulAdd = mulAdd;
    this.#target = new Int32Array(buffer, TARGET, BLOCK_BYTES_MAX / 4);
    this.#source = new Int32Array(buffer, SOURCE, BLOCK_BYTES_MAX / 4);
    for (let bytes = 0; bytes <= BLOCK_BYTES_MAX; bytes += BLOCK_BYTES_STEP)
      this.#targets.push(new Int32Array(buffer, TARGET, bytes / 4));
    const tables = new Uint8Array(buffer, 0, TARGET);
    for (let coefficient = 0; coefficient < 256; coefficient++) {
      for (let nibble = 0; nibble < 16; nibble++) {
        tables[coefficient * TABLE_BYTES + nibble] = PRODUCTS[(coefficient << 8) | nibble]!;
        tables[coefficient * TABLE_BYTES + 16 + nibble] = PRODUCTS[(coefficient << 8) | (nibble << 4)]!;
      }
    }
  }

  addMultiples(
    target: Block,
    sources: readonly Block[],
    lengths: Uint16Array,
    coefficients: Uint8Array,
    count: number,
  ): void {
    this.#target.set(target.words);
    for (let i = 0; i < count; i++) {
      if (coefficients[i] === 0) continue;
      this.#source.set(sources[i]!.words);
      this.#mulAdd(TARGET, SOURCE, coefficients[i]! * TABLE_BYTES, vectorBytes(lengths[i]!));
    }
    target.words.set(this.#targets[target.bytes.length / BLOCK_BYTES_STEP]!);
  }

  addMultiple(target: Block, source: Block, bytes: number, coefficient: number): void {
    if (bytes <= PURE_BYTES_MAX) {
      PURE_KERNEL.addMultiple(target, source, bytes, coefficient);
      return;
    }
    this.#target.set(target.words);
    this.#source.set(source.words);
    this.#mulAdd(TARGET, SOURCE, coefficient * TABLE_BYTES, vectorBytes(bytes));
    target.words.set(this.#targets[target.bytes.length / BLOCK_BYTES_STEP]!);
  }

  scale(target: Block, bytes: number, coefficient: number): void {
    if (coefficient === 1) return;
    if (bytes <= PURE_BYTES_MAX) {
      PURE_KERNEL.scale(target, bytes, coefficient);
      return;
    }
    this.#target.set(target.words);
    // c x = x + (c + 1) x.
    this.#mulAdd(TARGET, TARGET, (coefficient ^ 1) * TABLE_BYTES, vectorBytes(bytes));
    target.words.set(this.#targets[target.bytes.length / BLOCK_BYTES_STEP]!);
  }
}

/** The kernel that this host runs fastest: SIMD where it can, else PURE_KERNEL. */
export function kernelFor(host: WasmHost | undefined): SymbolKernel {
  const simd = loadSimd(host);
  return simd === undefined ? PURE_KERNEL : new SimdKernel(simd);
}

/** The kernel of all encoders and decoders that are not given another: one page of memory for the process. */
export const HOST_KERNEL: SymbolKernel = kernelFor((globalThis as { WebAssembly?: WasmHost }).WebAssembly);

/** The least multiple of a vector that holds `bytes`, at least one. */
function vectorBytes(bytes: number): number {
  return Math.max(VECTOR_BYTES, (bytes + VECTOR_BYTES - 1) & -VECTOR_BYTES);
}
