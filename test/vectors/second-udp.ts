/**
 * Second decoder, part 3: the UDP envelope, written only from docs/WIRE-FORMAT.md section 5, on node:crypto.
 * Opens one direction of one connection. No sockets, no budget for what is not authentic.
 */
import { createDecipheriv, hkdfSync } from "node:crypto";

export type Direction = "s2c" | "c2s";
/** `newest`: the peer's address is where this one came from. */
export type Opened =
  | { kind: "datagram" | "probe"; counter: bigint; bytes: Uint8Array; newest: boolean }
  | { kind: "drop"; reason: string };

const BEHIND_MAX = 1023n;
const AHEAD_MAX = 65536n;

/** Key and iv of one epoch: 16 and 12 bytes. */
export function udpKey(secret: Uint8Array, direction: Direction, epoch: bigint): { key: Uint8Array; iv: Uint8Array } {
  const derive = (what: string, length: number) =>
    new Uint8Array(
      hkdfSync("sha256", secret, new Uint8Array(0), `colyseus-fec udp v1 ${direction} ${what} ${epoch}`, length),
    );
  return { key: derive("key", 16), iv: derive("iv", 12) };
}

/** The iv with the counter, big-endian, xored into its last 8 bytes. */
export function udpNonce(iv: Uint8Array, counter: bigint): Uint8Array {
  return iv.map((byte, i) => (i < 4 ? byte : byte ^ Number((counter >> BigInt(8 * (11 - i))) & 255n)));
}

export class SecondUdpOpener {
  #largest: bigint;
  readonly #seen = new Set<bigint>();

  /** `start`: the peer's first counter; other than 0 to begin in the middle of a session. */
  constructor(
    private readonly secret: Uint8Array,
    private readonly direction: Direction,
    start = 0n,
  ) {
    this.#largest = start - 1n;
  }

  open(payload: Uint8Array): Opened {
    if (payload.length < 24 || payload.length > 1200) return { kind: "drop", reason: "size" };
    const low = BigInt(new DataView(payload.buffer, payload.byteOffset).getUint32(4, true));
    const counter = nearest(low, this.#largest + 1n);
    if (counter < 0n) return { kind: "drop", reason: "negative" };
    if (counter - this.#largest > AHEAD_MAX) return { kind: "drop", reason: "too far ahead" };
    const bytes = this.#decrypt(payload, counter);
    if (!bytes) return { kind: "drop", reason: "not authentic" };
    if (this.#seen.has(counter)) return { kind: "drop", reason: "replay" };
    if (this.#largest - counter > BEHIND_MAX) return { kind: "drop", reason: "too old" };
    this.#seen.add(counter);
    const newest = counter > this.#largest;
    if (newest) this.#largest = counter;
    return { kind: bytes.length === 0 ? "probe" : "datagram", counter, bytes, newest };
  }

  #decrypt(payload: Uint8Array, counter: bigint): Uint8Array | undefined {
    const { key, iv } = udpKey(this.secret, this.direction, counter >> 22n);
    const decipher = createDecipheriv("aes-128-gcm", key, udpNonce(iv, counter));
    decipher.setAAD(payload.slice(0, 8));
    decipher.setAuthTag(payload.slice(-16));
    try {
      return new Uint8Array(Buffer.concat([decipher.update(payload.slice(8, -16)), decipher.final()]));
    } catch {
      return undefined;
    }
  }
}

/** The counter of 64 bits that ends in the 32 bits `low` and is nearest to `near`; it may be negative. */
function nearest(low: bigint, near: bigint): bigint {
  return near + BigInt.asIntN(32, low - near);
}
