/**
 * How many records one client may send that core does not count (its maxMessagesPerSecond counts messages). Sans-IO:
 * the time is an argument.
 */

import { TokenBucket } from "../host/token-bucket.js";
import { CONTROL_RECORDS, IDLE_RECORDS } from "./limits.js";

export class RecordRates {
  readonly #controls: TokenBucket;
  readonly #idle: TokenBucket;

  constructor(nowMs: number) {
    this.#controls = new TokenBucket(CONTROL_RECORDS, nowMs);
    this.#idle = new TokenBucket(IDLE_RECORDS, nowMs);
  }

  /** Whether one more CONTROL record may be taken. */
  takesControl(nowMs: number): boolean {
    return this.#controls.spend(nowMs);
  }

  /** Whether one more may be taken that delivered no message. */
  takesIdle(nowMs: number): boolean {
    return this.#idle.spend(nowMs);
  }
}
