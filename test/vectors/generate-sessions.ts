/** Vectors of what a receiver delivers for what it is fed (docs/WIRE-FORMAT.md sections 1, 2.2 and 3). */
import {
  encodeDatagramRecord,
  encodeSymbolRecord,
  encodeUnreliableRecord,
  makeSymbol,
} from "../../plugin/core/index.js";
import { encode, repairMeaning, repairOf, source } from "./encode.js";
import { fromHex, toHex, type FrameMeaning, type SessionVector } from "./vector-file.js";

type Feed = SessionVector["feed"];

/** Symbols of whole messages, by sequence number, with one byte of payload each. */
const ONES: [number, Uint8Array][] = [0, 1, 2, 3].map((seq) => [
  seq,
  makeSymbol(Uint8Array.of(0xa0 + seq), 0, 1, true, true),
]);

export function makeSessions(): SessionVector[] {
  return [...makeOrdered(), ...makeUnreliable()];
}

function makeOrdered(): SessionVector[] {
  const make = (
    section: string,
    name: string,
    feed: Feed,
    ordered: string[],
    rest: { firstSeq?: number; closeCode?: number } = {},
  ): SessionVector => ({
    name,
    section,
    firstSeq: rest.firstSeq ?? 0,
    feed,
    ordered,
    unreliable: [],
    ...(rest.closeCode ? { closeCode: rest.closeCode } : {}),
  });
  const repair = (number: number, row: number, members = ONES): Feed[number] =>
    datagram(number, [repairMeaning(0, repairOf(members, row))]);
  return [
    make(
      "2.1",
      "a message of three symbols, out of order",
      [
        datagram(2, [source(2, { last: true }, "04")]),
        datagram(1, [source(1, { middle: true }, "03")]),
        datagram(0, [source(0, { first: true }, "0102")]),
      ],
      ["01020304"],
    ),
    make(
      "2",
      "sequence numbers wrap at 32 bits",
      [
        datagram(0xffff, [source(0xff_fffe, {}, "01"), source(0xff_ffff, { first: true }, "02")]),
        datagram(0x10000, [source(0, { last: true }, "03"), source(1, {}, "04")]),
      ],
      ["01", "0203", "04"],
      { firstSeq: 0xffff_fffe },
    ),
    make(
      "2",
      "the 24 bits on the wire wrap",
      [
        datagram(0xffff, [source(0xff_ffff, { first: true }, "02")]),
        datagram(0x10000, [source(0, { last: true }, "03"), source(1, {}, "04")]),
      ],
      ["0203", "04"],
      { firstSeq: 0x00ff_ffff },
    ),
    make(
      "2.2",
      "XOR recovers one of four",
      [datagram(0, [source(0, {}, "a0"), source(1, {}, "a1")]), datagram(2, [source(3, {}, "a3")]), repair(3, 0)],
      ["a0", "a1", "a2", "a3"],
    ),
    make(
      "2.2",
      "the repair comes before the last of its members",
      [
        repair(3, 1),
        datagram(0, [source(0, {}, "a0")]),
        datagram(1, [source(1, {}, "a1")]),
        datagram(2, [source(2, {}, "a2")]),
      ],
      ["a0", "a1", "a2", "a3"],
    ),
    make(
      "2.2",
      "three Cauchy rows recover three of four",
      [repair(3, 1), datagram(0, [source(2, {}, "a2")]), repair(4, 2), repair(5, 3)],
      ["a0", "a1", "a2", "a3"],
    ),
    make(
      "2.2",
      "a recovered symbol helps another repair to recover",
      [
        repair(1, 0, ONES.slice(2)),
        datagram(2, [source(0, {}, "a0")]),
        repair(3, 0, ONES.slice(0, 2)),
        repair(4, 1, ONES.slice(1, 3)),
      ],
      ["a0", "a1", "a2", "a3"],
    ),
    make(
      "1",
      "a symbol by both paths is taken once; the reliable path's are members of a repair too",
      [
        datagram(0, [source(1, {}, "a1")]),
        reliable(0, true, true, "a0"),
        datagram(1, [source(0, {}, "a0")]),
        reliable(1, true, true, "a1"),
        reliable(3, true, true, "a3"),
        repair(2, 0),
      ],
      ["a0", "a1", "a2", "a3"],
    ),
    make(
      "3.3",
      "a retransmitted symbol fills the gap",
      [
        datagram(0, [source(1, {}, "a1")]),
        datagram(1, [source(0, { retransmitted: true }, "a0")]),
        datagram(2, [source(0, { retransmitted: true }, "a0")]),
      ],
      ["a0", "a1"],
    ),
    make(
      "1",
      "SYMBOL 255 after the next one is kept",
      [reliable(255, true, true, "ff"), reliable(0, true, true, "00")],
      ["00"],
    ),
    make(
      "1",
      "SYMBOL 256 after the next one ends the session",
      [reliable(0, true, true, "00"), reliable(257, true, true, "ff"), reliable(1, true, true, "01")],
      ["00"],
      { closeCode: 1002 },
    ),
    make(
      "1",
      "a datagram that the reliable path carries brings its symbols, however old its number",
      [
        datagram(0, [source(0, {}, "a0")]),
        datagram(400, [source(2, {}, "a2")]),
        carried(1, [source(1, {}, "a1")]),
        carried(401, [source(1, {}, "a1"), source(3, {}, "a3")]),
      ],
      ["a0", "a1", "a2", "a3"],
    ),
    make(
      "1",
      "a message without FIRST ends the session also in a datagram that the reliable path carries",
      [carried(0, [source(0, { last: true }, "02")])],
      [],
      { closeCode: 1002 },
    ),
    make(
      "3.1",
      "SOURCE 256 after the next one is dropped",
      [
        datagram(0, [source(256, {}, "ff")]),
        datagram(1, [source(0, {}, "00")]),
        datagram(2, [source(256, {}, "ff")]),
        datagram(3, [source(1, {}, "01")]),
      ],
      ["00", "01"],
    ),
    make(
      "3.1",
      "FIRST inside an open message ends the session",
      [datagram(0, [source(0, { first: true }, "01"), source(1, {}, "02")])],
      [],
      { closeCode: 1002 },
    ),
    make(
      "3.1",
      "a symbol without FIRST outside a message ends the session",
      [datagram(0, [source(0, {}, "01"), source(1, { last: true }, "02")])],
      ["01"],
      { closeCode: 1002 },
    ),
    make(
      "3.1",
      "an empty message is delivered",
      [datagram(0, [source(0, {}, "")]), reliable(1, true, true, "")],
      ["", ""],
    ),
    make(
      "3.1",
      "an empty symbol of a message of several ends the session",
      [
        datagram(0, [
          source(0, {}, "01"),
          source(1, { first: true }, "02"),
          source(2, { middle: true }, ""),
          source(3, { last: true }, "03"),
        ]),
      ],
      ["01"],
      { closeCode: 1002 },
    ),
    make(
      "2",
      "a datagram with a bad frame is dropped whole",
      [{ path: "datagram", hex: `${encode(0, 0, [source(0, {}, "ee")])} 50` }, datagram(1, [source(0, {}, "a0")])],
      ["a0"],
    ),
  ];
}

function makeUnreliable(): SessionVector[] {
  const make = (section: string, name: string, feed: Feed, unreliable: string[], firstSeq = 0): SessionVector => ({
    name,
    section,
    firstSeq,
    feed,
    ordered: [],
    unreliable,
  });
  const symbols: [number, Uint8Array][] = ["0000b0", "0000b1b1", "0000"].map((hex, seq) => [
    seq,
    makeSymbol(fromHex(hex), 0, hex.length / 2, true, true),
  ]);
  return [
    make(
      "3.4",
      "messages without their barriers, in any order, once",
      [
        datagram(1, [source(1, { stream: 1 }, "0000b1")]),
        datagram(0, [source(0, { stream: 1 }, "0000b0")]),
        datagram(2, [source(1, { stream: 1 }, "0000b1")]),
      ],
      ["b0", "b1"],
    ),
    make(
      "3.4",
      "a message of three symbols over the wrap of both counters",
      [
        datagram(0xffff, [source(0xff_ffff, { stream: 1, first: true }, "ffffc0")]),
        datagram(0x10001, [source(1, { stream: 1, last: true }, "c2")]),
        datagram(0x10000, [source(0, { stream: 1, middle: true }, "c1")]),
      ],
      ["c0c1c2"],
      0xffff_ffff,
    ),
    make(
      "3.4",
      "a message that lost a symbol is not delivered, the next one is",
      [
        datagram(0, [source(0, { stream: 1, first: true }, "0000c0")]),
        datagram(2, [source(2, { stream: 1 }, "0000c2")]),
      ],
      ["c2"],
    ),
    make(
      "3.4",
      "a stray symbol after a whole message adds nothing: at most once",
      [datagram(0, [source(0, { stream: 1 }, "0000b0"), source(1, { stream: 1, middle: true }, "01")])],
      ["b0"],
    ),
    make(
      "2.2",
      "two of three are recovered, an empty message among them",
      [
        datagram(0, [source(0, { stream: 1 }, "0000b0")]),
        datagram(3, [repairMeaning(1, repairOf(symbols, 1))]),
        datagram(4, [repairMeaning(1, repairOf(symbols, 2))]),
      ],
      ["b0", "b1b1", ""],
    ),
    make(
      "1",
      "UNRELIABLE by the reliable path",
      [{ path: "reliable", hex: toHex(encodeUnreliableRecord(0, fromHex("d0d1"))) }],
      ["d0d1"],
    ),
    make(
      "3.4",
      "a barrier that does not come is waited for a bounded time",
      [datagram(0, [source(0, { stream: 1 }, "0500e0")])],
      ["e0"],
    ),
  ];
}

function datagram(number: number, frames: FrameMeaning[]): Feed[number] {
  return { path: "datagram", hex: encode(number, 0, frames) };
}

function carried(number: number, frames: FrameMeaning[]): Feed[number] {
  return { path: "reliable", hex: toHex(encodeDatagramRecord(fromHex(encode(number, 0, frames)))) };
}

function reliable(seq: number, first: boolean, last: boolean, payload: string): Feed[number] {
  return { path: "reliable", hex: toHex(encodeSymbolRecord(seq, first, last, fromHex(payload))) };
}
