import { webcrypto } from "node:crypto";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { EPOCH_DATAGRAMS, REPLAY_WINDOW_DATAGRAMS, UDP_ENVELOPE_BYTES } from "../../plugin/channels/limits.js";
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

  test("forged counters anywhere change nothing and cost at most three key derivations", () => {
    const start = 10 * EPOCH_DATAGRAMS + 77;
    const { sealer, opener } = ends(start);
    expect(opener.open(sealer.seal(TEXT)).ok).toBe(true);
    const genuine = sealer.seal(TEXT);
    for (let i = 0; i < 4096; i++) {
      const forged = Buffer.from(genuine);
      forged.writeUInt32LE((i * 0x9e3779b1 + 1) >>> 0, 4);
      expect(opener.open(forged).ok).toBe(false);
    }
    expect(opener.derivations).toBeLessThanOrEqual(3);
    expect(opener.open(genuine)).toMatchObject({ ok: true, counter: start + 1, newest: true });
  });

  test("drops an authentic datagram that is more than one epoch ahead", () => {
    const opener = new UdpOpener(SECRET, "c2s", ID);
    expect(opener.open(new UdpSealer(SECRET, "c2s", ID, 2 * EPOCH_DATAGRAMS).seal(TEXT)).ok).toBe(false);
    expect(opener.open(new UdpSealer(SECRET, "c2s", ID, 2 * EPOCH_DATAGRAMS - 1).seal(TEXT)).ok).toBe(true);
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
  test("differ by direction and epoch, and at most three are held", () => {
    const keys = new UdpKeys(SECRET, "s2c");
    const all = [0, 1, 2].map((epoch) => keys.get(epoch).key.export().toString("hex"));
    all.push(new UdpKeys(SECRET, "c2s").get(0).key.export().toString("hex"));
    expect(new Set(all).size).toBe(4);
    keys.get(3); // displaces 0
    [1, 2, 3].forEach((epoch) => keys.get(epoch));
    expect(keys.derivations).toBe(4);
    keys.get(0);
    expect(keys.derivations).toBe(5);
  });
});
