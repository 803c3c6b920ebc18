/**
 * The ordered symbols that the peer has not acknowledged: gives sequence numbers, cuts messages into source symbols
 * (RFC 8681 section 3.4's layout), remembers what must be sent again. Sends nothing itself.
 */
import { BlockPool, makeBlock, type Block } from "../fec/block-pool.js";
import { ORDERED_WINDOW_SYMBOLS, SYMBOL_HEADER_BYTES } from "../limits.js";
import { seqAdd, seqDiff, type Seq } from "../seq.js";
import type { FeedbackFrame } from "../wire/datagram-reader.js";
import { writeSymbol } from "../symbol.js";

export interface OutgoingSymbol {
  seq: Seq;
  /** Header and payload are its first `bytes` bytes; it goes back to the pool when the symbol is freed. */
  block: Block;
  bytes: number;
  /**
   * free: acknowledged, carried in full by the reliable path, or never used. kept: the reliable path carries it, as no
   * datagram passes; once they do, one brings it as well.
   */
  state: "free" | "new" | "inFlight" | "kept" | "lost";
  /** When a datagram first carried it; Infinity where the reliable path has it and none has yet again. */
  firstSentMs: number;
  lastSentMs: number;
  sends: number;
  /** Number of the datagram that carried it last. */
  lastDatagram: Seq;
  /** Which fragment of its message it is, from 0, and of how many. */
  fragment: number;
  fragments: number;
  /** The reliable path carries it as well: it needs no further rescue. */
  rescued: boolean;
}

/** In the place of a freed symbol's block. */
const NO_BLOCK = makeBlock(0);

export class OrderedBuffer {
  readonly #ring: OutgoingSymbol[] = [];
  #next: Seq;
  #nextToSend: Seq;
  #oldest: Seq;
  /** The next symbol that the peer expects, as it last said. */
  #peerNext: Seq;
  #bytes = 0;

  constructor(
    firstSeq: Seq,
    private readonly pool = new BlockPool(),
  ) {
    this.#next = this.#nextToSend = this.#oldest = this.#peerNext = firstSeq;
    for (let i = 0; i < ORDERED_WINDOW_SYMBOLS; i++) {
      this.#ring.push({
        seq: 0,
        block: NO_BLOCK,
        bytes: 0,
        state: "free",
        firstSentMs: 0,
        lastSentMs: 0,
        sends: 0,
        lastDatagram: 0,
        fragment: 0,
        fragments: 1,
        rescued: false,
      });
    }
  }

  /** Sequence number of the next symbol. */
  get nextSeq(): Seq {
    return this.#next;
  }

  /** The next symbol that the peer expects, as it last said. */
  get peerNext(): Seq {
    return this.#peerNext;
  }

  /** Bytes of the unacknowledged symbols, headers included. */
  get bytes(): number {
    return this.#bytes;
  }

  /** True while a symbol waits to be sent for the first time. */
  get hasNew(): boolean {
    return this.#nextToSend !== this.#next;
  }

  /** True if n more symbols fit into the window of what the peer is known to have delivered. */
  hasRoom(n: number): boolean {
    return seqDiff(this.#next, this.#peerNext) + n <= ORDERED_WINDOW_SYMBOLS;
  }

  /**
   * Takes a message as symbols of at most payloadMax bytes, all but the last of one size. The caller checked `hasRoom`.
   */
  push(message: Uint8Array, payloadMax: number): void {
    const fragments = fragmentCount(message.length, payloadMax);
    const size = Math.ceil(message.length / fragments);
    for (let i = 0; i < fragments; i++) {
      const slot = this.#at(this.#next);
      slot.seq = this.#next;
      const start = i * size,
        end = Math.min(message.length, start + size);
      slot.block = this.pool.acquire(SYMBOL_HEADER_BYTES + end - start);
      slot.bytes = writeSymbol(slot.block.bytes, message, start, end, i === 0, i === fragments - 1);
      this.#bytes += slot.bytes;
      slot.state = "new";
      slot.sends = 0;
      slot.fragment = i;
      slot.fragments = fragments;
      slot.rescued = false;
      this.#next = seqAdd(this.#next, 1);
    }
  }

  /** Gives a sequence number to a symbol that goes by the reliable path alone. Nothing may be unacknowledged. */
  skip(): Seq {
    const seq = this.#next;
    this.#next = this.#nextToSend = this.#oldest = seqAdd(seq, 1);
    return seq;
  }

  /** The next symbol that waits to be sent for the first time. */
  peekNew(): OutgoingSymbol | undefined {
    return this.#nextToSend === this.#next ? undefined : this.#at(this.#nextToSend);
  }

  /** Notes that the slot's symbol went into a datagram. */
  onSent(slot: OutgoingSymbol, datagram: Seq, nowMs: number): void {
    if (slot.state === "new" || slot.firstSentMs === Infinity) slot.firstSentMs = nowMs;
    slot.state = "inFlight";
    slot.lastSentMs = nowMs;
    slot.sends++;
    slot.lastDatagram = datagram;
    if (slot.seq === this.#nextToSend) this.#nextToSend = seqAdd(this.#nextToSend, 1);
  }

  /** Notes that the reliable path carries the slot's symbol while no datagram passes. */
  onKept(slot: OutgoingSymbol, nowMs: number): void {
    if (slot.state === "new") slot.firstSentMs = nowMs;
    slot.state = "kept";
    slot.rescued = true;
    if (slot.seq === this.#nextToSend) this.#nextToSend = seqAdd(this.#nextToSend, 1);
  }

  /** The symbol if it is still unacknowledged. */
  get(seq: Seq): OutgoingSymbol | undefined {
    const slot = this.#at(seq);
    return slot.state !== "free" && slot.seq === seq ? slot : undefined;
  }

  /** The oldest unacknowledged symbol. */
  get oldest(): OutgoingSymbol | undefined {
    return this.#oldest === this.#next ? undefined : this.get(this.#oldest);
  }

  /** The oldest unacknowledged symbol that is a datagram's to bring, and not the reliable path's alone. */
  get oldestSent(): OutgoingSymbol | undefined {
    for (let seq = this.#oldest; seq !== this.#nextToSend; seq = seqAdd(seq, 1)) {
      const slot = this.get(seq);
      if (slot && slot.state !== "kept") return slot;
    }
    return undefined;
  }

  /** The oldest symbol in flight that the reliable path does not carry yet. */
  get oldestUnrescued(): OutgoingSymbol | undefined {
    for (let seq = this.#oldest; seq !== this.#nextToSend; seq = seqAdd(seq, 1)) {
      const slot = this.get(seq);
      if (slot && !slot.rescued) return slot;
    }
    return undefined;
  }

  /** Calls visit for every unacknowledged symbol, oldest first. */
  forEach(visit: (slot: OutgoingSymbol) => void): void {
    for (let seq = this.#oldest; seq !== this.#next; seq = seqAdd(seq, 1)) {
      const slot = this.get(seq);
      if (slot) visit(slot);
    }
  }

  /** Frees what the frame acknowledges and tells `onFreed` each. */
  onFeedback(frame: FeedbackFrame, onFreed: (seq: Seq) => void): void {
    // What was sent bounds what the peer can expect, which may be far behind: the reliable path can hold back very many
    // symbols.
    const peerNext = seqAdd(this.#nextToSend, -((this.#nextToSend - frame.next24) & 0xff_ffff));
    if (seqDiff(peerNext, this.#peerNext) > 0) this.#peerNext = peerNext;
    for (let seq = this.#oldest; seqDiff(seq, peerNext) < 0; seq = seqAdd(seq, 1)) this.#free(seq, onFreed);
    for (let i = 0; i < frame.symbolBitmap.length * 8; i++) {
      if (!((frame.symbolBitmap[i >> 3]! >> (i & 7)) & 1)) continue;
      const seq = seqAdd(peerNext, 1 + i);
      if (seqDiff(seq, this.#oldest) >= 0 && seqDiff(seq, this.#next) < 0) this.#free(seq, onFreed);
    }
    this.#forgetAcknowledged();
  }

  /** Calls visit for every unacknowledged symbol that this datagram was the last to carry, oldest first. */
  forEachOf(datagram: Seq, visit: (slot: OutgoingSymbol) => void): void {
    for (let seq = this.#oldest; seq !== this.#next; seq = seqAdd(seq, 1)) {
      const slot = this.get(seq);
      if (slot && slot.state === "inFlight" && slot.lastDatagram === datagram) visit(slot);
    }
  }

  /** Forgets every unacknowledged symbol: the reliable path carries them. */
  clear(): void {
    this.forEach((slot) => this.#release(slot));
    this.#oldest = this.#nextToSend = this.#next;
  }

  #free(seq: Seq, onFreed: (seq: Seq) => void): void {
    const slot = this.get(seq);
    if (!slot || slot.state === "new") return;
    this.#release(slot);
    onFreed(seq);
  }

  #release(slot: OutgoingSymbol): void {
    slot.state = "free";
    this.#bytes -= slot.bytes;
    this.pool.release(slot.block);
    slot.block = NO_BLOCK;
  }

  #forgetAcknowledged(): void {
    while (this.#oldest !== this.#next && !this.get(this.#oldest)) this.#oldest = seqAdd(this.#oldest, 1);
  }

  #at(seq: Seq): OutgoingSymbol {
    return this.#ring[seq % ORDERED_WINDOW_SYMBOLS]!;
  }
}

/** Symbols that a message of `length` bytes takes; an empty message takes one. */
export function fragmentCount(length: number, payloadMax: number): number {
  return Math.max(1, Math.ceil(length / payloadMax));
}
