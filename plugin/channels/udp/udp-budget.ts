/**
 * Budgets of one UDP endpoint for what the network makes it do: cipher work for datagrams that prove not authentic (28
 * us each, 2 to 5 us for what is dropped before it, receiving included: bench:hostile, garbage), a session's own
 * datagrams, challenges. Sans-IO: the time is an argument.
 *
 * A session answers for what comes under its connection id, from whatever address: sources can be forged, and an id
 * that is not in use never gets here. What one session uses up, another still has; only the store that all share, for
 * those that need more than their own, can run out. Garbage is charged when it has proved to be garbage, so it never
 * counts against a session's own datagrams, nor they as garbage.
 */

import { SESSION_DATAGRAMS } from "../limits.js";
import { TokenBucket, type BucketOptions } from "../../host/token-bucket.js";

export interface UdpBudgetOptions {
  /** Garbage under one session's id from the address that its client is at. */
  readonly session: BucketOptions;
  /** The same from all other addresses: it uses up nothing of the former. */
  readonly strangers: BucketOptions;
  /** Garbage beyond these, of all sessions together. */
  readonly common: BucketOptions;
  /** Authentic datagrams of one session. */
  readonly datagrams: BucketOptions;
  /** Challenges for one session: its client needs one for each change of address, and one for each that is lost. */
  readonly challenges: BucketOptions;
}

/**
 * 4000 a second of 28 us are 11 % of a core; the shares of a session that is flooded at both places 0.2 %.
 */
export const UDP_BUDGET_DEFAULT: UdpBudgetOptions = {
  session: { perSecond: 50, burst: 200 },
  strangers: { perSecond: 20, burst: 100 },
  common: { perSecond: 4000, burst: 4000 },
  datagrams: SESSION_DATAGRAMS,
  challenges: { perSecond: 10, burst: 20 },
};

/** Garbage that a client takes, which has one session: 2000 a second of 28 us are 6 % of a core. */
export const CLIENT_GARBAGE: BucketOptions = { perSecond: 2000, burst: 2000 };

/** What one session may still cause. */
export class SessionBudget {
  readonly #common: TokenBucket;
  readonly #datagrams: TokenBucket;
  readonly #challenges: TokenBucket;
  readonly #session: TokenBucket;
  readonly #strangers: TokenBucket;

  /** common: the bucket that all sessions share. */
  constructor(options: UdpBudgetOptions, common: TokenBucket, nowMs: number) {
    this.#common = common;
    this.#datagrams = new TokenBucket(options.datagrams, nowMs);
    this.#challenges = new TokenBucket(options.challenges, nowMs);
    this.#session = new TokenBucket(options.session, nowMs);
    this.#strangers = new TokenBucket(options.strangers, nowMs);
  }

  /**
   * Why a datagram under this session's id must not be put to the cipher, or undefined if it may. atPeer: it came from
   * the client's address.
   */
  refusal(atPeer: boolean, nowMs: number): "overRate" | "overBudget" | undefined {
    if (!this.#datagrams.has(nowMs)) return "overRate";
    return this.#garbage(atPeer, nowMs).has(nowMs) ? undefined : "overBudget";
  }

  /** Charges a datagram that was authentic. */
  chargeDatagram(): void {
    this.#datagrams.take();
  }

  /** Charges one that was not. */
  chargeGarbage(atPeer: boolean, nowMs: number): void {
    this.#garbage(atPeer, nowMs).take();
  }

  /** Takes leave for one challenge. */
  takeChallenge(nowMs: number): boolean {
    return this.#challenges.spend(nowMs);
  }

  /** The bucket that pays for garbage from there: the place's own, and the common one when that is empty. */
  #garbage(atPeer: boolean, nowMs: number): TokenBucket {
    const own = atPeer ? this.#session : this.#strangers;
    return own.has(nowMs) ? own : this.#common;
  }
}
