/** The SDP template and its three fields: read from browsers' own descriptions, and closed to anything else. */

import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { encodeControl, readControl } from "../../plugin/session/control-records.js";
import {
  answerOf,
  fieldsOfOwn,
  isPeerFields,
  midOfOwn,
  offerOf,
  type PeerFields,
} from "../../plugin/channels/webrtc/sdp.js";

const HASH = "F9:35:9C:F8:97:07:20:AB:91:AD:2B:5B:00:68:55:8D:CC:D2:81:23:77:59:37:77:07:FD:71:7E:E5:DF:F1:03";

/** The lines that count, in the order in which each writes them. */
const OWN: [string, string[], Partial<PeerFields>][] = [
  [
    "Chromium",
    [
      "m=application 9 UDP/DTLS/SCTP webrtc-datachannel",
      "a=ice-ufrag:Xk9+",
      "a=ice-pwd:abcdefghijklmnopqrst+/",
      "a=ice-options:trickle",
      `a=fingerprint:sha-256 ${HASH}`,
      "a=setup:actpass",
      "a=mid:0",
    ],
    { ufrag: "Xk9+", pwd: "abcdefghijklmnopqrst+/" },
  ],
  [
    "Firefox",
    [
      `a=fingerprint:sha-256 ${HASH}`,
      "m=application 9 UDP/DTLS/SCTP webrtc-datachannel",
      "a=ice-pwd:220ab19338d362933c4c8e228bdee68a",
      "a=ice-ufrag:83f236db",
      "a=mid:0",
    ],
    { ufrag: "83f236db", pwd: "220ab19338d362933c4c8e228bdee68a" },
  ],
];

const PEER: PeerFields = {
  ufrag: "abcd",
  pwd: "0123456789abcdefghijkl",
  fingerprint: fieldsOfOwn(
    ["a=ice-ufrag:abcd", "a=ice-pwd:0123456789abcdefghijkl", `a=fingerprint:sha-256 ${HASH}`].join("\r\n"),
  )!.fingerprint,
};

describe("the fields of a description", () => {
  test.each(OWN)("are found in one of %s", (_name, lines, expected) => {
    const sdp = `${lines.join("\r\n")}\r\n`;
    expect(fieldsOfOwn(sdp)).toEqual({ ...expected, fingerprint: PEER.fingerprint });
    expect(midOfOwn(sdp)).toBe("0");
  });

  test("are not found where one is missing, or the hash is another", () => {
    const lines = OWN[0]![1];
    for (const without of ["a=ice-ufrag", "a=ice-pwd", "a=fingerprint"])
      expect(fieldsOfOwn(lines.filter((line) => !line.startsWith(without)).join("\r\n"))).toBeUndefined();
    expect(fieldsOfOwn(lines.join("\r\n").replace("sha-256", "sha-1"))).toBeUndefined();
  });

  test("come back from the template that they were put into", () => {
    expect(fieldsOfOwn(offerOf(PEER))).toEqual(PEER);
    expect(fieldsOfOwn(answerOf(PEER, "192.0.2.1", 2568))).toEqual(PEER);
    expect(answerOf(PEER, "2001:db8::1", 2568, "data")).toContain(
      "a=candidate:1 1 UDP 2130706431 2001:db8::1 2568 typ host\r\n",
    );
    expect(midOfOwn(answerOf(PEER, "192.0.2.1", 1, "data"))).toBe("data");
  });
});

describe("the template", () => {
  test("takes nothing that is not a field, whatever it is", () => {
    const lineCount = offerOf(PEER).split("\r\n").length;
    const any = fc.oneof(
      fc.string(),
      fc.string({ unit: "binary" }),
      fc.constantFrom("abcd\r\na=x", "abcd\na=x", "ab cd", "", "abcd\u0000"),
      fc.integer(),
      fc.constant(undefined),
    );
    fc.assert(
      fc.property(any, any, any, (ufrag, pwd, fingerprint) => {
        for (const fields of [
          { ...PEER, ufrag },
          { ...PEER, pwd },
          { ...PEER, fingerprint },
          { ufrag, pwd, fingerprint },
        ]) {
          if (isPeerFields(fields)) expect(offerOf(fields).split(/[\r\n]+/)).toHaveLength(lineCount);
          else expect(() => offerOf(fields as PeerFields)).toThrow(TypeError);
        }
      }),
      { numRuns: 500 },
    );
  });
});

describe("webrtc records", () => {
  test("are read as they were written, and never throw on anything else", () => {
    for (const record of [
      { kind: "webrtc-request", peer: PEER },
      { kind: "webrtc-answer", peer: PEER, host: "::1", port: 1 },
    ] as const) {
      expect(readControl(encodeControl(record))).toEqual(record);
      expect(
        encodeControl({ kind: "webrtc-request", peer: { ...PEER, ufrag: "u".repeat(32), pwd: "p".repeat(64) } }).length,
      ).toBeLessThanOrEqual(256);
    }
    fc.assert(
      fc.property(
        fc.dictionary(fc.constantFrom("ufrag", "pwd", "fingerprint", "host", "port", "x"), fc.jsonValue()),
        (members) => {
          const bytes = Buffer.concat([Buffer.of(0x1f), Buffer.from(JSON.stringify({ ...members, t: "webrtc" }))]);
          expect(["invalid", "webrtc-request", "webrtc-answer"]).toContain(readControl(bytes).kind);
        },
      ),
      { numRuns: 500 },
    );
  });

  test.each(["localhost", "1.2.3.4 typ relay", "1.2.3.4\r\na=x", "fe80::1%eth0", ""])(
    "an answer with the address %j is malformed",
    (host) => {
      expect(readControl(encodeControl({ kind: "webrtc-answer", peer: PEER, host, port: 1 })).kind).toBe("invalid");
    },
  );

  test("hello's kinds and joined's servers: unknown kinds are left out, and servers that are none are malformed", () => {
    const read = (members: object) =>
      readControl(Buffer.concat([Buffer.of(0x1f), Buffer.from(JSON.stringify(members))]));
    expect(read({ t: "hello", v: 1, fragment: 100, channels: ["quic", "webrtc", 5] })).toEqual({
      kind: "hello",
      version: 1,
      fragment: 100,
      channels: ["webrtc"],
    });
    for (const fragment of [57, 0, -1, 1.5, "58", undefined])
      expect(read({ t: "hello", v: 1, fragment }).kind).toBe("invalid");
    for (const iceServers of [
      5,
      [{}],
      [{ urls: [] }],
      [{ urls: ["http://x"] }],
      [{ urls: ["turn:x"], username: 5 }],
      Array(9).fill({ urls: ["stun:x"] }),
    ])
      expect(read({ t: "joined", iceServers }).kind).toBe("invalid");
  });
});
