/**
 * `colyseus-fec/netem`: a seeded model of an impaired network, without a clock or a socket.
 * Use it in a simulation with a virtual time, or around a channel with timers of your own.
 */

export { Impairment, type ImpairmentStats } from "./impairment.js";
export { resolveImpairment } from "./impairment-options.js";
export type { ImpairmentOptions, JitterDistribution, ResolvedImpairment } from "./impairment-options.js";
export type {
  GilbertElliottCountLoss,
  GilbertElliottTimeLoss,
  LossOptions,
  ResolvedLoss,
  UniformLoss,
} from "./loss-options.js";
export { parseImpairment, type ImpairmentSpec } from "./parse-impairment.js";
export { PROFILE_NAMES, profiles, type ProfileName } from "./profiles.js";
export { resolveDirections, type DirectionalImpairment, type ImpairmentPair } from "./directional-impairment.js";
export { deriveSeed, SeededRandom } from "./seeded-random.js";
