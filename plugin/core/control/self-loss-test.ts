/**
 * Tells whether repair causes the loss that it repairs: on a link that drops what is above its rate without queueing it
 * (a policer, a short queue), only stopping shows it. Where the loss is high, and each time that it has grown by half,
 * repair pauses for a moment and the loss with and without it is compared (RFC 9265 section 2: repair must not hide
 * congestion). Decides nothing about rates.
 */

/**
 * Loss from which repair is suspected, as it is at least: chance may have added so many standard deviations, and would
 * be gone in a pause.
 */
const SUSPECT_LOSS_RATIO = 0.08;
const CHANCE_DEVIATIONS = 1.5;
const GROWTH = 1.5;

/** Time that longLossRatio is of, ms. */
const LONG_MS = 10_000;

/**
 * Loss that came with repair, within this time of its start, is suspected as soon as so many outcomes and runs of
 * losses show it, ms.
 */
const FRESH_MS = 3000;
const FRESH_OUTCOMES_MIN = 40;
const FRESH_RUNS_MIN = 6;

/** Other loss is suspected after this long, ms, once the loss of ten seconds is this share of the last second's. */
const REPAIR_MS_MIN = 3000;
const SETTLED_SHARE = 0.7;

/**
 * A pause: what was sent with repair is reported for a round trip yet, and sent again for another and this long, ms;
 * then outcomes count, for this long.
 */
const SETTLE_MS = 100;
const COUNT_MS_MIN = 500;
const COUNT_MS_MAX = 3000;

/**
 * The pause asks whether loss stays or falls to this share (a sequential probability ratio test: Wald 1945), until
 * either is so much likelier.
 */
const GUILTY_SHARE = 1 / 3;
const EVIDENCE_OF_GUILT = Math.log(100);
const EVIDENCE_OF_INNOCENCE = Math.log(20);

/**
 * What was found innocent is tested again after this long, ms, doubled each time up to the most; at once if the loss
 * grows by half.
 */
const TRUST_MS = 60_000;
const TRUST_AFTER_GUILT_MS = 15_000;
const TRUST_AFTER_DOUBT_MS = 10_000;
/**
 * So much loss is hardly ever chance, and its aftermath fills a pause: innocence is believed no longer than after
 * guilt.
 */
const GRAVE_LOSS_RATIO = 0.3;
const TRUST_MS_MAX = 960_000;

/** What the test looks at. */
export interface LossCounts {
  nowMs: number;
  srttMs: number;
  /** Over the last second or so, and over the last ten. */
  recentLossRatio: number;
  longLossRatio: number;
  /** Usual number of datagrams lost in a row, and how often some were since the start. */
  meanRun: number;
  runs: number;
  /** Usual time between two patches: what a pause sends. */
  patchIntervalMs: number;
  /** Datagrams whose fate is known, and those of them that were lost, since the start. */
  outcomes: number;
  losses: number;
}

type State =
  | { kind: "repairing"; sinceMs: number; fresh: boolean; outcomes: number; losses: number; runs: number }
  | { kind: "pausing"; fromMs: number; lossRatio: number; leastRatio: number; outcomes: number; losses: number };

export class SelfLossTest {
  #state: State = { kind: "repairing", sinceMs: Infinity, fresh: false, outcomes: 0, losses: 0, runs: 0 };
  /** Loss with repair that the last test found innocent. */
  #innocentLossRatio = 0;
  #innocentUntilMs = -Infinity;
  #trustMs = TRUST_MS;

  /** True while repair must pause. */
  get pausing(): boolean {
    return this.#state.kind === "pausing";
  }

  /** Repair starts now after a while without, or grows. */
  onStart({ nowMs, outcomes, losses, runs }: LossCounts): void {
    this.#state = { kind: "repairing", sinceMs: nowMs, fresh: true, outcomes, losses, runs };
  }

  /** Looks at the counts, while repair is on or pauses. True: repair causes the loss. */
  update(counts: LossCounts): boolean {
    const state = this.#state;
    if (state.kind === "pausing") return this.#judge(state, counts);
    const { lossRatio, outcomes: seen } = this.#suspicion(state, counts);
    // Runs of losses come independently.
    const leastRatio = lossRatio - CHANCE_DEVIATIONS * Math.sqrt((lossRatio * counts.meanRun) / seen);
    const { nowMs, srttMs, outcomes, losses } = counts;
    if (leastRatio < Math.max(SUSPECT_LOSS_RATIO, nowMs < this.#innocentUntilMs ? GROWTH * this.#innocentLossRatio : 0))
      return false;
    // A pause that could not convict would be for nothing.
    const outcomesMax = COUNT_MS_MAX / counts.patchIntervalMs;
    if ((outcomesMax * evidenceOfDelivery(leastRatio)) / counts.meanRun < EVIDENCE_OF_GUILT) return false;
    this.#state = { kind: "pausing", fromMs: nowMs + 2 * srttMs + SETTLE_MS, lossRatio, leastRatio, outcomes, losses };
    return false;
  }

  /** Loss that repair is suspected of, or 0, and of how many outcomes it is. */
  #suspicion(state: State & { kind: "repairing" }, counts: LossCounts): { lossRatio: number; outcomes: number } {
    const repairMs = counts.nowMs - state.sinceMs;
    if (state.fresh && repairMs < FRESH_MS) {
      const outcomes = counts.outcomes - state.outcomes;
      if (outcomes >= FRESH_OUTCOMES_MIN && counts.runs - state.runs >= FRESH_RUNS_MIN)
        return { lossRatio: (counts.losses - state.losses) / outcomes, outcomes };
    }
    // While the ten seconds still fill with a higher loss, one test would be followed by another.
    const settled = counts.longLossRatio >= SETTLED_SHARE * counts.recentLossRatio;
    return {
      lossRatio: settled && repairMs >= REPAIR_MS_MIN ? counts.longLossRatio : 0,
      outcomes: LONG_MS / counts.patchIntervalMs,
    };
  }

  #judge(state: State & { kind: "pausing" }, counts: LossCounts): boolean {
    const { nowMs, meanRun } = counts;
    if (nowMs < state.fromMs) {
      state.outcomes = counts.outcomes;
      state.losses = counts.losses;
      return false;
    }
    const { lossRatio, leastRatio } = state,
      lost = counts.losses - state.losses,
      delivered = counts.outcomes - state.outcomes - lost;
    // Logarithm of how much likelier the pause's outcomes are if loss stays than if it falls; runs of losses come
    // independently, not losses.
    const evidence = (lost * Math.log(1 / GUILTY_SHARE) - delivered * evidenceOfDelivery(leastRatio)) / meanRun;
    const countedMs = nowMs - state.fromMs;
    if (
      countedMs < COUNT_MS_MIN ||
      (evidence > -EVIDENCE_OF_GUILT && evidence < EVIDENCE_OF_INNOCENCE && countedMs < COUNT_MS_MAX)
    )
      return false;
    this.#state = { kind: "repairing", sinceMs: nowMs, fresh: false, outcomes: 0, losses: 0, runs: 0 };
    const guilty = evidence <= -EVIDENCE_OF_GUILT;
    if (!guilty) {
      this.#innocentLossRatio = lossRatio;
      const trustMs = lossRatio < GRAVE_LOSS_RATIO ? this.#trustMs : Math.min(this.#trustMs, TRUST_AFTER_GUILT_MS);
      this.#innocentUntilMs = nowMs + (evidence > 0 ? trustMs : TRUST_AFTER_DOUBT_MS);
    }
    this.#trustMs = guilty ? TRUST_AFTER_GUILT_MS : Math.min(TRUST_MS_MAX, 2 * this.#trustMs);
    return guilty;
  }
}

/** How much a delivery speaks for loss that has fallen. */
function evidenceOfDelivery(lossRatio: number): number {
  return Math.log((1 - GUILTY_SHARE * lossRatio) / (1 - lossRatio));
}
