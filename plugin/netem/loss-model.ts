/**
 * Decides which datagrams are lost, by the model in the loss options.
 * Each decision draws the same count of random numbers whatever comes out, so that a run stays comparable
 * with another one that has different ratios.
 */

import { badStateRatio, type ResolvedLoss } from "./loss-options.js";
import type { SeededRandom } from "./seeded-random.js";

/** The state of a Gilbert-Elliott channel; "unknown" is drawn from its long-run shares when first needed. */
type ChannelState = { kind: "unknown" } | { kind: "known"; isBad: boolean; atMs: number };

type BurstLoss = Exclude<ResolvedLoss, { kind: "uniform" }>;

/** One direction's loss: asks once for each datagram, in order of time. */
export class LossModel {
  private loss: ResolvedLoss;
  private state: ChannelState = { kind: "unknown" };

  constructor(
    loss: ResolvedLoss,
    private readonly random: SeededRandom,
  ) {
    this.loss = loss;
  }

  /** Changes the model; a channel of the same kind stays in the state that it is in. */
  configure(loss: ResolvedLoss): void {
    if (loss.kind !== this.loss.kind) this.state = { kind: "unknown" };
    this.loss = loss;
  }

  /** Whether the next datagram, sent at nowMs, is lost. */
  isLost(nowMs: number): boolean {
    const loss = this.loss;
    if (loss.kind === "uniform") return this.random.next() < loss.lossRatio;
    const isBad = this.random.next() < this.badProbability(loss, nowMs);
    this.state = { kind: "known", isBad, atMs: nowMs };
    return this.random.next() < (isBad ? loss.lossInBad : loss.lossInGood);
  }

  /** Probability, given the state at the datagram before, that the channel is bad for this one. */
  private badProbability(loss: BurstLoss, nowMs: number): number {
    const badRatio = badStateRatio(loss);
    if (this.state.kind === "unknown") return badRatio;
    const start = this.state.isBad ? 1 : 0;
    if (loss.kind === "gilbert-elliott-count") {
      const leaveBad = 1 / loss.meanBurstDatagrams;
      return start === 1 ? 1 - leaveBad : (leaveBad * badRatio) / (1 - badRatio);
    }
    // The two-state Markov chain in continuous time, exact at any step: it decays to its long-run share with the
    // sum of both rates. So a long silence costs one draw, not one for each outage that it held.
    const leaveBadPerMs = 1 / loss.meanBurstMs;
    const decayPerMs = leaveBadPerMs / (1 - badRatio);
    const elapsedMs = Math.max(0, nowMs - this.state.atMs);
    return badRatio + (start - badRatio) * Math.exp(-decayPerMs * elapsedMs);
  }
}
