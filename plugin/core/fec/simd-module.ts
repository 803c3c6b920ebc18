/**
 * The WebAssembly module that simd-kernel.wat describes, and its loading. Synchronous: browsers allow that on the main thread below 4 KB.
 * Knows nothing of symbols; what is where in its memory is simd-kernel.ts's business.
 */

/** simd-kernel.wat, assembled: test/unit/simd-kernel.test.ts assembles it anew and compares. */
export const SIMD_MODULE = Uint8Array.of(
  0, 97, 115, 109, 1, 0, 0, 0, 1, 8, 1, 96, 4, 127, 127, 127, 127, 0, 3, 2, 1, 0, 5, 4, 1, 1, 1, 1, 7, 19, 2, 6, 109, 101, 109, 111, 114,
  121, 2, 0, 6, 109, 117, 108, 65, 100, 100, 0, 0, 10, 115, 1, 113, 2, 3, 123, 1, 127, 32, 2, 253, 0, 4, 0, 33, 4, 32, 2, 253, 0, 4, 16,
  33, 5, 32, 1, 32, 3, 106, 33, 7, 3, 64, 32, 1, 253, 0, 4, 0, 33, 6, 32, 0, 32, 0, 253, 0, 4, 0, 32, 4, 32, 6, 253, 12, 15, 15, 15, 15,
  15, 15, 15, 15, 15, 15, 15, 15, 15, 15, 15, 15, 253, 78, 253, 14, 32, 5, 32, 6, 65, 4, 253, 109, 253, 14, 253, 81, 253, 81, 253, 11, 4,
  0, 32, 0, 65, 16, 106, 33, 0, 32, 1, 65, 16, 106, 33, 1, 32, 1, 32, 7, 73, 13, 0, 11, 11,
);

/** What the module exports. */
export interface SimdExports {
  /** One page of 64 KiB. */
  memory: { buffer: ArrayBuffer };
  /** See simd-kernel.wat: byte addresses, and how many bytes. */
  mulAdd(target: number, source: number, table: number, bytes: number): void;
}

/** The part of the host's WebAssembly object that is used here; ES2022 alone does not declare it. */
export interface WasmHost {
  Module: new (bytes: Uint8Array<ArrayBuffer>) => object;
  Instance: new (module: object) => { exports: object };
}

/**
 * The module at work, or undefined where it cannot be: a host without WebAssembly or without its SIMD instructions, or a page whose
 * Content-Security-Policy does not let it compile ('wasm-unsafe-eval').
 */
export function loadSimd(host: WasmHost | undefined): SimdExports | undefined {
  if (host === undefined) return undefined;
  try {
    return new host.Instance(new host.Module(SIMD_MODULE)).exports as SimdExports;
  } catch {
    return undefined;
  }
}
