import { webcrypto } from "node:crypto";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  COUNTER_AHEAD_MAX,
  EPOCH_DATAGRAMS,
  REPLAY_WINDOW_DATAGRAMS,
  UDP_ENVELOPE_BYTES,
} from "../../plugin/channels/limits.js";
import { ReplayWindow } from "../../plugin/channels/udp/replay-window.js";
import { UdpOpener, UdpSealer, type UdpOpened } from "../../plugin/channels/udp/udp-envelope.js";
import { UdpKeys, type UdpDirection } from "../../plugin/channels/udp/udp-keys.js";

const SECRET = Uint8Array.from({ length: 32 }, (_, i) => i);
const ID = 0xc0ffee01;
const TEXT = Buffer.from("a state patch");

function ends(startCounter = 0): { sealer: UdpSealer; opener: UdpOpener } {
  return {
    sealer: new UdpSealer(SECRET, "c2s", ID, startCounter),
    opener: new UdpOpener(SECRET, "c2s", ID, startCounter),
  };
}

function reasonOf(opened: UdpOpened): string {
  return opened.ok ? "ok" : opened.reason;
}

/** A decoder written from docs/WIRE-FORMAT.md section 5 alone, with another API: WebCrypto and BigInt. */
async function openByTheDocument(packet: Uint8Array, direction: UdpDirection, counter: bigint): Promise<Uint8Array> {
  const { subtle } = webcrypto;
  const epoch = counter >> 22n;
  const base = await subtle.importKey("raw", SECRET, "HKDF", false, ["deriveBits"]);
  const derive = (what: string, bytes: number): Promise<ArrayBuffer> => {
    const info = Buffer.from(`colyseus-fec udp v1 ${direction} ${what} ${epoch}`);
    return subtle.deriveBits({ name: "HKDF", hash: "SHA-256", salt: new Uint8Array(0), info }, base, bytes * 8);
  };
  const nonce = new Uint8Array(await derive("iv", 12));
  for (let i = 0; i < 8; i++) nonce[11 - i]! ^= Number((counter >> BigInt(8 * i)) & 0xffn);
  const key = await subtle.importKey("raw", await derive("key", 16), "AES-GCM", false, ["decrypt"]);
  const additionalData = packet.subarray(0, 8);
  const plain = await subtle.decrypt(
    { name: "AES-GCM", iv: nonce, additionalData, tagLength: 128 },
    key,
    packet.subarray(8),
  );
  return new Uint8Array(plain);
}

describe("the UDP envelope", () => {
  test("opens what was sealed, in order, with counters from 0", () => {
    const { sealer, opener } = ends();
    for (let i = 0; i < 5; i++) {
      const datagram = Buffer.alloc(i * 200, i);
      const packet = sealer.seal(datagram);
      expect(packet.length).toBe(datagram.length + UDP_ENVELOPE_BYTES);
      expect(opener.open(packet)).toEqual({ ok: true, datagram, counter: i, newest: true });
    }
  });

  test("seals and opens the same with ciphers that were prepared, across an epoch, gaps and forgeries", () => {
    const start = EPOCH_DATAGRAMS - 5;
    const plain = ends(start),
      prepared = ends(start);
    for (let i = 0; i < 10; i++) {
      for (let times = 0; times < i % 3; times++) {
        prepared.sealer.prepare();
        prepared.opener.prepare();
      }
      const packet = prepared.sealer.seal(TEXT);
      expect(packet).toEqual(plain.sealer.seal(TEXT));
      if (i % 4 === 3) continue; // lost
      const forged = Buffer.from(packet);
      forged[forged.length - 1]! ^= 1;
      expect(reasonOf(prepared.opener.open(forged))).toBe("unauthentic");
      expect(prepared.opener.open(packet)).toEqual({ ok: true, datagram: TEXT, counter: start + i, newest: true });
    }
  });

  test.each([0, 1, EPOCH_DATAGRAMS - 1, EPOCH_DATAGRAMS, 2 ** 32 - 1, 2 ** 32, 2 ** 45 + 12345])(
    "is what the wire document says, at counter %d",
    async (counter) => {
      for (const direction of ["s2c", "c2s"] as const) {
        const packet = new UdpSealer(SECRET, direction, ID, counter).seal(TEXT);
        expect(packet.readUInt32LE(0)).toBe(ID);
        expect(packet.readUInt32LE(4)).toBe(counter % 2 ** 32);
        expect(Buffer.from(await openByTheDocument(packet, direction, BigInt(counter)))).toEqual(TEXT);
      }
    },
  );

  test("rejects every single flipped bit, and stays able to open the original", () => {
    const { sealer, opener } = ends();
    const packet = sealer.seal(TEXT);
    for (let bit = 0; bit < packet.length * 8; bit++) {
      const forged = Buffer.from(packet);
      forged[bit >> 3]! ^= 1 << (bit & 7);
      expect(opener.open(forged).ok, `bit ${bit}`).toBe(false);
    }
    expect(opener.open(packet).ok).toBe(true);
  });

  test("rejects every truncation and any extension", () => {
    const { sealer, opener } = ends();
    const packet = sealer.seal(TEXT);
    for (let length = 0; length < packet.length; length++) {
      expect(opener.open(packet.subarray(0, length)).ok).toBe(false);
    }
    expect(reasonOf(opener.open(Buffer.concat([packet, Buffer.alloc(1)])))).toBe("unauthentic");
    expect(reasonOf(opener.open(Buffer.alloc(1201)))).toBe("malformed");
    expect(opener.open(packet).ok).toBe(true);
  });

  test("rejects replays, before the cipher", () => {
    const { sealer, opener } = ends();
    const packet = sealer.seal(TEXT);
    opener.open(packet);
    expect(reasonOf(opener.open(packet))).toBe("replayed");
  });

  test("rejects its own direction reflected, another key and another connection id", () => {
    const packet = new UdpSealer(SECRET, "c2s", ID).seal(TEXT);
    expect(reasonOf(new UdpOpener(SECRET, "s2c", ID).open(packet))).toBe("unauthentic");
    expect(reasonOf(new UdpOpener(SECRET.slice().fill(1), "c2s", ID).open(packet))).toBe("unauthentic");
    expect(reasonOf(new UdpOpener(SECRET, "c2s", ID + 1).open(packet))).toBe("malformed");
  });

  test("throws RangeError for a secret that has not 32 bytes", () => {
    expect(() => new UdpSealer(SECRET.subarray(1), "s2c", ID)).toThrow('"secret" expected 32 bytes, got 31');
  });

  test("opens across the wrap of the counter's low 32 bits, late datagrams too", () => {
    const { sealer, opener } = ends(2 ** 32 - 3);
    const packets = Array.from({ length: 6 }, () => sealer.seal(TEXT));
    const order = [0, 4, 1, 5, 3, 2];
    const opened = order.map((i) => opener.open(packets[i]!));
    expect(opened.map((o) => (o.ok ? o.counter - (2 ** 32 - 3) : -1))).toEqual(order);
    expect(opened.map((o) => o.ok && o.newest)).toEqual([true, true, false, true, false, false]);
  });

  test("opens across a change of epoch, late datagrams of the old epoch too", () => {
    const { sealer, opener } = ends(EPOCH_DATAGRAMS - 2);
    const packets = Array.from({ length: 4 }, () => sealer.seal(TEXT));
    for (const i of [0, 3, 1, 2]) expect(opener.open(packets[i]!).ok, `packet ${i}`).toBe(true);
    expect(opener.derivations).toBe(2);
  });

  test("opens across a change of epoch though what was sent around it is lost, or late", () => {
    const { sealer, opener } = ends(EPOCH_DATAGRAMS - 3000);
    const packets = Array.from({ length: 6000 }, () => sealer.seal(TEXT));
    const order = [0, 1, 4000, 3999, 2999, 3000, 5999, 4976, 5998];
    const opened = order.map((i) => opener.open(packets[i]!));
    expect(opened.map((o) => o.ok && o.counter - EPOCH_DATAGRAMS + 3000)).toEqual(
      // 2999 is the last of the old epoch, and 1001 behind; 4976 is 1023 behind.
      order,
    );
    expect(opener.derivations).toBe(2);
  });

  test.each([10 * EPOCH_DATAGRAMS + 77, EPOCH_DATAGRAMS - 500, EPOCH_DATAGRAMS + 500, 0])(
    "forged counters anywhere change nothing and cost at most two key derivations (from %d)",
    (start) => {
      const { sealer, opener } = ends(start);
      expect(opener.open(sealer.seal(TEXT)).ok).toBe(true);
      const genuine = sealer.seal(TEXT);
      const forge = (low32: number): void => {
        const forged = Buffer.from(genuine);
        forged.writeUInt32LE(low32 >>> 0, 4);
        forged[8]! ^= 1;
        expect(opener.open(forged).ok).toBe(false);
      };
      for (let i = 0; i < 4096; i++) {
        forge(i * 0x9e3779b1 + 1);
        forge(start + (i - 2048) * 77);
        forge(start + (i - 2048) * EPOCH_DATAGRAMS);
      }
      expect(opener.derivations).toBeLessThanOrEqual(2);
      expect(opener.open(genuine)).toMatchObject({ ok: true, counter: start + 1, newest: true });
    },
  );

  test("refuses a counter further ahead than any sender gets, before a key is derived", () => {
    const opener = new UdpOpener(SECRET, "c2s", ID);
    const at = (counter: number): string => reasonOf(opener.open(new UdpSealer(SECRET, "c2s", ID, counter).seal(TEXT)));
    for (const counter of [COUNTER_AHEAD_MAX, EPOCH_DATAGRAMS - 1, EPOCH_DATAGRAMS, 2 ** 31 - 1])
      expect(at(counter)).toBe("farAhead");
    expect(opener.derivations).toBe(0);
    expect([at(COUNTER_AHEAD_MAX - 1), at(2 * COUNTER_AHEAD_MAX), at(2 * COUNTER_AHEAD_MAX - 1)]).toEqual([
      "ok",
      "farAhead",
      "ok",
    ]);
    expect(opener.derivations).toBe(1);
  });

  test("an authenticated peer whose counters jump, to and fro, has one key derived for 64 datagrams at most", () => {
    const { opener } = ends();
    let largest = -1;
    let opened = 0;
    for (let i = 0; i < 1000; i++) {
      // Ahead as far as is taken, further, a whole epoch, and back over the change of epoch.
      const moves = [COUNTER_AHEAD_MAX, 1 - REPLAY_WINDOW_DATAGRAMS, COUNTER_AHEAD_MAX + 1, EPOCH_DATAGRAMS, -i];
      const counter = Math.max(0, largest + moves[i % moves.length]!);
      if (!opener.open(new UdpSealer(SECRET, "c2s", ID, counter).seal(TEXT)).ok) continue;
      opened++;
      largest = Math.max(largest, counter);
    }
    expect(opened).toBeGreaterThan(400);
    expect(opener.derivations).toBeLessThan(1 + opened / (EPOCH_DATAGRAMS / COUNTER_AHEAD_MAX));
    expect(largest).toBeGreaterThan(3 * EPOCH_DATAGRAMS);
    expect(opener.derivations).toBe(Math.floor(largest / EPOCH_DATAGRAMS) + 1);
  });

  test("takes what is 1023 behind the newest, and nothing older", () => {
    const { sealer, opener } = ends();
    const packets = Array.from({ length: REPLAY_WINDOW_DATAGRAMS + 1 }, () => sealer.seal(TEXT));
    expect(opener.open(packets.at(-1)!).ok).toBe(true);
    expect(reasonOf(opener.open(packets[0]!))).toBe("replayed");
    expect(opener.open(packets[1]!)).toMatchObject({ ok: true, counter: 1, newest: false });
  });
});

describe("the replay window", () => {
  test("agrees with a set of everything seen, for any order of counters", () => {
    const steps = fc.array(fc.oneof(fc.integer({ min: -1100, max: 40 }), fc.integer({ min: 1, max: 5000 })), {
      maxLength: 400,
    });
    fc.assert(
      fc.property(steps, fc.constantFrom(0, 2 ** 32 - 5, 2 ** 40), (moves, start) => {
        const window = new ReplayWindow(start);
        const seen = new Set<number>();
        let largest = start - 1;
        for (const move of moves) {
          const counter = Math.max(0, largest + move);
          const stale = seen.has(counter) || largest - counter > REPLAY_WINDOW_DATAGRAMS - 1;
          expect(window.isStale(counter)).toBe(stale);
          if (stale) continue;
          expect(window.mark(counter)).toBe(counter > largest);
          seen.add(counter);
          largest = Math.max(largest, counter);
        }
      }),
    );
  });
});

describe("the UDP keys", () => {
  test("differ by direction and epoch, and at most two are held", () => {
    const keys = new UdpKeys(SECRET, "s2c");
    const all = [0, 1, 2].map((epoch) => keys.get(epoch).key.export().toString("hex"));
    all.push(new UdpKeys(SECRET, "c2s").get(0).key.export().toString("hex"));
    expect(new Set(all).size).toBe(4);
    expect(keys.derivations).toBe(3);
    [2, 1, 2].forEach((epoch) => keys.get(epoch)); // 2 had displaced 0
    expect(keys.derivations).toBe(3);
    keys.get(0);
    expect(keys.derivations).toBe(4);
  });
});
