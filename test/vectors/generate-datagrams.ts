/** Vectors of the datagram header and of every frame (docs/WIRE-FORMAT.md section 2). */
import { encode, source } from "./encode.js";
import { toHex, type DatagramVector, type FrameMeaning } from "./vector-file.js";

export function makeDatagrams(): DatagramVector[] {
  const vectors: DatagramVector[] = [];
  const add = (section: string, name: string, frames: FrameMeaning[], number = 0, timeMs = 0): void => {
    vectors.push({
      name,
      section,
      written: true,
      hex: encode(number, timeMs, frames),
      means: { number16: number % 0x10000, time16: timeMs % 0x10000, frames },
    });
  };
  const byHand = (section: string, name: string, hex: string, frames: FrameMeaning[]): void => {
    vectors.push({ name, section, written: false, hex, means: { number16: 0, time16: 0, frames } });
  };
  add("2", "header: number and time, little-endian", [{ kind: "ping" }], 0x0102, 0x0304);
  add("2", "header: number and time wrap, low 16 bits", [{ kind: "ping" }], 0x1ffff, 0x20005);
  byHand("2", "a datagram without frames", "0100000000", []);

  add("2.1", "SOURCE: ordered, a whole message", [source(0, {}, toHex(Buffer.from("hello")))]);
  add("2.1", "SOURCE: ordered, FIRST only", [source(1, { first: true }, "0a0b0c")]);
  add("2.1", "SOURCE: ordered, neither FIRST nor LAST", [source(2, { middle: true }, "0d")]);
  add("2.1", "SOURCE: ordered, LAST only", [source(3, { last: true }, "0e0f")]);
  add("2.1", "SOURCE: RETRANSMITTED", [source(0x123456, { retransmitted: true }, "aa")], 7);
  add("2.1", "SOURCE: empty payload", [source(0xff_ffff, {}, "")]);
  add("2.1", "SOURCE: largest payload", [source(4, {}, "(5a)x1200")]);
  add("2.1", "SOURCE: unreliable, barrier 0x0102 before the message", [source(5, { stream: 1 }, "0201c0ffee")]);
  add(
    "2.1",
    "three SOURCE frames, their sequence wraps",
    [source(0xff_fffe, {}, "01"), source(0xff_ffff, {}, "0203"), source(0, {}, "")],
    0xffff,
    0xffff,
  );

  const repair = (row: number, base24: number, members: number[], bytes: string, stream: 0 | 1 = 0): FrameMeaning => ({
    kind: "repair",
    stream,
    row,
    base24,
    span: members.at(-1)! + 1,
    members,
    bytes,
  });
  const upTo = (count: number): number[] => Array.from({ length: count }, (_, i) => i);
  add("2.2", "REPAIR: XOR, DENSE", [repair(0, 16, upTo(4), "0310aabbcc")]);
  add("2.2", "REPAIR: one member", [repair(1, 9, [0], "0030")]);
  add("2.2", "REPAIR: Cauchy row 1, bitmap", [repair(1, 16, [0, 2, 3], "0310aabbcc")]);
  add("2.2", "REPAIR: Cauchy row 127, unreliable", [repair(127, 300, upTo(2), "112233", 1)]);
  add("2.2", "REPAIR: DENSE, 32 members", [repair(2, 0, upTo(32), "4433")]);
  add("2.2", "REPAIR: span 128, ends only", [repair(3, 0x80_0000, [0, 127], "4433")]);
  add("2.2", "REPAIR: span 128, 32 members", [
    repair(
      4,
      1,
      upTo(32).map((i) => (i === 31 ? 127 : 4 * i)),
      "4433",
    ),
  ]);
  add("2.2", "REPAIR: span 9, second byte of the bitmap", [repair(5, 1, [0, 7, 8], "4433")]);
  add("2.2", "REPAIR: members wrap", [repair(6, 0xff_fffe, upTo(4), "4433")]);
  add("2.2", "REPAIR: largest repair symbol", [repair(7, 0, upTo(2), "(c3)x1202")]);
  byHand("2.2", "REPAIR: a full bitmap, though DENSE would do", "0100000000 2000050000030702004433", [
    repair(0, 5, upTo(3), "4433"),
  ]);

  const feedback = (
    bitmapBytes: number,
    received: number[],
    rest: { largest16?: number; next24?: number; delays?: [number, number]; held?: number[] } = {},
  ): FrameMeaning => {
    const { largest16 = 0x0201, next24 = 0x070605, delays: [ackDelayMs, queueingDelayMs] = [3, 4], held = [] } = rest;
    return {
      kind: "feedback",
      largest16,
      bitmapBytes,
      received,
      ackDelayMs,
      queueingDelayMs,
      next24,
      symbolBytes: Math.ceil(((held.at(-1) ?? -1) + 1) / 8),
      held,
    };
  };
  for (let n = 0; n <= 8; n++)
    add("2.3", `FEEDBACK: datagram bitmap of ${n} bytes`, [
      feedback(
        n,
        upTo(8 * n).filter((i) => i % 3 === 0),
      ),
    ]);
  add("2.3", "FEEDBACK: a gap, nothing before it", [feedback(1, [])]);
  add("2.3", "FEEDBACK: first datagram, nothing delivered", [
    feedback(1, [], { largest16: 0, next24: 0, delays: [0, 0] }),
  ]);
  add("2.3", "FEEDBACK: numbers about to wrap, delays of 255 or more", [
    feedback(2, [0, 15], { largest16: 0, next24: 0xff_ffff, delays: [255, 255], held: [0] }),
  ]);
  add("2.3", "FEEDBACK: symbols held, one byte", [feedback(1, [0, 1], { held: [0, 7] })]);
  add("2.3", "FEEDBACK: symbols held, two bytes", [feedback(1, [0, 1], { held: [3, 8] })]);
  add("2.3", "FEEDBACK: symbols held, 32 bytes", [feedback(8, [0, 63], { held: [0, 100, 254] })]);

  add("2.4", "PING", [{ kind: "ping" }]);
  add(
    "2",
    "four kinds of frames in one datagram",
    [feedback(1, [0]), source(0x42, {}, "c0de"), repair(0, 0x41, upTo(2), "0230c0de"), { kind: "ping" }],
    1000,
    1016,
  );
  return vectors;
}
