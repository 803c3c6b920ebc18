/** Vectors of the reliable path: SYMBOL, UNRELIABLE, DATAGRAM and CONTROL records (docs/WIRE-FORMAT.md sections 1 and 4). */
import { encodeControl, type ControlRecord } from "../../plugin/session/control-records.js";
import { encodeDatagramRecord, encodeSymbolRecord, encodeUnreliableRecord } from "../../plugin/core/index.js";
import { fromHex, toHex, type MalformedRecordVector, type RecordVector } from "./vector-file.js";

export function makeRecords(): RecordVector[] {
  const symbol = (name: string, seq: number, first: boolean, last: boolean, payload: string): RecordVector => ({
    name,
    section: "1",
    hex: toHex(encodeSymbolRecord(seq, first, last, fromHex(payload))),
    means: { kind: "symbol", first, last, seq, payload },
  });
  const unreliable = (name: string, barrier: number, payload: string): RecordVector => ({
    name,
    section: "1",
    hex: toHex(encodeUnreliableRecord(barrier, fromHex(payload))),
    means: { kind: "unreliable", barrier, payload },
  });
  const control = (name: string, record: ControlRecord, json: object): RecordVector => ({
    name,
    section: "4",
    hex: toHex(encodeControl(record)),
    means: { kind: "control", json },
  });
  const secret = Uint8Array.from({ length: 32 }, (_, i) => i);
  const offer = { kind: "udp", port: 2568, connectionId: 0x00c0ffee, secret } as const;
  const json = { t: "udp", port: 2568, id: "00c0ffee", secret: "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=" };
  const peer = {
    ufrag: "aB+/",
    pwd: "0123456789abcdefghijKL",
    fingerprint: "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=",
  };
  return [
    symbol("SYMBOL: a whole message", 0x04030201, true, true, "aabb"),
    symbol("SYMBOL: an empty message", 0, true, true, ""),
    symbol("SYMBOL: FIRST", 0xff, true, false, "bb"),
    symbol("SYMBOL: neither FIRST nor LAST", 0xffff_ffff, false, false, "cc"),
    symbol("SYMBOL: LAST, longer than a datagram's", 1, false, true, "(dd)x1500"),
    unreliable("UNRELIABLE", 0xfedcba98, "c0ffee"),
    unreliable("UNRELIABLE: empty message", 0, ""),
    {
      name: "DATAGRAM: a PING",
      section: "1",
      hex: toHex(encodeDatagramRecord(fromHex("01 0300 1122 40"))),
      means: { kind: "datagram", payload: "010300112240" },
    },
    control("CONTROL: hello", { kind: "hello", version: 1, fragment: 4096 }, { t: "hello", v: 1, fragment: 4096 }),
    control(
      "CONTROL: hello, with kinds of channel",
      { kind: "hello", version: 1, fragment: 4096, channels: ["udp", "webrtc"] },
      { t: "hello", v: 1, fragment: 4096, channels: ["udp", "webrtc"] },
    ),
    control("CONTROL: joined", { kind: "joined" }, { t: "joined" }),
    control(
      "CONTROL: joined, with a TURN server",
      { kind: "joined", iceServers: [{ urls: ["turn:turn.example:3478"], username: "u", credential: "c" }] },
      { t: "joined", iceServers: [{ urls: ["turn:turn.example:3478"], username: "u", credential: "c" }] },
    ),
    control("CONTROL: webrtc, a request", { kind: "webrtc-request", peer }, { t: "webrtc", ...peer }),
    control(
      "CONTROL: webrtc, an answer",
      { kind: "webrtc-answer", peer, host: "192.0.2.1", port: 2568 },
      { t: "webrtc", ...peer, host: "192.0.2.1", port: 2568 },
    ),
    control("CONTROL: udp, on the host of the WebSocket", { ...offer, host: undefined }, json),
    control("CONTROL: udp, on another host", { ...offer, host: "2001:db8::1" }, { ...json, host: "2001:db8::1" }),
    control("CONTROL: close", { kind: "close" }, { t: "close" }),
    control("CONTROL: end", { kind: "end" }, { t: "end" }),
  ];
}

export function makeMalformedRecords(): MalformedRecordVector[] {
  const vector = (name: string, hex: string): MalformedRecordVector => ({ name, section: "1", hex, closeCode: 1002 });
  return [
    vector("unknown record 0x1B", "1b"),
    vector("DATAGRAM: nothing in it", "1c"),
    vector("DATAGRAM: another version", "1c 02 0000 0000 40"),
    vector("DATAGRAM: a frame cut off", "1c 01 0000 0000 10 000000 0130"),
    vector("unknown record 0x00", "00"),
    vector("SYMBOL: unknown flag, bit 2", "1e 07 00000000 aa"),
    vector("SYMBOL: unknown flag, bit 7", "1e 83 00000000 aa"),
    vector("SYMBOL: sequence cut off", "1e 03 000000"),
    vector("UNRELIABLE: barrier cut off", "1d 000000"),
    vector("SYMBOL: 256 after the next one", "1e 03 00010000 aa"),
    vector("SYMBOL: empty, of a message of several", "1e 01 00000000"),
    vector("SYMBOL: without FIRST outside a message", "1e 02 00000000 aa"),
  ];
}
