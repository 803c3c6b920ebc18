/**
 * What a server takes of one WebRTC client's datagrams. Nothing bounds the native library's queue to JavaScript, and to
 * drop what comes out of it costs time as well: so a client that goes on beyond its budget is to lose its connection.
 * Sans-IO.
 */

import { FLOOD_DATAGRAMS, SESSION_DATAGRAMS } from "../limits.js";
import { TokenBucket } from "../../host/token-bucket.js";

export class DatagramAllowance {
  readonly #datagrams: TokenBucket;
  readonly #dropped: TokenBucket;

  constructor(nowMs: number) {
    this.#datagrams = new TokenBucket(SESSION_DATAGRAMS, nowMs);
    this.#dropped = new TokenBucket(FLOOD_DATAGRAMS, nowMs);
  }

  /** What to do with the next datagram: take it, drop it, or drop it and end its connection. */
  verdict(nowMs: number): "take" | "drop" | "end" {
    if (this.#datagrams.spend(nowMs)) return "take";
    return this.#dropped.spend(nowMs) ? "drop" : "end";
  }
}
