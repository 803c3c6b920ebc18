/**
 * Outgoing symbols of the unreliable stream: gives sequence numbers and cuts messages. A symbol is sent once and then
 * only protected by repair; it is forgotten as soon as it is sent, so nothing here is ever sent again.
 */
import { seqAdd, type Seq } from "../seq.js";
import { BARRIER_BYTES } from "../wire/constants.js";
import { concat, makeSymbol, symbolIsFirst, symbolIsLast, symbolPayload } from "../symbol.js";
import { fragmentCount } from "./ordered-buffer.js";

/** Unreliable symbols that wait for the next datagram; the oldest is dropped beyond: it would be stale. */
const PENDING_MAX = 64;

export interface UnreliableSymbol {
  seq: Seq;
  symbol: Uint8Array;
}

export class UnreliableBuffer {
  readonly #pending: UnreliableSymbol[] = [];
  #next: Seq;

  constructor(firstSeq: Seq) {
    this.#next = firstSeq;
  }

  /** Takes a message as symbols of at most payloadMax bytes. Returns how many older ones were dropped for room. */
  push(message: Uint8Array, barrier: Seq, payloadMax: number): number {
    const body = new Uint8Array(BARRIER_BYTES + message.length);
    body[0] = barrier;
    body[1] = barrier >>> 8;
    body.set(message, BARRIER_BYTES);
    const fragments = fragmentCount(body.length, payloadMax);
    const size = Math.ceil(body.length / fragments);
    for (let i = 0; i < fragments; i++) {
      const symbol = makeSymbol(body, i * size, Math.min(body.length, (i + 1) * size), i === 0, i === fragments - 1);
      this.#pending.push({ seq: this.#next, symbol });
      this.#next = seqAdd(this.#next, 1);
    }
    const excess = Math.max(0, this.#pending.length - PENDING_MAX);
    this.#pending.splice(0, excess);
    return excess;
  }

  peek(): UnreliableSymbol | undefined {
    return this.#pending[0];
  }

  shift(): void {
    this.#pending.shift();
  }

  /** Takes out all that waits, as whole messages with their barriers: the reliable path carries them. */
  drain(visit: (message: Uint8Array) => void): void {
    let parts: Uint8Array[] = [];
    for (const { symbol } of this.#pending) {
      if (symbolIsFirst(symbol)) parts = [];
      parts.push(symbolPayload(symbol));
      if (symbolIsLast(symbol)) visit(concat(parts).subarray(BARRIER_BYTES));
    }
    this.#pending.length = 0;
  }
}
