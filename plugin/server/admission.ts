/**
 * What a client may send before it is in its room. Core listens to nobody by then, and what comes is dropped as over
 * ws-transport: taken, and delivered to no listener. A game loop goes on sending while its reconnection is admitted, so
 * how much comes is no offence. A record that leaves a gap is one: it would have to be kept until the gap fills, and a
 * WebSocket leaves none. Nor is there a channel yet whose datagrams it could carry.
 */

import { seqDiff, type Seq } from "../core/seq.js";
import { readRecord } from "../core/wire/reliable-record.js";

export class Admission {
  #admitted = false;
  #nextSeq: Seq;

  /** @param firstSeq the first sequence number of the client's ordered stream. */
  constructor(firstSeq: Seq = 0) {
    this.#nextSeq = firstSeq;
  }

  get admitted(): boolean {
    return this.#admitted;
  }

  /** The client is in its room, where its datagrams may leave gaps. */
  admit(): void {
    this.#admitted = true;
  }

  /** Whether a record of the link may be taken. One that is malformed may: the link says what is wrong with it. */
  takes(bytes: Uint8Array): boolean {
    if (this.#admitted) return true;
    const record = readRecord(bytes);
    if (record?.kind === "symbol") {
      if (record.seq !== this.#nextSeq) return false;
      this.#nextSeq = (this.#nextSeq + 1) >>> 0;
      return true;
    }
    if (record?.kind === "unreliable") return seqDiff(record.barrier, this.#nextSeq) <= 0;
    return record === undefined;
  }
}
