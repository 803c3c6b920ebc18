/**
 * Chooses what repair is worth from what the path does: the loss to protect against, and the price of a byte, which
 * rises where repair would take too large a share of the rate. Its guard steps back when repair would hide congestion
 * (RFC 9265, RFC 8085 section 3.1). Decides values only; when and over what a repair goes out is the senders' work.
 */
import { DELAY_MS_TOLD_MAX } from "../limits.js";
import type { RepairValue } from "../repair-value.js";
import { SelfLossTest } from "./self-loss-test.js";

/** Loss that is left to retransmission. */
const LOSS_RATIO_MIN = 0.003;

/**
 * On a path that was lossy a minute ago, less loss is taken for the same: at rates near the threshold ten seconds often
 * see none.
 */
const LOSS_RATIO_MIN_KNOWN = 0.001;
const KNOWN_LOSSY_MS = 60_000;

/** Higher loss is treated as this: no repair pays any more. */
const LOSS_RATIO_MAX = 0.3;

/** Price of a byte where nothing else bounds repair, ms of one message's delay. */
const MS_PER_BYTE = 0.0012;
const MS_PER_BYTE_MAX = 1;

/** Repair starts at this price and lets it fall: what the path can carry is not known yet. */
const MS_PER_BYTE_FIRST = 8 * MS_PER_BYTE;

/**
 * A repair fails for a loss that it covers with this many times the probability of a loss: it may be lost itself, or be
 * needed for another, but is not the last. Measured best.
 */
const RELOSS_FACTOR = 0.75;

/** The price follows the share within about this time, ms. */
const PRICE_MS = 1000;

/** A patch interval above which repairs go out on their own instead of with the next patch, ms. */
const SEPARATE_INTERVAL_MS = 25;

/** Queueing delay that speaks of congestion, ms, and how long it must last. */
const QUEUE_MS = 20;
const QUEUE_PERSISTS_MS = 500;
const QUEUE_PERSISTS_AFTER_UP_MS = 200;

const HOLD_AFTER_CONGESTION_MS = 15_000;
const HOLD_MS_MAX = 240_000;
const WATCH_AFTER_UP_MS = 2_000;

/**
 * A step back begins with a time without repair: this long, ms, and again as long as a queue stands. One that stays
 * this still, ms, while no more than this is lost, is none: queues move, or overflow. (One that is longer than feedback
 * can say stands still there.)
 */
const DRAIN_MS = 3000;
const STILL_MS = 4;
const STILL_LOSS_RATIO_MAX = 0.08;
/** Where the way's own delay varies, it stands still to twice RTTVAR, at most this, ms: a queue moves by more. */
const STILL_MS_MAX = 12;

/**
 * On another path, for so long, ms: no repair, and what the peer says of a queue is taken for the way: it need not know
 * that this is another.
 */
const SETTLE_MS = 1000;

/** A second's ratio swings by half of itself by chance: it leads only where it is far above the ten seconds'. */
const RECENT_WEIGHT = 0.6;

/** A step up is blamed for loss that grows by this factor soon after it. */
const BLAME_FACTOR = 1.5;

/**
 * Wire bytes of repair and retransmissions over those of the sources, at most, unless told otherwise; more where a
 * repair costs a datagram of its own.
 */
const SHARE_MAX = 0.75;
const SEPARATE_SHARE_MAX = 1.08;

/**
 * The price's least measure, bytes per second: where retransmissions alone use up the share, repair becomes dear, and
 * not infinitely so.
 */
const REPAIR_RATE_MIN = 100;

/** Parts of that share that may be used, by how far the guard has stepped back. */
const LEVELS = [0, 0.15, 0.35, 0.7, 1] as const;

/**
 * Repair budget of one client and direction, bytes per second: 96 kbit/s; three quarters of the sources' rate where
 * that is more, up to 256 kbit/s.
 */
const BUDGET_BYTES_PER_SECOND = 12_000;
const BUDGET_BYTES_PER_SECOND_MAX = 32_000;
const BUDGET_SHARE = 0.75;

/** What the controller looks at; ms and ratios 0..1. */
export interface PathState {
  nowMs: number;
  recentLossRatio: number;
  longLossRatio: number;
  lossSignificant: boolean;
  /** Datagrams whose fate is known, and those of them that were lost, since the start. */
  outcomes: number;
  losses: number;
  srttMs: number;
  minRttMs: number;
  rttvarMs: number;
  /** Standing queue on the way to the peer, as the peer reports. */
  queueDelayMs: number;
  /** Usual number of datagrams lost in a row, and how often some were since the start. */
  meanRun: number;
  runs: number;
  /** Usual time between two patches. */
  patchIntervalMs: number;
  /** Wire bytes of source datagrams, of repairs and of retransmissions, sent in the last elapsedMs. */
  elapsedMs: number;
  sourceBytes: number;
  repairBytes: number;
  resentBytes: number;
}

export interface RedundancyDecision {
  /** Undefined: no repair. */
  value: RepairValue | undefined;
  /** True: repairs go out on their own a few milliseconds later, instead of with the next patch. */
  separate: boolean;
  /** Bytes of repair symbols a second, at most. */
  bytesPerSecondMax: number;
}

/** A time without repair: when it began, the counts then, and the least and most queueing delay since. */
interface Rest {
  sinceMs: number;
  outcomes: number;
  losses: number;
  leastMs: number;
  mostMs: number;
}

export class RedundancyController {
  /** Bound on repair and retransmissions as a share of the sources' wire bytes; undefined: the default. */
  overheadMax: number | undefined;
  #level = LEVELS.length - 1;
  #repairing = false;
  /** No repair for the moment, after a step back: since when, and what was seen since. */
  #draining: Rest | undefined;
  /** Delay that looked like a queue and was none: the route became longer, or the clocks drift. */
  #stillMs = 0;
  /** When repair was last wanted. */
  #lossyAtMs = -Infinity;
  #msPerByte = MS_PER_BYTE;
  #sourceRate = 0;
  #repairRate = 0;
  #resentRate = 0;
  #lastUpMs = -Infinity;
  #lastHalvedMs = -Infinity;
  #heldUntilMs = -Infinity;
  /** How long the next step back holds: longer each time, so that a link that is simply full is left alone. */
  #holdMs = HOLD_AFTER_CONGESTION_MS;
  #queueingSinceMs = Infinity;
  #movedMs = -Infinity;
  readonly #selfLoss = new SelfLossTest();
  #lossBeforeUp = 0;

  /** Another path begins (RFC 9000 section 9.4): a queue on the last one says nothing of it. */
  onMove(nowMs: number): void {
    this.#movedMs = nowMs;
    this.#draining = undefined;
    this.#queueingSinceMs = Infinity;
  }

  /** Looks at the path and gives the decision that holds from now on. Call it a few times a second. */
  update(path: PathState): RedundancyDecision {
    const { nowMs } = path;
    const loss = Math.min(LOSS_RATIO_MAX, Math.max(path.longLossRatio, RECENT_WEIGHT * path.recentLossRatio));
    this.#measureRates(path);
    const selfMade = this.#repairing && this.#selfLoss.update(path);
    const settling = nowMs - this.#movedMs < SETTLE_MS;
    if (!settling) this.#stillMs = Math.min(this.#stillMs, path.queueDelayMs);
    else if (path.queueDelayMs < DELAY_MS_TOLD_MAX) this.#stillMs = path.queueDelayMs;
    this.#drain(path);
    if ((this.#congested(path) || selfMade) && !this.#draining && nowMs - this.#lastHalvedMs >= WATCH_AFTER_UP_MS)
      this.#stepBack(path, selfMade ? 0 : this.#level >> 1);
    if (this.#level < LEVELS.length - 1 && nowMs >= this.#heldUntilMs) {
      // Where repair once met congestion, every step up is a try.
      this.#heldUntilMs = nowMs + HOLD_AFTER_CONGESTION_MS;
      this.#level++;
      this.#onUp(path);
    }
    const known = nowMs - this.#lossyAtMs < KNOWN_LOSSY_MS;
    const wanted =
      loss >= (known ? LOSS_RATIO_MIN_KNOWN : LOSS_RATIO_MIN) && this.#level > 0 && !this.#draining && !settling;
    if (wanted && !this.#repairing) {
      if (!known || nowMs - this.#lastHalvedMs < KNOWN_LOSSY_MS)
        this.#msPerByte = Math.max(this.#msPerByte, MS_PER_BYTE_FIRST);
      this.#onUp(path);
    }
    this.#repairing = wanted;
    if (wanted) this.#lossyAtMs = nowMs;
    const bytesPerSecondMax = Math.min(
      BUDGET_BYTES_PER_SECOND_MAX,
      Math.max(BUDGET_BYTES_PER_SECOND, BUDGET_SHARE * this.#sourceRate),
    );
    const separate = path.patchIntervalMs > SEPARATE_INTERVAL_MS;
    this.#setPrice(
      LEVELS[this.#level]! * (this.overheadMax ?? (separate ? SEPARATE_SHARE_MAX : SHARE_MAX)),
      bytesPerSecondMax,
      path.elapsedMs,
    );
    const relossRatio = Math.max(Math.min(1, RELOSS_FACTOR * loss), 1 - 1 / path.meanRun);
    return {
      value:
        wanted && !this.#selfLoss.pausing
          ? { lossRatio: Math.max(loss, LOSS_RATIO_MIN), relossRatio, msPerByte: this.#msPerByte }
          : undefined,
      separate,
      bytesPerSecondMax,
    };
  }

  #measureRates({ elapsedMs, sourceBytes, repairBytes, resentBytes }: PathState): void {
    if (!(elapsedMs < 10_000)) return;
    const weight = Math.min(1, elapsedMs / PRICE_MS);
    this.#sourceRate += ((sourceBytes / elapsedMs) * 1000 - this.#sourceRate) * weight;
    this.#repairRate += ((repairBytes / elapsedMs) * 1000 - this.#repairRate) * weight;
    this.#resentRate += ((resentBytes / elapsedMs) * 1000 - this.#resentRate) * weight;
  }

  /** Raises the price while repair takes more than its share, and lets it fall again. */
  #setPrice(shareMax: number, bytesPerSecondMax: number, elapsedMs: number): void {
    const repairRateMax = Math.min(shareMax * this.#sourceRate - this.#resentRate, bytesPerSecondMax);
    const ratio = this.#repairRate > 0 ? this.#repairRate / Math.max(repairRateMax, REPAIR_RATE_MIN) : 0;
    const step = Math.min(1, elapsedMs / PRICE_MS);
    this.#msPerByte = Math.min(
      MS_PER_BYTE_MAX,
      Math.max(MS_PER_BYTE, this.#msPerByte * Math.exp(step * Math.min(1, ratio - 1))),
    );
  }

  #onUp(path: PathState): void {
    this.#lastUpMs = path.nowMs;
    this.#lossBeforeUp = path.recentLossRatio;
    this.#selfLoss.onStart(path);
  }

  /** Ends the time without repair once the queue has gone, or has shown that it does not go. */
  #drain(path: PathState): void {
    const draining = this.#draining,
      { nowMs, queueDelayMs } = path;
    if (!draining) return;
    draining.leastMs = Math.min(draining.leastMs, queueDelayMs);
    draining.mostMs = Math.max(draining.mostMs, queueDelayMs);
    if (nowMs - this.#lastHalvedMs < DRAIN_MS) return;
    if (this.#queueingSinceMs === Infinity) {
      this.#draining = undefined;
      return;
    }
    if (nowMs - draining.sinceMs < DRAIN_MS) return;
    const variesMs = Math.max(STILL_MS, Math.min(STILL_MS_MAX, 2 * path.rttvarMs));
    const still =
      draining.mostMs < DELAY_MS_TOLD_MAX &&
      draining.mostMs - draining.leastMs <= variesMs &&
      path.losses - draining.losses <= STILL_LOSS_RATIO_MAX * (path.outcomes - draining.outcomes);
    if (still) this.#stillMs = draining.leastMs;
    this.#draining = still ? undefined : restFrom(path);
  }

  #stepBack(path: PathState, level: number): void {
    const { nowMs } = path;
    if (nowMs - this.#lastHalvedMs > HOLD_MS_MAX) this.#holdMs = HOLD_AFTER_CONGESTION_MS;
    // Without repair there is nothing to step back from, and what congests is not ours to blame.
    if (this.#repairing) {
      this.#heldUntilMs = nowMs + this.#holdMs;
      this.#holdMs = Math.min(HOLD_MS_MAX, 2 * this.#holdMs);
    } else {
      this.#heldUntilMs = Math.max(this.#heldUntilMs, nowMs + HOLD_AFTER_CONGESTION_MS);
    }
    this.#level = level;
    this.#draining = restFrom(path);
    this.#lastHalvedMs = nowMs;
  }

  #congested(path: PathState): boolean {
    if (path.queueDelayMs - this.#stillMs <= Math.max(QUEUE_MS, path.minRttMs / 4)) this.#queueingSinceMs = Infinity;
    else this.#queueingSinceMs = Math.min(this.#queueingSinceMs, path.nowMs);
    const queueingMs = path.nowMs - this.#queueingSinceMs;
    // A queue that stands while repair is sent is reason enough to stop adding to it; without repair it takes loss as
    // well.
    const persistsMs = path.nowMs - this.#lastUpMs < WATCH_AFTER_UP_MS ? QUEUE_PERSISTS_AFTER_UP_MS : QUEUE_PERSISTS_MS;
    if (queueingMs >= persistsMs && (path.lossSignificant || this.#repairing)) return true;
    const watched = path.nowMs - this.#lastUpMs < WATCH_AFTER_UP_MS && this.#lossBeforeUp > 0;
    return watched && queueingMs >= 0 && path.recentLossRatio > BLAME_FACTOR * this.#lossBeforeUp;
  }
}

function restFrom({ nowMs, outcomes, losses }: PathState): Rest {
  return { sinceMs: nowMs, outcomes, losses, leastMs: Infinity, mostMs: 0 };
}
