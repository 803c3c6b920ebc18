/**
 * The vectors of docs/WIRE-FORMAT.md: what the implementation writes, read by the implementation and by the second decoder
 * to the same meaning. captures.test.ts does the same with live traffic.
 */
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { coefficient, Link, mul, readRecord, seqExpand, seqExpand24 } from "colyseus-fec/core";
import { readControl } from "../../plugin/session/control-records.js";
import { UdpOpener, UdpSealer } from "../../plugin/channels/udp/udp-envelope.js";
import { playLink, read, recover } from "./implementation.js";
import * as second from "./second-decoder.js";
import { nearest32, SecondReceiver } from "./second-receiver.js";
import { SecondUdpOpener, udpKey, udpNonce } from "./second-udp.js";
import { makeVectors, VECTORS_FILE } from "./generate.js";
import { fromHex, plain, toHex, toText, type Vectors } from "./vector-file.js";

const text = readFileSync(VECTORS_FILE, "utf8");
const vectors = JSON.parse(text) as Vectors;
const secret = fromHex(vectors.secret);

/** A table of named vectors for it.each: the title is "section name". */
function named<T extends { name: string; section: string }>(list: readonly T[]): [string, T][] {
  return list.map((v) => [`${v.section} ${v.name}`, v]);
}

describe("vectors.json", () => {
  it("is what the implementation writes (else run test/vectors/generate.ts and read the difference)", () => {
    expect(text).toBe(toText(makeVectors()));
  });

  it("names every vector once", () => {
    for (const list of Object.values(vectors)) {
      if (!Array.isArray(list)) continue;
      const names = list.flatMap((v) => ("name" in v ? [v.name] : []));
      expect(new Set(names).size).toBe(names.length);
    }
  });
});

describe("datagrams", () => {
  it.each(named(vectors.datagrams))("%s", (_, { hex, means }) => {
    expect(read(fromHex(hex))).toEqual(means);
    expect(plain(second.readDatagram(fromHex(hex)))).toEqual(means);
  });

  it.each(named(vectors.malformed))("%s: dropped whole", (_, { hex, drop }) => {
    expect(read(fromHex(hex))).toBe(drop);
    expect(() => second.readDatagram(fromHex(hex))).toThrow(second.Malformed);
  });

  it("every truncation of a written one is dropped by both, or by neither", () => {
    for (const { hex } of vectors.datagrams) {
      const bytes = fromHex(hex);
      for (let length = 0; length < Math.min(bytes.length, 200); length++) {
        const part = bytes.slice(0, length);
        expect(typeof read(part) === "string", toHex(part)).toBe(isMalformed(part));
      }
    }
  });

  it("every one with one changed byte is dropped by both, or means the same to both", () => {
    for (const { hex } of vectors.datagrams) {
      const bytes = fromHex(hex);
      for (let at = 0; at < Math.min(bytes.length, 60); at++) {
        for (const flip of [1, 2, 4, 8, 16, 32, 64, 128, 255]) {
          const changed = bytes.map((byte, i) => (i === at ? byte ^ flip : byte));
          const means = read(changed);
          expect(typeof means === "string", toHex(changed)).toBe(isMalformed(changed));
          if (typeof means !== "string") expect(means).toEqual(plain(second.readDatagram(changed)));
        }
      }
    }
  });
});

describe("sequence numbers, field and coefficients", () => {
  it("the low 16 or 24 bits give the nearest number", () => {
    for (const { bits, low, near, seq } of vectors.expansions) {
      expect(
        [(bits === 16 ? seqExpand : seqExpand24)(low, near), nearest32(low, near, bits)],
        `${low} near ${near}`,
      ).toEqual([seq, seq]);
    }
  });

  it("coefficients of rows and sequence numbers", () => {
    for (const { row, seq, c } of vectors.coefficients)
      expect([coefficient(row, seq), second.coefficient(row, seq)], `c(${row}, ${seq})`).toEqual([c, c]);
  });

  it("all products, and all coefficients of all rows, are the same to both", () => {
    for (let a = 0; a < 256; a++)
      for (let b = 0; b < 256; b++) if (mul(a, b) !== second.multiply(a, b)) throw new Error(`${a} x ${b}`);
    for (let row = 0; row < 128; row++) {
      for (let s = 0; s < 128; s++)
        if (coefficient(row, s) !== second.coefficient(row, s)) throw new Error(`c(${row}, ${s})`);
    }
  });
});

describe("repair symbols", () => {
  it.each(named(vectors.repairs))("%s: are the sum that the document says", (_, { symbols, repairs }) => {
    for (const { row, bytes } of repairs) {
      const members = symbols.map(([seq, hex]) => [seq, fromHex(hex)] as const);
      const sum = new Uint8Array(Math.max(...members.map(([, symbol]) => symbol.length)));
      for (const [seq, symbol] of members)
        symbol.forEach((byte, i) => {
          sum[i]! ^= second.multiply(second.coefficient(row, seq), byte);
        });
      expect(toHex(sum)).toBe(bytes);
    }
  });

  it.each(named(vectors.repairs))("%s: each recovers any one of its members", (_, { symbols, repairs }) => {
    for (const { datagram } of repairs) {
      for (const [missing, hex] of symbols) expect(recover(symbols, missing, datagram)).toBe(hex);
    }
  });
});

describe("records", () => {
  it.each(named(vectors.records))("%s", (_, { hex, means }) => {
    const bytes = fromHex(hex);
    expect(plain(second.readRecord(bytes))).toEqual(means);
    // A request and an answer are both "webrtc" on the wire.
    if (means.kind === "control")
      expect(readControl(bytes).kind).toMatch(new RegExp(`^${(means.json as { t: string }).t}(-|$)`));
    else expect(plain(readRecord(bytes))).toEqual(means);
  });

  it.each(named(vectors.malformedRecords))("%s: ends the session", (_, { hex, closeCode }) => {
    const link = new Link(),
      receiver = new SecondReceiver();
    link.handleReliable(fromHex(hex), 0);
    receiver.handleRecord(fromHex(hex));
    expect(link.failure?.code).toBe(closeCode);
    expect(receiver.closeCode).toBe(closeCode);
  });
});

describe("sessions", () => {
  it.each(named(vectors.sessions))("%s", (_, session) => {
    const expected = {
      ordered: session.ordered,
      unreliable: [...session.unreliable].sort(),
      closeCode: session.closeCode,
    };
    expect(playLink(session)).toEqual(expected);
    const receiver = new SecondReceiver(session.firstSeq);
    for (const { path, hex } of session.feed) {
      if (path === "datagram") receiver.handleDatagram(fromHex(hex));
      else receiver.handleRecord(fromHex(hex));
    }
    const { ordered, unreliable, closeCode, contradictions } = receiver;
    expect({ ordered: ordered.map(toHex), unreliable: unreliable.map(toHex).sort(), closeCode }).toEqual(expected);
    expect(contradictions).toBe(0);
  });
});

describe("UDP envelopes", () => {
  it.each(named(vectors.envelopes))(
    "%s",
    (_, { direction, connectionId, counter, key, iv, nonce, datagram, packet }) => {
      const keys = udpKey(secret, direction, BigInt(counter) >> 22n);
      expect(plain(keys)).toEqual({ key, iv });
      expect(toHex(udpNonce(keys.iv, BigInt(counter)))).toBe(nonce);
      const bytes = fromHex(datagram),
        opened = new SecondUdpOpener(secret, direction, BigInt(counter)).open(fromHex(packet));
      expect(opened).toEqual({
        kind: bytes.length === 0 ? "probe" : "datagram",
        counter: BigInt(counter),
        bytes,
        newest: true,
      });
      expect(Uint8Array.from(new UdpSealer(secret, direction, connectionId, counter).seal(bytes))).toEqual(
        fromHex(packet),
      );
      const own = new UdpOpener(secret, direction, connectionId, counter).open(Buffer.from(fromHex(packet)));
      expect(own).toMatchObject({ ok: true, counter, newest: true, datagram: Buffer.from(bytes) });
    },
  );

  it.each(named(vectors.envelopeSequences))("%s", (_, { direction, start, packets }) => {
    const own = new UdpOpener(secret, direction, vectors.envelopes[0]!.connectionId, start),
      other = new SecondUdpOpener(secret, direction, BigInt(start));
    for (const { hex, fate, newest } of packets) {
      const a = own.open(Buffer.from(fromHex(hex))),
        b = other.open(fromHex(hex));
      expect(a.ok ? "open" : "drop").toBe(fate);
      expect(b.kind === "drop" ? "drop" : "open").toBe(fate);
      if (a.ok && b.kind !== "drop")
        expect([a.newest, b.newest, BigInt(a.counter)]).toEqual([newest, newest, b.counter]);
    }
  });
});

function isMalformed(bytes: Uint8Array): boolean {
  try {
    second.readDatagram(bytes);
    return false;
  } catch (error) {
    if (error instanceof second.Malformed) return true;
    throw error;
  }
}
