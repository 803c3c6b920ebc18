/** Frames as vectors.json means them, to datagrams by the implementation's DatagramWriter and RepairEncoder. */
import { DatagramWriter, makeSymbol, RepairEncoder, type RepairSymbol } from "../../plugin/core/index.js";
import { fromHex, toHex, type FrameMeaning } from "./vector-file.js";

/** More than any vector; nothing to do with a channel. */
const MTU_BYTES = 4096;

/** One datagram with these frames: groups of hexadecimal, the header and each frame. */
export function encode(number: number, timeMs: number, frames: readonly FrameMeaning[]): string {
  const writer = new DatagramWriter(MTU_BYTES);
  const ends: number[] = [];
  writer.begin(number, timeMs);
  for (const frame of frames) {
    ends.push(MTU_BYTES - writer.room);
    write(writer, frame);
  }
  const bytes = writer.end();
  ends.push(bytes.length);
  return [toHex(bytes.subarray(0, 5)), ...frames.map((_, i) => toHex(bytes.subarray(ends[i], ends[i + 1])))].join(" ");
}

/** A repair in the given row over these symbols, as the encoder makes it: rows come in turn, so it is asked until the row comes. */
export function repairOf(symbols: readonly (readonly [seq: number, symbol: Uint8Array])[], row: number): RepairSymbol {
  const encoder = new RepairEncoder();
  for (const [seq, symbol] of symbols) encoder.add(seq, symbol);
  let repair = encoder.repairNewest(symbols.length, { row: row === 0 ? "xor" : "cauchy" })!;
  for (let i = 0; i < 127 && repair.row !== row; i++) repair = encoder.repairNewest(symbols.length)!;
  return repair;
}

export function repairMeaning(stream: 0 | 1, repair: RepairSymbol): FrameMeaning {
  return {
    kind: "repair",
    stream,
    row: repair.row,
    base24: repair.base & 0xff_ffff,
    span: repair.span,
    members: offsets(repair.bitmap),
    bytes: toHex(repair.bytes),
  };
}

export function source(
  seq24: number,
  flags: { stream?: 1; retransmitted?: true; middle?: true; first?: true; last?: true },
  payload: string,
): FrameMeaning {
  const { stream = 0, retransmitted = false } = flags;
  const whole = !flags.first && !flags.last && !flags.middle;
  return {
    kind: "source",
    stream,
    retransmitted,
    seq24,
    first: whole || flags.first === true,
    last: whole || flags.last === true,
    payload,
  };
}

function write(writer: DatagramWriter, frame: FrameMeaning): void {
  switch (frame.kind) {
    case "source": {
      const payload = fromHex(frame.payload);
      writer.source(
        frame.stream,
        frame.seq24,
        makeSymbol(payload, 0, payload.length, frame.first, frame.last),
        frame.retransmitted,
      );
      return;
    }
    case "repair":
      writer.repair(frame.stream, {
        row: frame.row,
        base: frame.base24,
        span: frame.span,
        bitmap: bitmap(frame.members, 16),
        members: frame.members.length,
        bytes: fromHex(frame.bytes),
      });
      return;
    case "feedback":
      writer.feedback({
        largest: frame.largest16,
        bitmapBytes: frame.bitmapBytes,
        bitmap: bitmap(frame.received, frame.bitmapBytes),
        ackDelayMs: frame.ackDelayMs,
        queueDelayMs: frame.queueingDelayMs,
        next: frame.next24,
        symbolBytes: frame.symbolBytes,
        symbolBitmap: bitmap(frame.held, frame.symbolBytes),
      });
      return;
    case "ping":
      writer.ping();
  }
}

function bitmap(bits: readonly number[], length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  for (const i of bits) bytes[i >> 3]! |= 1 << (i & 7);
  return bytes;
}

function offsets(bits: Uint8Array): number[] {
  return Array.from({ length: bits.length * 8 }, (_, i) => i).filter((i) => (bits[i >> 3]! >> (i & 7)) & 1);
}
