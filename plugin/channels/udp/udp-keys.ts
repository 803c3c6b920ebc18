/**
 * Keys and nonces of the UDP channel (docs/WIRE-FORMAT.md section 5): HKDF-SHA256 (RFC 5869) per direction and epoch,
 * nonces as in RFC 9001 section 5.3. Knows nothing of datagrams; which epochs may be asked for is the caller's rule.
 */

import { createSecretKey, hkdfSync, type KeyObject } from "node:crypto";
import { EPOCH_DATAGRAMS, EPOCH_KEYS_MAX } from "../limits.js";

/** Server to client, or client to server: each has keys of its own, so that a reflected datagram is not authentic. */
export type UdpDirection = "s2c" | "c2s";

/** Bytes of the session's secret. */
export const UDP_SECRET_BYTES = 32;

const KEY_BYTES = 16;
const NONCE_BYTES = 12;
const EMPTY = Buffer.alloc(0);

export interface EpochKey {
  readonly epoch: number;
  readonly key: KeyObject;
  /** 12 bytes. */
  readonly iv: Buffer;
}

/** The epoch of a 64-bit counter: counter >> 22, in numbers that are exact to 2^53. */
export function epochOf(counter: number): number {
  return Math.floor(counter / EPOCH_DATAGRAMS);
}

/**
 * Writes the nonce of a counter into `nonce` (12 bytes): the iv, the counter xored into its last 8 bytes, big-endian.
 */
export function writeNonce(nonce: Buffer, iv: Buffer, counter: number): void {
  iv.copy(nonce);
  const high = Math.floor(counter / 2 ** 32);
  nonce.writeUInt32BE((nonce.readUInt32BE(4) ^ high) >>> 0, 4);
  nonce.writeUInt32BE((nonce.readUInt32BE(8) ^ counter) >>> 0, 8);
}

/** The keys of one direction of one session; derives on demand and remembers at most two epochs. */
export class UdpKeys {
  /** Derivations so far: tests bound the work that forged datagrams can cause by it. */
  derivations = 0;

  readonly #secret: Uint8Array;
  readonly #direction: UdpDirection;
  readonly #cache: EpochKey[] = [];

  /** secret is copied. @throws RangeError unless it has 32 bytes. */
  constructor(secret: Uint8Array, direction: UdpDirection) {
    if (secret.length !== UDP_SECRET_BYTES) {
      throw new RangeError(`"secret" expected ${UDP_SECRET_BYTES} bytes, got ${secret.length}`);
    }
    this.#secret = secret.slice();
    this.#direction = direction;
  }

  /** The key of an epoch. A third one displaces the one farther from it. */
  get(epoch: number): EpochKey {
    for (const held of this.#cache) {
      if (held.epoch === epoch) return held;
    }
    const fresh = this.#derive(epoch);
    if (this.#cache.length < EPOCH_KEYS_MAX) this.#cache.push(fresh);
    else this.#cache[this.#farthestFrom(epoch)] = fresh;
    return fresh;
  }

  #derive(epoch: number): EpochKey {
    this.derivations++;
    const prefix = `colyseus-fec udp v1 ${this.#direction}`;
    const key = hkdfSync("sha256", this.#secret, EMPTY, `${prefix} key ${epoch}`, KEY_BYTES);
    const iv = hkdfSync("sha256", this.#secret, EMPTY, `${prefix} iv ${epoch}`, NONCE_BYTES);
    return { epoch, key: createSecretKey(Buffer.from(key)), iv: Buffer.from(iv) };
  }

  #farthestFrom(epoch: number): number {
    let farthest = 0;
    let distance = -1;
    this.#cache.forEach((held, index) => {
      const d = Math.abs(held.epoch - epoch);
      if (d > distance) {
        farthest = index;
        distance = d;
      }
    });
    return farthest;
  }
}
