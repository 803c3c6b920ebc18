/**
 * Second decoder, part 1: what the bytes of a datagram or a reliable record say. Written only from docs/WIRE-FORMAT.md
 * (sections 1, 2 and 4), sharing no code with plugin/core, so that a mistake in the implementation and the same mistake
 * in its tests cannot hide each other. Slow and obvious on purpose. Meaning over time is in second-receiver.ts.
 */

export type Stream = 0 | 1;

export interface Source {
  kind: "source";
  stream: Stream;
  retransmitted: boolean;
  seq24: number;
  first: boolean;
  last: boolean;
  payload: Uint8Array;
}
/** `members` are offsets from the base; `bytes` is the repair symbol. */
export interface Repair {
  kind: "repair";
  stream: Stream;
  row: number;
  base24: number;
  span: number;
  members: number[];
  bytes: Uint8Array;
}
/** `received` lists the i of set bits (datagram largest - 1 - i), `held` those of ordered symbols next + 1 + i. */
export interface Feedback {
  kind: "feedback";
  largest16: number;
  bitmapBytes: number;
  received: number[];
  ackDelayMs: number;
  queueingDelayMs: number;
  next24: number;
  symbolBytes: number;
  held: number[];
}
export type Frame = Source | Repair | Feedback | { kind: "ping" };

export interface Datagram {
  number16: number;
  time16: number;
  frames: Frame[];
}

export type ReliableRecord =
  | { kind: "control"; json: { t: string } & Record<string, unknown> }
  | { kind: "symbol"; first: boolean; last: boolean; seq: number; payload: Uint8Array }
  | { kind: "unreliable"; barrier: number; payload: Uint8Array }
  | { kind: "datagram"; payload: Uint8Array }
  | { kind: "colyseus" };

/** Why a datagram is dropped, or a session ended; `message` says which sentence of the document was not met. */
export class Malformed extends Error {}

/** Reads one datagram, section 2. @throws Malformed if the whole datagram is to be dropped. */
export function readDatagram(bytes: Uint8Array): Datagram {
  const reader = new Reader(bytes);
  must(reader.u8() === 0x01, "another version");
  const number16 = reader.u16(),
    time16 = reader.u16();
  const frames: Frame[] = [];
  while (reader.left > 0) frames.push(readFrame(reader));
  return { number16, time16, frames };
}

/** Reads one WebSocket binary message, section 1. @throws Malformed if the session is to be ended. */
export function readRecord(bytes: Uint8Array): ReliableRecord {
  const reader = new Reader(bytes);
  const type = reader.u8();
  if (type === 0x1f) return { kind: "control", json: readControl(reader.rest()) };
  if (type === 0x1e) {
    const flags = reader.u8();
    must(flags < 4, "unknown record flag");
    return { kind: "symbol", first: bit(flags, 0), last: bit(flags, 1), seq: reader.u32(), payload: reader.rest() };
  }
  if (type === 0x1d) return { kind: "unreliable", barrier: reader.u32(), payload: reader.rest() };
  if (type === 0x1c) return { kind: "datagram", payload: reader.rest() };
  const code = type & 31;
  must(code >= 10 && code <= 22, "unknown record");
  return { kind: "colyseus" };
}

/** Carry-less product of two bytes, then the remainder modulo x^8 + x^4 + x^3 + x^2 + 1. */
export function multiply(a: number, b: number): number {
  let product = 0;
  for (let i = 0; i < 8; i++) if (bit(b, i)) product ^= a << i;
  for (let i = 14; i >= 8; i--) if (bit(product, i)) product ^= 0x11d << (i - 8);
  return product;
}

/** By trial: the only byte whose product with `a` is 1. */
export function inverse(a: number): number {
  for (let b = 1; b < 256; b++) if (multiply(a, b) === 1) return b;
  throw new RangeError(`"a" expected 1..255, got ${a}`);
}

/** c(row, sequence), section 2.2. */
export function coefficient(row: number, seq: number): number {
  return row === 0 ? 1 : inverse((128 | row) ^ (seq % 128));
}

/** Header and payload together: the bytes that repair protects, section 2.1. */
export function sourceSymbol(first: boolean, last: boolean, payload: Uint8Array): Uint8Array {
  const header = payload.length | (first ? 1 << 12 : 0) | (last ? 1 << 13 : 0);
  return Uint8Array.of(header & 255, header >> 8, ...payload);
}

function readFrame(reader: Reader): Frame {
  const start = reader.u8(),
    type = start >> 4,
    flags = start & 15;
  if (type === 1) return readSource(reader, flags);
  if (type === 2) return readRepair(reader, flags);
  if (type === 3) return readFeedback(reader, flags);
  must(type === 4, "unknown frame type");
  must(flags === 0, "reserved bits");
  return { kind: "ping" };
}

function readSource(reader: Reader, flags: number): Source {
  must(flags < 4, "reserved bits");
  const seq24 = reader.u24(),
    header = reader.u16();
  must(header < 1 << 14, "reserved bits");
  const length = header & 0xfff;
  must(length <= 1200, "payload length above 1200");
  return {
    kind: "source",
    stream: flags & 1 ? 1 : 0,
    retransmitted: bit(flags, 1),
    seq24,
    first: bit(header, 12),
    last: bit(header, 13),
    payload: reader.take(length),
  };
}

function readRepair(reader: Reader, flags: number): Repair {
  must(flags < 4, "reserved bits");
  const dense = bit(flags, 1),
    row = reader.u8(),
    base24 = reader.u24(),
    span = reader.u8();
  must(row <= 127, "row above 127");
  must(span >= 1 && span <= 128, "span outside 1..128");
  must(!dense || span <= 32, "dense span above 32");
  const members = dense ? upTo(span) : setBits(reader.take(Math.ceil(span / 8)));
  must(members[0] === 0 && members.at(-1) === span - 1, "bitmap without bit 0 or span - 1, or with padding bits set");
  must(members.length <= 32, "more than 32 members");
  const length = reader.u16();
  must(length >= 2 && length <= 1202, "repair length outside 2..1202");
  return { kind: "repair", stream: flags & 1 ? 1 : 0, row, base24, span, members, bytes: reader.take(length) };
}

function readFeedback(reader: Reader, bitmapBytes: number): Feedback {
  must(bitmapBytes <= 8, "datagram bitmap above 8 bytes");
  const largest16 = reader.u16(),
    received = setBits(reader.take(bitmapBytes));
  const ackDelayMs = reader.u8(),
    queueingDelayMs = reader.u8(),
    next24 = reader.u24(),
    symbolBytes = reader.u8();
  must(symbolBytes <= 32, "symbol bitmap above 32 bytes");
  const bitmap = reader.take(symbolBytes);
  must(bitmap.at(-1) !== 0, "last byte of the symbol bitmap is zero");
  return {
    kind: "feedback",
    largest16,
    bitmapBytes,
    received,
    ackDelayMs,
    queueingDelayMs,
    next24,
    symbolBytes,
    held: setBits(bitmap),
  };
}

function readControl(text: Uint8Array): { t: string } & Record<string, unknown> {
  must(text.length < 4096, "control record above 4096 bytes");
  let json: unknown;
  try {
    json = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(text));
  } catch {
    throw new Malformed("control record that is not JSON");
  }
  must(
    typeof json === "object" && json !== null && "t" in json && typeof json.t === "string",
    "control record without t",
  );
  return json as { t: string } & Record<string, unknown>;
}

/** Little-endian fields, one after the other. Running over the end is "a frame that does not fit". */
class Reader {
  #at = 0;

  constructor(private readonly bytes: Uint8Array) {}

  get left(): number {
    return this.bytes.length - this.#at;
  }

  take(length: number): Uint8Array {
    must(length <= this.left, "does not fit");
    this.#at += length;
    return this.bytes.slice(this.#at - length, this.#at);
  }

  rest(): Uint8Array {
    return this.take(this.left);
  }

  u8(): number {
    return this.take(1)[0]!;
  }

  u16(): number {
    return this.u8() + this.u8() * 2 ** 8;
  }

  u24(): number {
    return this.u16() + this.u8() * 2 ** 16;
  }

  u32(): number {
    return this.u16() + this.u16() * 2 ** 16;
  }
}

function upTo(count: number): number[] {
  return Array.from({ length: count }, (_, i) => i);
}

/** Bit i is bit i mod 8 of byte floor(i / 8), least significant first. */
function setBits(bitmap: Uint8Array): number[] {
  return upTo(bitmap.length * 8).filter((i) => bit(bitmap[Math.floor(i / 8)]!, i % 8));
}

function bit(value: number, i: number): boolean {
  return (value >> i) % 2 === 1;
}

function must(condition: boolean, reason: string): asserts condition {
  if (!condition) throw new Malformed(reason);
}
