/** What a hostile client sends: one datagram after the other, or a stream of WebSocket frames, made by the wire document. */
import { randomFillSync } from "node:crypto";
import { COUNTER_AHEAD_MAX, EPOCH_DATAGRAMS } from "../../plugin/channels/limits.js";
import { UdpSealer } from "../../plugin/channels/udp/udp-envelope.js";
import {
  DatagramReader,
  DatagramWriter,
  encodeSymbolRecord,
  makeSymbol,
  ORDERED,
  seqAdd,
  seqDiff,
  seqExpand24,
  UNRELIABLE,
  type Seq,
} from "../../plugin/core/index.js";
import { MESSAGE_TYPE, MESSAGE_TYPE_LONG, nowMs, type Attack, type Order } from "./protocol.js";
import type { RawSession } from "./raw-session.js";

/** Least of both channels, bytes. */
const DATAGRAM_BYTES = 1150;
const ROOM_DATA = 13;
const ROOM_REQUEST = 21;
/** A message of the room, 2 bytes; one that core answers, 3; and one with a list of four numbers in MessagePack, 8. */
const MESSAGE = Uint8Array.of(ROOM_DATA, MESSAGE_TYPE);
const REQUEST = Uint8Array.of(ROOM_REQUEST, 1, MESSAGE_TYPE);
const MESSAGE_LONG = Uint8Array.of(ROOM_DATA, 0xa0 | 1, MESSAGE_TYPE_LONG.charCodeAt(0), 0x94, 1, 2, 3, 4);

/** Without an answer that says more for this long, the ordered stream goes back to what the server expects, ms. */
const STALL_MS = 50;

/** Repair symbols of 100 bytes over 32 of 128 symbols that never come. */
const REPAIR_BYTES = 100;
const REPAIR_MEMBERS = 32;
const REPAIR_SPAN = 128;

/** Sends the attack's next datagram each time that it is called. */
export function attackBy(session: RawSession, { attack, connectionId }: Order): () => void {
  if (attack.startsWith("garbage")) return garbage(session, connectionId, attack === "garbage, next counter");
  if (attack === "jumps of an epoch") return jumps(session, EPOCH_DATAGRAMS);
  if (attack === "jumps of 65536") return jumps(session, COUNTER_AHEAD_MAX);
  const stream = new HostileStream(session);
  return () => session.send(stream.next(attack));
}

/** Datagrams of an authenticated peer. Its first ordered symbol was its answer to the join, by WebSocket. */
class HostileStream {
  readonly #writer = new DatagramWriter(DATAGRAM_BYTES);
  readonly #reader = new DatagramReader();
  readonly #short = makeSymbol(MESSAGE, 0, MESSAGE.length, true, true);
  readonly #request = makeSymbol(REQUEST, 0, REQUEST.length, true, true);
  readonly #long = makeSymbol(MESSAGE_LONG, 0, MESSAGE_LONG.length, true, true);
  /** An unreliable message that waits for nothing sent after the join. */
  readonly #dated = makeSymbol(Uint8Array.of(1, 0, ...MESSAGE), 0, 2 + MESSAGE.length, true, true);
  #unreliableSeq: Seq = 0;
  #number = 0;
  #seq: Seq = 1;
  #expected: Seq = 1;
  #progressMs = nowMs();

  constructor(session: RawSession) {
    session.ondatagram = (datagram) => {
      const read = this.#reader.read(datagram);
      if (typeof read === "string") return;
      for (const frame of read.frames) if (frame.kind === "feedback") this.#onFeedback(frame.next24);
    };
  }

  next(attack: Attack): Uint8Array {
    this.#writer.begin(this.#number++, nowMs());
    if (attack === "PINGs") this.#writer.ping();
    else if (attack === "repairs") this.#repairs();
    else if (attack === "1 message") this.#messages(this.#short, 1);
    else if (attack === "80 messages") this.#messages(this.#long, 80);
    else if (attack === "unreliable messages") this.#unreliable();
    else this.#messages(attack === "requests" ? this.#request : this.#short, Infinity);
    return this.#writer.end();
  }

  #messages(symbol: Uint8Array, count: number): void {
    if (this.#seq !== this.#expected && nowMs() - this.#progressMs > STALL_MS) {
      this.#seq = this.#expected;
      this.#progressMs = nowMs();
    }
    for (let i = 0; i < count && this.#writer.room >= 4 + symbol.length; i++) {
      this.#writer.source(ORDERED, this.#seq, symbol, false);
      this.#seq = seqAdd(this.#seq, 1);
    }
  }

  #unreliable(): void {
    for (; this.#writer.room >= 4 + this.#dated.length; this.#unreliableSeq = seqAdd(this.#unreliableSeq, 1))
      this.#writer.source(UNRELIABLE, this.#unreliableSeq, this.#dated, false);
  }

  #repairs(): void {
    const bytes = new Uint8Array(REPAIR_BYTES);
    for (let i = 0; this.#writer.room >= 8 + REPAIR_SPAN / 8 + REPAIR_BYTES; i++) {
      randomFillSync(bytes);
      const bitmap = new Uint8Array(REPAIR_SPAN / 8);
      for (let m = 0; m < REPAIR_MEMBERS; m++) {
        const at = m === REPAIR_MEMBERS - 1 ? REPAIR_SPAN - 1 : m * 4 + (m === 0 ? 0 : Math.floor(Math.random() * 4));
        bitmap[at >> 3]! |= 1 << (at & 7);
      }
      const row = 1 + ((this.#number * 16 + i) % 127);
      this.#writer.repair(ORDERED, {
        row,
        base: seqAdd(this.#seq, 1 + ((this.#number + i) % 100)),
        span: REPAIR_SPAN,
        bitmap,
        members: REPAIR_MEMBERS,
        bytes,
      });
    }
  }

  #onFeedback(next24: number): void {
    const next = seqExpand24(next24, this.#seq);
    if (seqDiff(next, this.#expected) <= 0) return;
    this.#expected = next;
    this.#progressMs = nowMs();
  }
}

/** Noise under a session's id, which anyone on the way can read, as its counter; without that, any counter. */
function garbage(session: RawSession, connectionId: number, knowsCounter: boolean): () => void {
  const packet = Buffer.alloc(60);
  let counter = 20_000;
  return () => {
    randomFillSync(packet);
    packet.writeUInt32LE(connectionId, 0);
    if (knowsCounter) packet.writeUInt32LE(counter++ % 65_000, 4);
    session.sendRaw(Buffer.from(packet));
  };
}

/** Authentic PINGs, each so many counters after the last. */
function jumps(session: RawSession, by: number): () => void {
  const { secret, connectionId } = session.udp!;
  const writer = new DatagramWriter(DATAGRAM_BYTES);
  let number = 0;
  // From the first that the session's own sealer has used.
  let counter = 0;
  return () => {
    writer.begin(number++, nowMs());
    writer.ping();
    counter += by;
    session.sendRaw(new UdpSealer(secret, "c2s", connectionId, counter).seal(writer.end()));
  };
}

/** WebSocket frames of messages for the room, masked with zeros: as many as make up some 64 KB. `next` numbers SYMBOL records; undefined: plain messages. */
export function messageFrames(attack: Attack, next: Seq | undefined): { bytes: Buffer; messages: number } {
  const message = attack === "requests" ? REQUEST : MESSAGE;
  const parts: Uint8Array[] = [];
  let messages = 0;
  for (let bytes = 0; bytes < 65_000; messages++) {
    const payload = next === undefined ? message : encodeSymbolRecord(seqAdd(next, messages), true, true, message);
    const header = Uint8Array.of(0x82, 0x80 | payload.length, 0, 0, 0, 0);
    parts.push(header, payload);
    bytes += header.length + payload.length;
  }
  return { bytes: Buffer.concat(parts), messages };
}
