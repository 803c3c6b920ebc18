/**
 * Outgoing symbols of the unreliable stream: gives sequence numbers and cuts messages. A symbol is sent once and then
 * only protected by repair; it is forgotten as soon as it is sent, so nothing here is ever sent again.
 */
import { BlockPool, type Block } from "../fec/block-pool.js";
import { SYMBOL_HEADER_BYTES } from "../limits.js";
import { seqAdd, type Seq } from "../seq.js";
import { BARRIER_BYTES } from "../wire/constants.js";
import { concat, symbolIsFirst, symbolIsLast, writeSymbol, writeSymbolHeader } from "../symbol.js";
import { fragmentCount } from "./ordered-buffer.js";

/** Unreliable symbols that wait for the next datagram; the oldest is dropped beyond: it would be stale. */
const PENDING_MAX = 64;

export interface UnreliableSymbol {
  /** Its sequence number if it is the next to be sent: what is dropped before takes none. */
  seq: Seq;
  /** Header and payload are its first `bytes` bytes; it goes back to the pool with `shift`. */
  block: Block;
  bytes: number;
  /** When it was first seen to wait for a path that stands still, ms; Infinity if it was not. */
  waitsSinceMs: number;
}

export class UnreliableBuffer {
  /** The symbols that wait are #count slots from #oldest on, around; the other slots are left over. */
  readonly #ring: UnreliableSymbol[] = [];
  #oldest = 0;
  #count = 0;
  #next: Seq;

  constructor(
    firstSeq: Seq,
    private readonly pool = new BlockPool(),
  ) {
    this.#next = firstSeq;
  }

  /**
   * Takes a message as symbols of at most payloadMax bytes; the caller checked that they are at most
   * MESSAGE_FRAGMENTS_MAX. Returns how many older ones were dropped for room: whole messages, or what is left of one.
   */
  push(message: Uint8Array, barrier: Seq, payloadMax: number): number {
    const length = BARRIER_BYTES + message.length;
    const fragments = fragmentCount(length, payloadMax);
    const size = Math.ceil(length / fragments);
    let dropped = 0;
    for (; this.#count + fragments > PENDING_MAX || (dropped > 0 && this.#startsInside()); dropped++) this.#drop();
    for (let i = 0; i < fragments; i++) {
      const start = i * size,
        end = Math.min(length, start + size);
      const block = this.pool.acquire(SYMBOL_HEADER_BYTES + end - start);
      const bytes = writeFragment(block.bytes, barrier, message, start, end, i === 0, i === fragments - 1);
      this.#put(block, bytes);
    }
    return dropped;
  }

  peek(): UnreliableSymbol | undefined {
    if (this.#count === 0) return undefined;
    const slot = this.#ring[this.#oldest]!;
    slot.seq = this.#next;
    return slot;
  }

  /**
   * Every path stands still: drops the messages that have waited maxMs, for newer ones are worth more when it goes on.
   */
  expire(nowMs: number, maxMs: number): void {
    for (let i = 0; i < this.#count; i++) {
      const slot = this.#ring[(this.#oldest + i) % PENDING_MAX]!;
      slot.waitsSinceMs = Math.min(slot.waitsSinceMs, nowMs);
    }
    for (
      let dropped = 0;
      this.#count > 0 &&
      (nowMs - this.#ring[this.#oldest]!.waitsSinceMs >= maxMs || (dropped > 0 && this.#startsInside()));
      dropped++
    )
      this.#drop();
  }

  /** Forgets the symbol that `peek` gave: it was sent. */
  shift(): void {
    this.#drop();
    this.#next = seqAdd(this.#next, 1);
  }

  /**
   * Takes out all that waits, as whole messages: the reliable path carries them. One whose start was sent already is
   * lost.
   */
  drain(visit: (message: Uint8Array) => void): void {
    let parts: Uint8Array[] | undefined;
    while (this.#count > 0) {
      const { block, bytes } = this.#ring[this.#oldest]!;
      if (symbolIsFirst(block.bytes)) parts = [];
      parts?.push(block.bytes.slice(SYMBOL_HEADER_BYTES, bytes));
      if (parts && symbolIsLast(block.bytes)) visit(concat(parts).subarray(BARRIER_BYTES));
      this.#drop();
    }
  }

  #put(block: Block, bytes: number): void {
    const slot = (this.#ring[(this.#oldest + this.#count) % PENDING_MAX] ??= {
      seq: 0,
      block,
      bytes: 0,
      waitsSinceMs: Infinity,
    });
    slot.block = block;
    slot.waitsSinceMs = Infinity;
    slot.bytes = bytes;
    this.#count++;
  }

  #drop(): void {
    this.pool.release(this.#ring[this.#oldest]!.block);
    this.#oldest = (this.#oldest + 1) % PENDING_MAX;
    this.#count--;
  }

  /** Whether the oldest symbol that waits is not the start of its message. */
  #startsInside(): boolean {
    return this.#count > 0 && !symbolIsFirst(this.#ring[this.#oldest]!.block.bytes);
  }
}

/**
 * Writes the symbol over bytes start..end of the barrier and the message after it. Returns its bytes, header included.
 */
function writeFragment(
  target: Uint8Array,
  barrier: Seq,
  message: Uint8Array,
  start: number,
  end: number,
  first: boolean,
  last: boolean,
): number {
  if (!first) return writeSymbol(target, message, start - BARRIER_BYTES, end - BARRIER_BYTES, first, last);
  writeSymbolHeader(target, end, first, last);
  target[SYMBOL_HEADER_BYTES] = barrier;
  target[SYMBOL_HEADER_BYTES + 1] = barrier >>> 8;
  target.set(last ? message : message.subarray(0, end - BARRIER_BYTES), SYMBOL_HEADER_BYTES + BARRIER_BYTES);
  return SYMBOL_HEADER_BYTES + end;
}
