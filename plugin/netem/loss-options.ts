/**
 * The loss models and their options, checked and defaulted.
 * Gilbert-Elliott: a good and a bad state, each with its own loss (Gilbert 1960, Elliott 1963; RFC 6534 names its
 * metrics).
 */

import { DURATION_MS_MAX, MEAN_BURST_DATAGRAMS_MAX, MEAN_BURST_MS_MIN } from "./limits.js";
import { describe, requireNumber, requireOneOf, requireRecord } from "./options-error.js";

/** Every datagram is lost with the same probability, independent of the others. */
export interface UniformLoss {
  kind: "uniform";
  /** 0..1. */
  lossRatio: number;
}

/** Burst loss whose state changes with each datagram: a queue that drops some in a row, however fast they come. */
export interface GilbertElliottCountLoss {
  kind: "gilbert-elliott-count";
  /** Long-run share of lost datagrams: from lossInGood to below lossInBad. */
  lossRatio: number;
  /**
   * Mean stay in the bad state, datagrams, 1..1,000,000; the mean run of losses when lossInBad is 1 and lossInGood 0.
   */
  meanBurstDatagrams: number;
  /** Loss ratio in the bad state, 0..1. Default 1 (Gilbert's "simple" channel). */
  lossInBad?: number;
  /** Loss ratio in the good state, 0..1, below lossInBad. Default 0. */
  lossInGood?: number;
}

/** Burst loss whose state changes with time: outages of a radio link, which take what happens to be sent meanwhile. */
export interface GilbertElliottTimeLoss {
  kind: "gilbert-elliott-time";
  /** Long-run share of lost datagrams of a steady sender: from lossInGood to below lossInBad. */
  lossRatio: number;
  /** Mean outage (stay in the bad state), ms, 0.1..600,000; exponentially distributed. */
  meanBurstMs: number;
  /** Loss ratio in the bad state, 0..1. Default 1. */
  lossInBad?: number;
  /** Loss ratio in the good state, 0..1, below lossInBad. Default 0. */
  lossInGood?: number;
}

export type LossOptions = UniformLoss | GilbertElliottCountLoss | GilbertElliottTimeLoss;

/** Loss options, checked, every default filled in. */
export type ResolvedLoss =
  Readonly<UniformLoss> | Readonly<Required<GilbertElliottCountLoss>> | Readonly<Required<GilbertElliottTimeLoss>>;

const LOSS_KINDS = ["uniform", "gilbert-elliott-count", "gilbert-elliott-time"] as const;

/**
 * Checks a loss option (a ratio is uniform loss) and fills in its defaults; the result is frozen.
 * @throws TypeError for a wrong type or an unknown name, RangeError for a value out of range.
 */
export function resolveLoss(loss: unknown): ResolvedLoss {
  if (typeof loss === "number") return Object.freeze({ kind: "uniform", lossRatio: requireNumber("loss", loss, 0, 1) });
  if (typeof loss !== "object" || loss === null) {
    throw new TypeError(`"loss" expected 0..1 or a loss model, got ${describe(loss)}`);
  }
  const kind = requireOneOf("loss.kind", (loss as { kind?: unknown }).kind, LOSS_KINDS);
  if (kind === "uniform") {
    const fields = requireRecord("loss", loss, ["kind", "lossRatio"]);
    return Object.freeze({ kind, lossRatio: requireNumber("loss.lossRatio", fields.lossRatio, 0, 1) });
  }
  return kind === "gilbert-elliott-count" ? resolveCountLoss(loss) : resolveTimeLoss(loss);
}

/** Long-run share of the bad state, 0..1 (below 1), that gives the model its lossRatio. */
export function badStateRatio(loss: { lossRatio: number; lossInBad: number; lossInGood: number }): number {
  return (loss.lossRatio - loss.lossInGood) / (loss.lossInBad - loss.lossInGood);
}

function resolveCountLoss(loss: object): Required<GilbertElliottCountLoss> {
  const fields = requireRecord("loss", loss, ["kind", "lossRatio", "meanBurstDatagrams", "lossInBad", "lossInGood"]);
  const meanBurstDatagrams = requireNumber(
    "loss.meanBurstDatagrams",
    fields.meanBurstDatagrams,
    1,
    MEAN_BURST_DATAGRAMS_MAX,
  );
  const ratios = resolveRatios(fields);
  const badRatio = badStateRatio(ratios);
  // A stay in the good state is one datagram at least, which bounds how much of the time can be bad.
  const badRatioMax = meanBurstDatagrams / (meanBurstDatagrams + 1);
  if (badRatio > badRatioMax) {
    const lossRatioMax = ratios.lossInGood + badRatioMax * (ratios.lossInBad - ratios.lossInGood);
    throw new RangeError(
      `"loss.lossRatio" expected at most ${lossRatioMax} for bursts of ${meanBurstDatagrams}, got ${ratios.lossRatio}`,
    );
  }
  return Object.freeze({ kind: "gilbert-elliott-count", meanBurstDatagrams, ...ratios });
}

function resolveTimeLoss(loss: object): Required<GilbertElliottTimeLoss> {
  const fields = requireRecord("loss", loss, ["kind", "lossRatio", "meanBurstMs", "lossInBad", "lossInGood"]);
  const meanBurstMs = requireNumber("loss.meanBurstMs", fields.meanBurstMs, MEAN_BURST_MS_MIN, DURATION_MS_MAX);
  return Object.freeze({ kind: "gilbert-elliott-time", meanBurstMs, ...resolveRatios(fields) });
}

function resolveRatios(fields: Record<string, unknown>): { lossRatio: number; lossInBad: number; lossInGood: number } {
  const lossInBad = requireNumber("loss.lossInBad", fields.lossInBad ?? 1, 0, 1);
  const lossInGood = requireNumber("loss.lossInGood", fields.lossInGood ?? 0, 0, 1);
  if (lossInGood >= lossInBad) {
    throw new RangeError(`"loss.lossInGood" expected below lossInBad (${lossInBad}), got ${lossInGood}`);
  }
  const lossRatio = requireNumber("loss.lossRatio", fields.lossRatio, lossInGood, lossInBad);
  if (lossRatio === lossInBad) {
    throw new RangeError(`"loss.lossRatio" expected below lossInBad (${lossInBad}), got ${lossRatio}`);
  }
  return { lossRatio, lossInBad, lossInGood };
}
