/**
 * The options of an impairment: what a path does to the datagrams of one direction.
 * Parsed once into a frozen object with every default; what they do is in impairment.ts.
 */

import {
  DURATION_MS_MAX,
  OVERHEAD_BYTES_DEFAULT,
  OVERHEAD_BYTES_MAX,
  QUEUE_BYTES_DEFAULT,
  QUEUE_BYTES_MAX,
  RATE_KBPS_MIN,
  SEED_DEFAULT,
  SEED_MAX,
} from "./limits.js";
import { resolveLoss, type LossOptions, type ResolvedLoss } from "./loss-options.js";
import { requireBoolean, requireInteger, requireNumber, requireOneOf, requireRecord } from "./options-error.js";

/**
 * - `uniform`: every value of 0..jitterMs is as likely.
 * - `normal`: mean jitterMs / 2, standard deviation jitterMs / 6, cut to 0..jitterMs.
 */
export type JitterDistribution = "uniform" | "normal";

/** What a path does to the datagrams of one direction. Every option left out does nothing to them. */
export interface ImpairmentOptions {
  /** Loss: a ratio 0..1 for uniform loss, or a loss model. Default 0. */
  loss?: number | LossOptions;
  /** Delay of every datagram, one way, ms, 0..600,000. Default 0. */
  delayMs?: number;
  /** Largest random delay on top of delayMs, ms, 0..600,000. Default 0. */
  jitterMs?: number;
  /** How the random delay spreads over 0..jitterMs. Default "uniform". */
  jitterDistribution?: JitterDistribution;
  /**
   * Whether jitter lets datagrams overtake each other. Default false: a late one holds back those after it, as a queue
   * does.
   */
  reorder?: boolean;
  /**
   * Share of datagrams that reorderDelayMs holds back, so that later ones overtake, whatever `reorder` says, 0..1.
   * Default 0.
   */
  reorderRatio?: number;
  /** How long such a datagram is held back on top of its delay, ms, 0..600,000. Default 10. */
  reorderDelayMs?: number;
  /** Share of datagrams that arrive twice, 0..1. Default 0. */
  duplicate?: number;
  /** Share of datagrams that arrive with 1 to 3 bits flipped, 0..1. Default 0. */
  corrupt?: number;
  /** Rate of the bottleneck, kbit/s (1000 bits), 1 or more. Default Infinity: none. */
  rateKbps?: number;
  /**
   * Bytes that wait at the bottleneck before the next datagram is dropped (drop-tail), 0..67,108,864. Default 65,000.
   */
  queueBytes?: number;
  /** Bytes that the rate counts on top of each datagram, 0..1000. Default 28: IPv4 and UDP headers. */
  overheadBytes?: number;
  /** Seed of every random choice, an integer in 0..2^32 - 1. Default 1. */
  seed?: number;
}

/** Impairment options, checked, every default filled in, frozen. */
export type ResolvedImpairment = Readonly<Required<Omit<ImpairmentOptions, "loss">>> & { readonly loss: ResolvedLoss };

/** The name of every option. */
export const IMPAIRMENT_OPTION_NAMES = Object.freeze([
  "loss",
  "delayMs",
  "jitterMs",
  "jitterDistribution",
  "reorder",
  "reorderRatio",
  "reorderDelayMs",
  "duplicate",
  "corrupt",
  "rateKbps",
  "queueBytes",
  "overheadBytes",
  "seed",
] as const satisfies readonly (keyof ImpairmentOptions)[]);

/**
 * Checks options and fills in their defaults; the result is frozen and shares nothing with the argument.
 * @throws TypeError for a wrong type or an unknown name, RangeError for a value out of range.
 */
export function resolveImpairment(options: ImpairmentOptions): ResolvedImpairment {
  const given = requireRecord("impairment", options, IMPAIRMENT_OPTION_NAMES);
  const ratio = (name: string) => requireNumber(name, given[name] ?? 0, 0, 1);
  const durationMs = (name: string, fallback = 0) => requireNumber(name, given[name] ?? fallback, 0, DURATION_MS_MAX);
  const integer = (name: string, fallback: number, max: number) =>
    requireInteger(name, given[name] ?? fallback, 0, max);
  return Object.freeze({
    loss: resolveLoss(given.loss ?? 0),
    delayMs: durationMs("delayMs"),
    jitterMs: durationMs("jitterMs"),
    jitterDistribution: requireOneOf("jitterDistribution", given.jitterDistribution ?? "uniform", [
      "uniform",
      "normal",
    ]),
    reorder: requireBoolean("reorder", given.reorder ?? false),
    reorderRatio: ratio("reorderRatio"),
    reorderDelayMs: durationMs("reorderDelayMs", 10),
    duplicate: ratio("duplicate"),
    corrupt: ratio("corrupt"),
    rateKbps: requireNumber("rateKbps", given.rateKbps ?? Infinity, RATE_KBPS_MIN, Infinity),
    queueBytes: integer("queueBytes", QUEUE_BYTES_DEFAULT, QUEUE_BYTES_MAX),
    overheadBytes: integer("overheadBytes", OVERHEAD_BYTES_DEFAULT, OVERHEAD_BYTES_MAX),
    seed: integer("seed", SEED_DEFAULT, SEED_MAX),
  });
}
