/**
 * Reusable buffers for symbols, in a few size classes, so that an idle session holds little and a busy one allocates nothing.
 * A block's bytes after its content are zero up to the end of the block: the padding that the code assumes.
 */

import { FEC_FREE_BLOCKS_MAX, SYMBOL_BYTES_MAX } from "../limits.js";

/** One buffer with a view of bytes and a view of 32-bit words, made once. */
export interface Block {
  readonly bytes: Uint8Array;
  readonly words: Int32Array;
}

/** Bytes of a block per class: a patch's usual sizes, and the largest symbol rounded up. */
const CLASS_BYTES = [128, 256, 512, 1280] as const;

/** Makes a zeroed block of the given size, a multiple of 4 bytes. */
export function makeBlock(bytes: number): Block {
  const buffer = new ArrayBuffer(bytes);
  return { bytes: new Uint8Array(buffer), words: new Int32Array(buffer) };
}

/** A free list per size class. */
export class BlockPool {
  readonly #free: Block[][] = CLASS_BYTES.map(() => []);

  /** A block for `bytes` bytes, 0..SYMBOL_BYTES_MAX; its content is undefined until the caller sets it. @throws RangeError above. */
  acquire(bytes: number): Block {
    const index = classOf(bytes);
    return this.#free[index]!.pop() ?? makeBlock(CLASS_BYTES[index]!);
  }

  /** A block with a copy of `source` followed by zeros. @throws RangeError above SYMBOL_BYTES_MAX. */
  acquireCopy(source: Uint8Array): Block {
    const block = this.acquire(source.length);
    block.bytes.set(source);
    block.bytes.fill(0, source.length);
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

  /** Takes a block back; the caller keeps no view of it. Beyond FEC_FREE_BLOCKS_MAX per class it is left to the collector. */
  release(block: Block): void {
    const list = this.#free[classOf(block.bytes.length)]!;
    if (list.length < FEC_FREE_BLOCKS_MAX) list.push(block);
  }
}

function classOf(bytes: number): number {
  for (let index = 0; index < CLASS_BYTES.length; index++) {
    if (bytes <= CLASS_BYTES[index]!) return index;
  }
  throw new RangeError(`"bytes" expected 0..${SYMBOL_BYTES_MAX}, got ${bytes}`);
}
