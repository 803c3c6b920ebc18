/**
 * Path validation of the UDP channel (docs/WIRE-FORMAT.md section 5; RFC 9000 section 8.2): the frames that a channel
 * keeps to itself, and the tokens that a server sends to an address to learn whether its client is there.
 * Tokens are computed, not stored: no number of addresses costs the server memory, and none displaces another.
 */

import { createHmac, randomBytes } from "node:crypto";
import { PATH_TOKEN_BYTES, PATH_TOKEN_PERIOD_MS } from "../limits.js";

/** First byte of what belongs to the channel; the Link's datagrams start with their version, which is not 0. */
export const CHANNEL_FRAME = 0x00;

const CHALLENGE = 0x01;
const RESPONSE = 0x02;
const HEADER_BYTES = 2;
const KEY_BYTES = 16;

/** A probe is a sealed empty datagram; "unknown" is a channel's frame of a later version. */
export type PlaintextKind = "data" | "probe" | "challenge" | "response" | "unknown";

export function kindOf(plaintext: Uint8Array): PlaintextKind {
  if (plaintext.length === 0) return "probe";
  if (plaintext[0] !== CHANNEL_FRAME) return "data";
  if (plaintext.length !== HEADER_BYTES + PATH_TOKEN_BYTES) return "unknown";
  if (plaintext[1] === CHALLENGE) return "challenge";
  return plaintext[1] === RESPONSE ? "response" : "unknown";
}

/** The token of a challenge or a response: a view. */
export function tokenOf(frame: Uint8Array): Uint8Array {
  return frame.subarray(HEADER_BYTES);
}

export function encodeChallenge(token: Uint8Array): Uint8Array {
  return Uint8Array.of(CHANNEL_FRAME, CHALLENGE, ...token);
}

export function encodeResponse(token: Uint8Array): Uint8Array {
  return Uint8Array.of(CHANNEL_FRAME, RESPONSE, ...token);
}

/** The tokens of one session: a keyed hash of the address and of the time, in periods of 5 s. */
export class PathTokens {
  readonly #key = randomBytes(KEY_BYTES);

  issue(address: string, port: number, nowMs: number): Uint8Array {
    return this.#token(address, port, periodOf(nowMs));
  }

  /** Whether this token was issued to this very address, at most 10 s ago. */
  accepts(token: Uint8Array, address: string, port: number, nowMs: number): boolean {
    const period = periodOf(nowMs);
    return this.#token(address, port, period).equals(token) || this.#token(address, port, period - 1).equals(token);
  }

  #token(address: string, port: number, period: number): Buffer {
    return createHmac("sha256", this.#key)
      .update(`${address} ${port} ${period}`)
      .digest()
      .subarray(0, PATH_TOKEN_BYTES);
  }
}

function periodOf(nowMs: number): number {
  return Math.floor(nowMs / PATH_TOKEN_PERIOD_MS);
}
