/**
 * Tells whether repair causes the loss that it repairs: on a link that drops what is above its rate without queueing it (a policer, a
 * short queue), only stopping shows it. Where the loss is high, and each time that it has grown by half, repair pauses for a moment and
 * the loss with and without it is compared (RFC 9265 section 2: repair must not hide congestion). Decides nothing about rates.
 */

/** Loss from which repair is suspected. */
const SUSPECT_LOSS_RATIO = 0.08;
const GROWTH = 1.5;

/** Repair goes on so long before it is suspected, ms. */
const REPAIR_MS_MIN = 3000;

/** The loss of ten seconds speaks for the present once it is this share of the last second's. */
const SETTLED_SHARE = 0.7;

/** A pause: what was sent with repair is reported for a round trip yet, and sent again for this long, ms; then losses are counted. */
const SETTLE_MS = 500;
const COUNT_MS_MIN = 500;
const COUNT_MS_MAX = 3000;

/** Losses that a pause must let expect before it tells anything, and after which it need not last longer; in runs of losses. */
const EXPECTED_RUNS_MIN = 12;
const EXPECTED_RUNS_ENOUGH = 20;

/** Share of the expected losses above which repair is taken for innocent; between that and guilt it is tested again. */
const INNOCENT_SHARE = 0.7;

/** What the test looks at. */
export interface LossCounts {
  nowMs: number;
  srttMs: number;
  /** Over the last second or so, and over the last ten. */
  recentLossRatio: number;
  longLossRatio: number;
  /** Usual number of datagrams lost in a row. */
  meanRun: number;
  /** Datagrams whose fate is known, and those of them that were lost, since the start. */
  outcomes: number;
  losses: number;
}

type State =
  | { kind: "repairing"; sinceMs: number }
  | { kind: "pausing"; fromMs: number; outcomes: number; losses: number };

export class SelfLossTest {
  #state: State = { kind: "repairing", sinceMs: Infinity };
  /** Loss with repair that the last test found innocent. */
  #innocentLossRatio = 0;
  #suspectedLossRatio = 0;

  /** True while repair must pause. */
  get pausing(): boolean {
    return this.#state.kind === "pausing";
  }

  /** Repair starts now, after a while without. */
  onStart(nowMs: number): void {
    this.#state = { kind: "repairing", sinceMs: nowMs };
  }

  /** Looks at the counts, while repair is on or pauses. True: repair causes the loss. */
  update(counts: LossCounts): boolean {
    const state = this.#state;
    if (state.kind === "pausing") return this.#judge(state, counts);
    const { nowMs, srttMs, longLossRatio, recentLossRatio } = counts;
    // While the ten seconds still fill with a higher loss, one test would be followed by another.
    const settled = longLossRatio >= SETTLED_SHARE * recentLossRatio;
    const suspect = settled && longLossRatio >= Math.max(SUSPECT_LOSS_RATIO, GROWTH * this.#innocentLossRatio);
    if (!suspect || nowMs - state.sinceMs < REPAIR_MS_MIN) return false;
    this.#suspectedLossRatio = longLossRatio;
    this.#state = { kind: "pausing", fromMs: nowMs + srttMs + SETTLE_MS, outcomes: counts.outcomes, losses: counts.losses };
    return false;
  }

  #judge(state: State & { kind: "pausing" }, counts: LossCounts): boolean {
    const { nowMs, meanRun } = counts;
    if (nowMs < state.fromMs) {
      state.outcomes = counts.outcomes;
      state.losses = counts.losses;
      return false;
    }
    const expected = (counts.outcomes - state.outcomes) * this.#suspectedLossRatio, lost = counts.losses - state.losses;
    const countedMs = nowMs - state.fromMs;
    if (countedMs < COUNT_MS_MIN || (countedMs < COUNT_MS_MAX && expected < EXPECTED_RUNS_ENOUGH * meanRun)) return false;
    this.onStart(nowMs);
    if (expected < EXPECTED_RUNS_MIN * meanRun) {
      this.#innocentLossRatio = this.#suspectedLossRatio;
      return false;
    }
    // At least halved, by more than chance: the losses of a pause are spread like runs that come independently.
    const guilty = lost <= expected / 2 - Math.sqrt(expected * meanRun) / 2;
    if (lost > INNOCENT_SHARE * expected) this.#innocentLossRatio = this.#suspectedLossRatio;
    return guilty;
  }
}
