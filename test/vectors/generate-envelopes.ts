/** Vectors of the UDP envelope (docs/WIRE-FORMAT.md section 5): keys, nonces, sealed datagrams, and what a receiver drops. */
import { UdpSealer } from "../../plugin/channels/udp/udp-envelope.js";
import { epochOf, UdpKeys, writeNonce, type UdpDirection } from "../../plugin/channels/udp/udp-keys.js";
import { fromHex, toHex, type EnvelopeSequence, type EnvelopeVector } from "./vector-file.js";

export const SECRET = Uint8Array.from({ length: 32 }, (_, i) => i);

const CONNECTION_ID = 0x04030201;
const EPOCH = 2 ** 22;
const DATAGRAM = "0100000000 40";

export function makeEnvelopes(): EnvelopeVector[] {
  const make = (name: string, direction: UdpDirection, counter: number, datagram = DATAGRAM): EnvelopeVector => {
    const { key, iv } = new UdpKeys(SECRET, direction).get(epochOf(counter));
    const nonce = Buffer.alloc(12);
    writeNonce(nonce, iv, counter);
    return {
      name,
      section: "5",
      direction,
      connectionId: CONNECTION_ID,
      counter,
      key: toHex(key.export()),
      iv: toHex(iv),
      nonce: toHex(nonce),
      datagram,
      packet: grouped(seal(direction, counter, datagram)),
    };
  };
  return [
    make("first datagram, server to client", "s2c", 0),
    make("first datagram, client to server", "c2s", 0),
    make("second datagram", "s2c", 1),
    make("a probe", "c2s", 2, ""),
    make("last of the first epoch", "s2c", EPOCH - 1),
    make("first of the second epoch: other key and iv", "s2c", EPOCH),
    make("counter of 33 bits: the low 32 are sent", "c2s", 2 ** 32 + 5),
    make("counter of 48 bits", "s2c", 2 ** 47 + 0x01020304),
    make("largest datagram", "s2c", 3, "(77)x1176"),
  ];
}

export function makeEnvelopeSequences(): EnvelopeSequence[] {
  type Packet = EnvelopeSequence["packets"][number];
  const make = (name: string, start: number, packets: Packet[], direction: UdpDirection = "s2c"): EnvelopeSequence => ({
    name,
    section: "5",
    direction,
    start,
    packets,
  });
  const open = (counter: number, newest = true): Packet => ({
    hex: grouped(seal("s2c", counter, DATAGRAM)),
    fate: "open",
    newest,
  });
  const drop = (counter: number): Packet => ({ hex: grouped(seal("s2c", counter, DATAGRAM)), fate: "drop" });
  const raw = (hex: string): Packet => ({ hex, fate: "drop" });
  const good = seal("s2c", 1, DATAGRAM);
  const flipped = (at: number): Packet => raw(grouped(good.map((byte, i) => (i === at ? byte ^ 1 : byte))));
  return [
    make("in order, then a late one, then the same again", 0, [open(0), open(2), open(1, false), drop(1), drop(2)]),
    make("1023 behind is taken, 1024 behind is not", 0, [open(2000), open(977, false), drop(976)]),
    make("over the epoch change and back", EPOCH - 1, [
      open(EPOCH - 1),
      open(EPOCH + 1),
      open(EPOCH, false),
      open(EPOCH + 2),
    ]),
    make("the low 32 bits wrap", 2 ** 32 - 2, [open(2 ** 32 - 1), open(2 ** 32), open(2 ** 32 - 2, false)]),
    make("65536 ahead is taken, 65537 ahead is not, nor the next epoch from there", 0, [
      drop(65536),
      open(65535),
      drop(131072),
      open(131071),
      drop(131071 + EPOCH),
    ]),
    make("over the epoch change by a gap, then one from before it", EPOCH - 40_000, [
      open(EPOCH - 40_000),
      open(EPOCH + 500),
      open(EPOCH - 523, false),
      drop(EPOCH - 524),
    ]),
    make("a counter that would be negative", 0, [drop(2 ** 32 - 1), open(0)]),
    make("flipped bits in counter, ciphertext and tag; then the original", 0, [
      flipped(4),
      flipped(8),
      flipped(good.length - 1),
      open(1),
    ]),
    make("23 bytes, and 1201 bytes", 0, [raw(toHex(good.subarray(0, 23))), raw(toHex(new Uint8Array(1201)))]),
    make("a reflected datagram is not authentic", 0, [drop(0)], "c2s"),
  ];
}

function seal(direction: UdpDirection, counter: number, datagram: string): Uint8Array {
  return Uint8Array.from(new UdpSealer(SECRET, direction, CONNECTION_ID, counter).seal(fromHex(datagram)));
}

/** Connection id, counter, ciphertext and tag apart. */
function grouped(packet: Uint8Array): string {
  return [packet.subarray(0, 4), packet.subarray(4, 8), packet.subarray(8, -16), packet.subarray(-16)]
    .map(toHex)
    .filter(Boolean)
    .join(" ");
}
