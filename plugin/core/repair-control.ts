/**
 * Between the repair option and the sender's policy: fixed schedules are set once, adaptive repair follows the
 * controller, which is shown the path ten times a second.
 */
import type { LossEstimator } from "./control/loss-estimator.js";
import { RedundancyController } from "./control/redundancy-controller.js";
import type { RttEstimator } from "./control/rtt-estimator.js";
import { parseRepair, type RepairOption } from "./repair-option.js";
import type { LinkCounters } from "./stats.js";
import type { Sender } from "./send/sender.js";

/** Time between two looks of the controller, ms. */
const INTERVAL_MS = 100;

export class RepairControl {
  readonly #controller = new RedundancyController();
  #adaptive = true;
  /** When the controller looked last, ms, and what had been sent by then, bytes. */
  #lookedMs = -Infinity;
  #sourceBytes = 0;
  #repairBytes = 0;
  #resentBytes = 0;

  constructor(
    private readonly sender: Sender,
    private readonly loss: LossEstimator,
    private readonly rtt: RttEstimator,
    private readonly counters: LinkCounters,
  ) {}

  /** Changes how lost symbols are repaired from now on. @throws as `parseRepair`. */
  set(option: RepairOption): void {
    const repair = parseRepair(option);
    this.#adaptive = repair === "adaptive" || (repair !== "off" && repair.schedule === "adaptive");
    this.#lookedMs = -Infinity;
    this.#controller.overheadMax = undefined;
    if (repair === "adaptive") return;
    if (repair === "off") this.sender.setPolicy({ kind: "off" });
    else if (repair.schedule === "adaptive") this.#controller.overheadMax = repair.overheadMax;
    else if (repair.schedule === "generation")
      this.sender.setPolicy({ kind: "generation", groupSize: repair.groupSize });
    else
      this.sender.setPolicy({
        kind: "sliding",
        codeRate: repair.codeRate,
        depth: repair.depth ?? 1,
        separate: repair.separate ?? false,
      });
  }

  /** Datagrams take another way. */
  onMove(nowMs: number): void {
    this.#controller.onMove(nowMs);
  }

  /** Feedback came. @param queueDelayMs standing queue on the way to the peer, as it says. */
  onFeedback(queueDelayMs: number, nowMs: number): void {
    if (!this.#adaptive || nowMs - this.#lookedMs < INTERVAL_MS) return;
    const { sender, loss, rtt } = this;
    const elapsedMs = nowMs - this.#lookedMs;
    const sourceBytes = this.counters.sourceBytesSent - this.#sourceBytes,
      repairBytes = sender.repairBytesSent - this.#repairBytes,
      resentBytes = sender.resentBytesSent - this.#resentBytes;
    this.#lookedMs = nowMs;
    this.#sourceBytes += sourceBytes;
    this.#repairBytes += repairBytes;
    this.#resentBytes += resentBytes;
    const { value, separate, bytesPerSecondMax } = this.#controller.update({
      nowMs,
      recentLossRatio: loss.recentRatio(nowMs),
      longLossRatio: loss.longRatio(nowMs),
      lossSignificant: loss.significant(nowMs),
      outcomes: loss.outcomes,
      losses: loss.losses,
      meanRun: loss.meanRun,
      runs: loss.runs,
      srttMs: rtt.srttMs,
      minRttMs: rtt.minMs,
      rttvarMs: rtt.rttvarMs,
      queueDelayMs,
      patchIntervalMs: sender.interval.ms,
      elapsedMs,
      sourceBytes,
      repairBytes,
      resentBytes,
    });
    sender.setPolicy(value ? { kind: "valued", value, separate, bytesPerSecondMax } : { kind: "off" });
  }
}
