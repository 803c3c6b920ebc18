/** The patches of a cell: sizes of FEC.md section 6, and ticks of several fragments where the cell has them. */
import { SeededRandom } from "colyseus-fec/netem";
import { patchSize } from "../../test/sim/random.js";
import { FRAGMENT_BYTES, WARMUP_MS, type Cell } from "./cell.js";

/** Sizes one by one, bytes; the same for every scheme of a cell. */
export class Workload {
  readonly #random: SeededRandom;

  constructor(private readonly cell: Cell) {
    this.#random = new SeededRandom(cell.seed);
  }

  nextBytes(): number {
    const fragmented = this.#random.next() < this.cell.fragments;
    return fragmented ? FRAGMENT_BYTES * (2 + this.#random.int(5)) : patchSize(this.#random);
  }
}

export function warmupPatches(cell: Cell): number {
  return Math.ceil((cell.hz * WARMUP_MS) / 1000);
}

/** When patch i is sent, ms from the start. */
export function tickMs(cell: Pick<Cell, "hz">, i: number): number {
  return (i * 1000) / cell.hz;
}

/** `bytes` bytes that tell patches apart: a counter, then a pattern of it. Random bytes would cost more than the link. */
export function patchBytes(i: number, bytes: number): Uint8Array {
  const patch = new Uint8Array(bytes);
  for (let at = 0, x = i + 1; at < bytes; at++, x = Math.imul(x, 0x6c07_8965) + 1)
    patch[at] = at < 4 ? i >>> (8 * at) : x >>> 24;
  return patch;
}
