/**
 * Reusable buffers for symbols, in a few size classes, so that an idle session holds little and a busy one allocates
 * nothing. A block's bytes after its content are zero up to the end of the block: the padding that the code assumes.
 */

import { FEC_FREE_BLOCKS_MAX, SYMBOL_BYTES_MAX } from "../limits.js";

/** One buffer with a view of bytes and a view of 32-bit words, made once. */
export interface Block {
  readonly bytes: Uint8Array;
  readonly words: Int32Array;
}

/** Every block that is summed up or added is a multiple of this, bytes; and no larger than the second. */
export const BLOCK_BYTES_STEP = 128;
export const BLOCK_BYTES_MAX = 1280;

/** Bytes of a block per class: a patch's usual sizes, and the largest symbol rounded up. */
const CLASS_BYTES = [128, 256, 512, BLOCK_BYTES_MAX] as const;

/** Makes a zeroed block of the given size, a multiple of BLOCK_BYTES_STEP. */
export function makeBlock(bytes: number): Block {
  const buffer = new ArrayBuffer(bytes);
  return { bytes: new Uint8Array(buffer), words: new Int32Array(buffer) };
}

/** A free list per size class. */
export class BlockPool {
  readonly #free: Block[][] = CLASS_BYTES.map(() => []);
  #live = 0;

  /** Blocks that were acquired and not yet released. */
  get live(): number {
    return this.#live;
  }

  /** Blocks that wait to be acquired again: at most FEC_FREE_BLOCKS_MAX per size class. */
  get free(): number {
    return this.#free.reduce((count, list) => count + list.length, 0);
  }

  /**
   * A block for `bytes` bytes, 0..SYMBOL_BYTES_MAX; its content is undefined until the caller sets it. @throws
   * RangeError above.
   */
  acquire(bytes: number): Block {
    const index = classOf(bytes);
    this.#live++;
    return this.#free[index]!.pop() ?? makeBlock(CLASS_BYTES[index]!);
  }

  /** A block with a copy of source[start..end) followed by zeros. @throws RangeError above SYMBOL_BYTES_MAX. */
  acquireCopy(source: Uint8Array, start = 0, end = source.length): Block {
    const block = this.acquire(end - start);
    copyRange(block, source, start, end);
    block.bytes.fill(0, end - start);
    return block;
  }

  /** The block itself when it holds `bytes` bytes, else a larger one with its content; the smaller one is released. */
  grow(block: Block, bytes: number): Block {
    if (bytes <= block.bytes.length) return block;
    const larger = this.acquire(bytes);
    larger.bytes.set(block.bytes);
    larger.bytes.fill(0, block.bytes.length);
    this.release(block);
    return larger;
  }

  /**
   * Takes a block back; the caller keeps no view of it. Beyond FEC_FREE_BLOCKS_MAX per class it is left to the
   * collector.
   */
  release(block: Block): void {
    this.#live--;
    const list = this.#free[classOf(block.bytes.length)]!;
    if (list.length < FEC_FREE_BLOCKS_MAX) list.push(block);
  }
}

/**
 * Above this, native copies by way of a buffer of our own are quicker than a loop over words; a view of the part to be
 * copied would be quicker still, and 104 bytes of garbage (bench/kernels.ts).
 */
const LOOP_BYTES_MAX = 256;

/**
 * The buffer, and views of its front as long as the blocks that it fills. A source beyond it, which no datagram is, is
 * copied by a view.
 */
const STAGE = new Uint8Array(2048);
const STAGE_FRONTS: readonly Uint8Array[] = CLASS_BYTES.map((bytes) => STAGE.subarray(0, bytes));

const HOST_IS_LITTLE_ENDIAN = new Uint8Array(new Uint16Array([1]).buffer)[0] === 1;

/** Copies source[start..end) to the front of the block, perhaps with other bytes after it; allocates nothing. */
function copyRange(block: Block, source: Uint8Array, start: number, end: number): void {
  // What lies behind `end`, in another block say, is overwritten by the caller's zeros.
  if (start === 0 && source.length <= block.bytes.length) return block.bytes.set(source);
  if (end - start > LOOP_BYTES_MAX || !HOST_IS_LITTLE_ENDIAN) {
    if (source.length > STAGE.length) return block.bytes.set(source.subarray(start, end));
    STAGE.set(source);
    STAGE.copyWithin(0, start, end);
    return block.bytes.set(STAGE_FRONTS[classOf(block.bytes.length)]!);
  }
  const words = (end - start) >> 2;
  let at = start;
  for (let i = 0; i < words; i++, at += 4) {
    block.words[i] = source[at]! | (source[at + 1]! << 8) | (source[at + 2]! << 16) | (source[at + 3]! << 24);
  }
  for (let i = words << 2; at < end; i++, at++) block.bytes[i] = source[at]!;
}

function classOf(bytes: number): number {
  for (let index = 0; index < CLASS_BYTES.length; index++) {
    if (bytes <= CLASS_BYTES[index]!) return index;
  }
  throw new RangeError(`"bytes" expected 0..${SYMBOL_BYTES_MAX}, got ${bytes}`);
}
