/**
 * Chooses the code rate (repair symbols per source symbol) from what the path does: a ladder over the loss before repair,
 * with hysteresis, and a guard that steps back when repair would hide congestion (RFC 9265, RFC 8085 section 3.1).
 * Decides rates only; when and over what a repair goes out is the senders' work.
 */

/** Loss ratio from which each rung holds, and its code rate. */
const LADDER = [
  { lossRatio: 0, codeRate: 0 },
  { lossRatio: 0.003, codeRate: 0.25 },
  { lossRatio: 0.02, codeRate: 0.5 },
  { lossRatio: 0.07, codeRate: 1 },
] as const;

/** A patch interval above which repairs go out on their own instead of with the next patch, ms. */
const SEPARATE_INTERVAL_MS = 25;

/** Queueing delay that speaks of congestion, ms, and how long it must last. */
const QUEUE_MS = 20;
const QUEUE_PERSISTS_MS = 500;

/** Loss ratio from which separate repairs go out for every source, if the budget allows. */
const SEPARATE_FULL_LOSS_RATIO = 0.02;

/** Losses come in bursts above this mean run; a repair then reaches back this many runs. */
const BURSTY_RUN = 1.25;
const DEPTH_PER_RUN = 2;

const HOLD_BEFORE_DOWN_MS = 10_000;
const HOLD_AFTER_CONGESTION_MS = 15_000;
const HOLD_MS_MAX = 240_000;
const WATCH_AFTER_UP_MS = 2_000;

/** A second's ratio swings by half of itself by chance: it leads only where it is far above the ten seconds'. */
const RECENT_WEIGHT = 0.6;

/** A step up is blamed for loss that grows by this factor soon after it. */
const BLAME_FACTOR = 1.5;

/** Wire bytes of repair over those of the sources, at most; more where a repair costs a datagram of its own. */
const REPAIR_SHARE_MAX = 0.75;
const SEPARATE_SHARE_MAX = 1.05;

/** Repair budget of one client and direction, bytes per second: 96 kbit/s. */
export const REPAIR_BYTES_PER_SECOND_MAX = 12_000;

/** What the controller looks at; ms and ratios 0..1. */
export interface PathState {
  nowMs: number;
  recentLossRatio: number;
  longLossRatio: number;
  lossSignificant: boolean;
  srttMs: number;
  minRttMs: number;
  /** Standing queue on the way to the peer, as the peer reports. */
  queueDelayMs: number;
  /** Usual number of datagrams lost in a row. */
  meanRun: number;
  /** Usual time between two patches. */
  patchIntervalMs: number;
  /** Wire bytes of one repair over those of one source. */
  repairCostRatio: number;
  /** Source bytes sent per second. */
  sourceBytesPerSecond: number;
}

export interface RedundancyDecision {
  /** Repair symbols per source symbol, 0..1. */
  codeRate: number;
  /** Newest symbols that a repair covers at least, whatever their length. */
  depth: number;
  /** True: repairs go out on their own a few milliseconds later, instead of with the next patch. */
  separate: boolean;
  /** True: a second copy follows a retransmission. */
  repeatRetransmission: boolean;
}

export class RedundancyController {
  #rung = 0;
  #lastUpMs = -Infinity;
  #lastNeededMs = -Infinity;
  #lastHalvedMs = -Infinity;
  #heldUntilMs = -Infinity;
  /** How long the next step back holds: longer each time, so that a link that is simply full is left alone. */
  #holdMs = HOLD_AFTER_CONGESTION_MS;
  #queueingSinceMs = Infinity;
  #lossBeforeUp = 0;

  /** Looks at the path and gives the decision that holds from now on. Call it a few times a second. */
  update(path: PathState): RedundancyDecision {
    const { nowMs } = path;
    const loss = Math.max(path.longLossRatio, RECENT_WEIGHT * path.recentLossRatio);
    if (this.#congested(path) && nowMs - this.#lastHalvedMs >= WATCH_AFTER_UP_MS) this.#stepBack(path);
    const wanted = rungFor(loss);
    if (wanted > this.#rung && nowMs >= this.#heldUntilMs) {
      // The first protection, and a rise beyond chance, are worth a step at once; else one step at a time.
      const mayStep = nowMs - this.#lastUpMs >= Math.max(1000, 2 * path.srttMs);
      if (mayStep || path.lossSignificant) {
        this.#lossBeforeUp = path.recentLossRatio;
        // Where repair once met congestion, every rung is a new try.
        const cautious = this.#holdMs > HOLD_AFTER_CONGESTION_MS;
        this.#rung = path.lossSignificant && !cautious ? wanted : this.#rung + 1;
        this.#lastUpMs = nowMs;
        if (cautious) this.#heldUntilMs = nowMs + HOLD_AFTER_CONGESTION_MS;
      }
    }
    if (this.#rung > 0 && (wanted >= this.#rung || loss >= LADDER[this.#rung]!.lossRatio / 2)) this.#lastNeededMs = nowMs;
    if (this.#rung > 0 && nowMs - this.#lastNeededMs > HOLD_BEFORE_DOWN_MS) {
      this.#rung--;
      this.#lastNeededMs = nowMs;
    }
    return this.#decide(path, loss);
  }

  #stepBack({ nowMs }: PathState): void {
    if (nowMs - this.#lastHalvedMs > HOLD_MS_MAX) this.#holdMs = HOLD_AFTER_CONGESTION_MS;
    // Without repair there is nothing to step back from, and what congests is not ours to blame.
    if (this.#rung > 0) {
      this.#heldUntilMs = nowMs + this.#holdMs;
      this.#holdMs = Math.min(HOLD_MS_MAX, 2 * this.#holdMs);
    } else {
      this.#heldUntilMs = Math.max(this.#heldUntilMs, nowMs + HOLD_AFTER_CONGESTION_MS);
    }
    this.#rung = this.#rung >> 1;
    this.#lastHalvedMs = nowMs;
  }

  #decide(path: PathState, loss: number): RedundancyDecision {
    const congested = path.nowMs < this.#heldUntilMs;
    const separate = path.patchIntervalMs > SEPARATE_INTERVAL_MS;
    let codeRate: number = LADDER[this.#rung]!.codeRate;
    if (!separate) {
      // A repair that comes no sooner than a retransmission is worth nothing: the next denser rung, or none.
      for (let rung = this.#rung; rung > 0 && rung < LADDER.length; rung++) {
        codeRate = LADDER[rung]!.codeRate;
        if (path.patchIntervalMs / codeRate < path.patchIntervalMs + path.srttMs) break;
      }
    } else if (codeRate > 0 && loss >= SEPARATE_FULL_LOSS_RATIO && !congested) {
      codeRate = 1;
    }
    const bitrateShare = path.sourceBytesPerSecond > 0 ? REPAIR_BYTES_PER_SECOND_MAX / path.sourceBytesPerSecond : 1;
    const affordable = Math.min(bitrateShare, separate ? SEPARATE_SHARE_MAX : REPAIR_SHARE_MAX) / path.repairCostRatio;
    const depth = path.meanRun > BURSTY_RUN ? Math.ceil(DEPTH_PER_RUN * path.meanRun) : 1;
    return { codeRate: Math.min(codeRate, affordable), depth, separate, repeatRetransmission: loss >= 0.03 && !congested };
  }

  #congested(path: PathState): boolean {
    if (path.queueDelayMs <= Math.max(QUEUE_MS, path.minRttMs / 4)) this.#queueingSinceMs = Infinity;
    else this.#queueingSinceMs = Math.min(this.#queueingSinceMs, path.nowMs);
    const queueingMs = path.nowMs - this.#queueingSinceMs;
    // A queue that stands while repair is sent is reason enough to stop adding to it; without repair it takes loss as well.
    if (queueingMs >= QUEUE_PERSISTS_MS && (path.lossSignificant || this.#rung > 0)) return true;
    const watched = path.nowMs - this.#lastUpMs < WATCH_AFTER_UP_MS && this.#lossBeforeUp > 0;
    return watched && queueingMs >= 0 && path.recentLossRatio > BLAME_FACTOR * this.#lossBeforeUp;
  }
}

function rungFor(lossRatio: number): number {
  let rung = 0;
  while (rung + 1 < LADDER.length && lossRatio >= LADDER[rung + 1]!.lossRatio) rung++;
  return rung;
}
