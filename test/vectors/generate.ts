/**
 * Writes vectors.json with the implementation's own writers: node --no-warnings --loader ts-node/esm test/vectors/generate.ts
 * vectors.test.ts requires the file to be what this gives. Imports the sources by path, so that nothing has to be built first.
 */
import { writeFileSync } from "node:fs";
import { fileURLToPath, pathToFileURL } from "node:url";
import { coefficient, makeSymbol, seqExpand, seqExpand24 } from "../../plugin/core/index.js";
import { encode, repairMeaning, repairOf } from "./encode.js";
import { makeDatagrams } from "./generate-datagrams.js";
import { makeEnvelopes, makeEnvelopeSequences, SECRET } from "./generate-envelopes.js";
import { MALFORMED } from "./malformed.js";
import { makeMalformedRecords, makeRecords } from "./generate-records.js";
import { makeSessions } from "./generate-sessions.js";
import {
  fromHex,
  toHex,
  toText,
  type CoefficientVector,
  type ExpansionVector,
  type RepairVector,
  type Vectors,
} from "./vector-file.js";

export const VECTORS_FILE = fileURLToPath(new URL("./vectors.json", import.meta.url));

export function makeVectors(): Vectors {
  return {
    about: "Test vectors of docs/WIRE-FORMAT.md, written by test/vectors/generate.ts. Not to be edited.",
    datagrams: makeDatagrams(),
    malformed: MALFORMED,
    expansions: makeExpansions(),
    coefficients: makeCoefficients(),
    repairs: makeRepairs(),
    records: makeRecords(),
    malformedRecords: makeMalformedRecords(),
    sessions: makeSessions(),
    secret: toHex(SECRET),
    envelopes: makeEnvelopes(),
    envelopeSequences: makeEnvelopeSequences(),
  };
}

function makeExpansions(): ExpansionVector[] {
  const cases: [number, number][] = [
    [0, 0],
    [5, 0],
    [0xffff, 0],
    [0x7fff, 0],
    [0x8001, 0],
    [0, 0xffff],
    [0xffff, 0x10000],
    [0, 0x1ffff],
    [0x7ffe, 0xffff],
    [0x8000, 0xffff],
    [2, 0xffff_ffff],
    [0xfff0, 0xffff_ffff],
    [0x1234, 0x8000_0000],
  ];
  const cases24: [number, number][] = [
    [0, 0],
    [0xff_ffff, 0],
    [0x7f_ffff, 0],
    [0x80_0001, 0],
    [0x80_0000, 0],
    [0xffff, 0x10000],
    [0, 0xff_ffff],
    [2, 0xffff_ffff],
    [0xff_fff0, 3],
    [0x12_3456, 0x8000_0000],
  ];
  return [
    ...cases.map(([low, near]) => ({ bits: 16 as const, low, near, seq: seqExpand(low, near) })),
    ...cases24.map(([low, near]) => ({ bits: 24 as const, low, near, seq: seqExpand24(low, near) })),
  ];
}

function makeCoefficients(): CoefficientVector[] {
  const rows = [0, 1, 2, 64, 127],
    seqs = [0, 1, 2, 126, 127, 128, 0xffff, 0x12345, 0xffff_ffff];
  return rows.flatMap((row) => seqs.map((seq) => ({ row, seq, c: coefficient(row, seq) })));
}

function makeRepairs(): RepairVector[] {
  const symbol = (payload: string, first = true, last = true): Uint8Array => {
    const bytes = fromHex(payload);
    return makeSymbol(bytes, 0, bytes.length, first, last);
  };
  const make = (name: string, symbols: [number, Uint8Array][], rows: number[]): RepairVector => ({
    name,
    section: "2.2",
    symbols: symbols.map(([seq, bytes]) => [seq, toHex(bytes)]),
    repairs: rows.map((row) => {
      const repair = repairOf(symbols, row);
      return { row, bytes: toHex(repair.bytes), datagram: encode(row, 0, [repairMeaning(0, repair)]) };
    }),
  });
  return [
    make("one symbol: XOR is a copy, a Cauchy row a multiple", [[0, symbol("010203")]], [0, 1, 127]),
    make(
      "two symbols, the shorter one padded",
      [
        [10, symbol("ffeedd")],
        [11, symbol("01")],
      ],
      [0, 1, 2, 127],
    ),
    make(
      "an empty symbol counts by its header",
      [
        [126, symbol("")],
        [127, symbol("8080", true, false)],
        [128, symbol("")],
      ],
      [0, 1, 2, 3],
    ),
    make(
      "three fragments, their sequence wraps",
      [
        [0xffff_fffe, symbol("1011", true, false)],
        [0xffff_ffff, symbol("1213", false, false)],
        [0, symbol("14", false, true)],
      ],
      [0, 3, 64, 127],
    ),
    make(
      "members with gaps, span 128",
      [
        [1000, symbol("aa")],
        [1063, symbol("bbbb")],
        [1127, symbol("cccccc")],
      ],
      [1, 2, 3],
    ),
  ];
}

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href)
  writeFileSync(VECTORS_FILE, toText(makeVectors()));
