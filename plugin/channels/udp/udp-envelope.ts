/**
 * The envelope of the UDP channel (docs/WIRE-FORMAT.md section 5): seals datagrams into packets and opens packets.
 * No sockets and no addresses. "Packet" is here, and only here, what UDP carries: a sealed datagram.
 * The order of the opener's checks matters: what is cheap comes before the cipher, and nothing changes before the tag
 * is right.
 */

import { createCipheriv, createDecipheriv, type CipherGCM, type DecipherGCM } from "node:crypto";
import {
  COUNTER_AHEAD_MAX,
  UDP_ENVELOPE_BYTES,
  UDP_HEADER_BYTES,
  UDP_PAYLOAD_BYTES_MAX,
  UDP_TAG_BYTES,
} from "../limits.js";
import { ReplayWindow } from "./replay-window.js";
import { epochOf, UdpKeys, writeNonce, type UdpDirection } from "./udp-keys.js";

const CIPHER = "aes-128-gcm";
const CIPHER_OPTIONS = { authTagLength: UDP_TAG_BYTES } as const;

/**
 * Why a packet was dropped: not of this shape or session; seen before or too old, or further ahead than a sender gets
 * (neither authenticated); not authentic.
 */
export type UdpRejection = "malformed" | "replayed" | "farAhead" | "unauthentic";

export type UdpOpened =
  | {
      readonly ok: true;
      /** The plaintext, owned by the caller; udp-path.ts tells what it is. */
      readonly datagram: Buffer;
      readonly counter: number;
      /** True if the counter is the largest authentic one so far: the peer may be where this packet came from. */
      readonly newest: boolean;
    }
  | { readonly ok: false; readonly reason: UdpRejection };

const MALFORMED: UdpOpened = { ok: false, reason: "malformed" };
const REPLAYED: UdpOpened = { ok: false, reason: "replayed" };
const FAR_AHEAD: UdpOpened = { ok: false, reason: "farAhead" };
const UNAUTHENTIC: UdpOpened = { ok: false, reason: "unauthentic" };

/** The connection id of a packet, or undefined if the packet cannot be one of ours by its size. */
export function readConnectionId(packet: Buffer): number | undefined {
  if (packet.length < UDP_ENVELOPE_BYTES || packet.length > UDP_PAYLOAD_BYTES_MAX) return undefined;
  return packet.readUInt32LE(0);
}

/** Seals the datagrams of one direction. */
export class UdpSealer {
  readonly #keys: UdpKeys;
  readonly #connectionId: number;
  readonly #nonce = Buffer.alloc(12);
  readonly #header = Buffer.alloc(UDP_HEADER_BYTES);
  #counter: number;
  /** Made for the next counter. */
  #cipher: CipherGCM | undefined;

  /** startCounter: other than 0 only in tests. @throws RangeError for a secret that has not 32 bytes. */
  constructor(secret: Uint8Array, direction: UdpDirection, connectionId: number, startCounter = 0) {
    this.#keys = new UdpKeys(secret, direction);
    this.#connectionId = connectionId;
    this.#counter = startCounter;
  }

  /** Seals 0..1176 bytes (none = a probe) under the next counter. The packet is new and the caller's. */
  seal(datagram: Uint8Array): Buffer {
    const cipher = this.#cipher ?? this.#create();
    this.#cipher = undefined;
    const packet = Buffer.allocUnsafe(datagram.length + UDP_ENVELOPE_BYTES);
    writeHeader(packet, this.#connectionId, this.#counter++);
    packet.set(cipher.update(datagram), UDP_HEADER_BYTES);
    cipher.final();
    packet.set(cipher.getAuthTag(), UDP_HEADER_BYTES + datagram.length);
    return packet;
  }

  /**
   * Makes the next packet's cipher now, while nobody waits for it: in a process that was idle before, that is the
   * larger part of what sealing costs.
   */
  prepare(): void {
    this.#cipher ??= this.#create();
  }

  #create(): CipherGCM {
    const { key, iv } = this.#keys.get(epochOf(this.#counter));
    writeNonce(this.#nonce, iv, this.#counter);
    writeHeader(this.#header, this.#connectionId, this.#counter);
    return createCipheriv(CIPHER, key, this.#nonce, CIPHER_OPTIONS).setAAD(this.#header);
  }
}

/** Opens the packets of one direction: authenticates, decrypts, and drops what was seen before. */
export class UdpOpener {
  readonly #keys: UdpKeys;
  readonly #connectionId: number;
  readonly #window: ReplayWindow;
  readonly #nonce = Buffer.alloc(12);
  readonly #header = Buffer.alloc(UDP_HEADER_BYTES);
  /** Made for the counter that is expected next. */
  #prepared: { readonly counter: number; readonly decipher: DecipherGCM } | undefined;

  /** direction: the one that the peer seals in. startCounter: other than 0 only in tests. */
  constructor(secret: Uint8Array, direction: UdpDirection, connectionId: number, startCounter = 0) {
    this.#keys = new UdpKeys(secret, direction);
    this.#connectionId = connectionId;
    this.#window = new ReplayWindow(startCounter);
  }

  /** Key derivations so far (tests). */
  get derivations(): number {
    return this.#keys.derivations;
  }

  /** Opens one packet. Never throws; a packet that is not ok left no trace here. */
  open(packet: Buffer): UdpOpened {
    if (readConnectionId(packet) !== this.#connectionId) return MALFORMED;
    const counter = this.#expand(packet.readUInt32LE(4));
    if (this.#window.isStale(counter)) return REPLAYED;
    // With this, what reaches the cipher lies in two epochs at most, and these only move on: no epoch's key is derived
    // twice, and none for a forged counter that a genuine one will not need.
    if (counter > this.#window.largest + COUNTER_AHEAD_MAX) return FAR_AHEAD;
    const datagram = this.#decrypt(packet, counter);
    if (datagram === undefined) return UNAUTHENTIC;
    return { ok: true, datagram, counter, newest: this.#window.mark(counter) };
  }

  /** Makes the decipher of the packet that is expected next, as {@link UdpSealer.prepare}. */
  prepare(): void {
    const counter = this.#window.largest + 1;
    if (this.#prepared?.counter !== counter) this.#prepared = { counter, decipher: this.#create(counter) };
  }

  /** The counter nearest to the next expected one whose low 32 bits are low32; negative ones are stale. */
  #expand(low32: number): number {
    const expected = this.#window.largest + 1;
    return expected + ((low32 - expected) | 0);
  }

  #decrypt(packet: Buffer, counter: number): Buffer | undefined {
    const tagStart = packet.length - UDP_TAG_BYTES;
    const decipher = this.#take(counter);
    decipher.setAuthTag(packet.subarray(tagStart));
    const datagram = decipher.update(packet.subarray(UDP_HEADER_BYTES, tagStart));
    try {
      decipher.final();
    } catch {
      return undefined;
    }
    return datagram;
  }

  /** The prepared decipher, which is used up by a forged packet too. */
  #take(counter: number): DecipherGCM {
    const prepared = this.#prepared;
    if (prepared?.counter !== counter) return this.#create(counter);
    this.#prepared = undefined;
    return prepared.decipher;
  }

  #create(counter: number): DecipherGCM {
    const { key, iv } = this.#keys.get(epochOf(counter));
    writeNonce(this.#nonce, iv, counter);
    writeHeader(this.#header, this.#connectionId, counter);
    return createDecipheriv(CIPHER, key, this.#nonce, CIPHER_OPTIONS).setAAD(this.#header);
  }
}

/** The eight bytes that are authenticated and not encrypted: connection id, and the low half of the counter. */
function writeHeader(to: Buffer, connectionId: number, counter: number): void {
  to.writeUInt32LE(connectionId, 0);
  to.writeUInt32LE(counter >>> 0, 4);
}
