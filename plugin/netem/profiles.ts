/**
 * Named networks. Each holds one direction of a path between a player and a server: a round trip passes two.
 * They are typical, not measured: use them to compare two programs, not to predict one provider.
 */

import type { ImpairmentOptions } from "./impairment-options.js";

const NAMED = {
  // Nothing: no loss, no delay, no limit.
  clean: {},

  // Wired switch, server in the same building: RTT under 1 ms, no loss.
  lan: { delayMs: 0.3, jitterMs: 0.2, rateKbps: 1_000_000, queueBytes: 500_000 },

  // Home Wi-Fi with neighbours, server in the region: RTT 20 to 40 ms, 1 % loss in fades of about 15 ms.
  wifi: {
    loss: { kind: "gilbert-elliott-time", lossRatio: 0.01, meanBurstMs: 15 },
    delayMs: 10,
    jitterMs: 10,
    rateKbps: 30_000,
    queueBytes: 250_000,
  },

  // LTE on the move: RTT 70 to 130 ms, 2 % loss in outages of about 60 ms, a deep queue.
  cellular: {
    loss: { kind: "gilbert-elliott-time", lossRatio: 0.02, meanBurstMs: 60 },
    delayMs: 35,
    jitterMs: 30,
    jitterDistribution: "normal",
    rateKbps: 8_000,
    queueBytes: 400_000,
  },

  // Full shared link in the evening: RTT 60 to 110 ms, 5 % loss, about three datagrams in a row, little rate left.
  congested: {
    loss: { kind: "gilbert-elliott-count", lossRatio: 0.05, meanBurstDatagrams: 3 },
    delayMs: 30,
    jitterMs: 25,
    rateKbps: 2_000,
    queueBytes: 64_000,
  },

  // Geostationary satellite, 36,000 km up and down each way: RTT 560 to 600 ms, 1 % loss, mostly in pairs.
  satellite: {
    loss: { kind: "gilbert-elliott-count", lossRatio: 0.01, meanBurstDatagrams: 2 },
    delayMs: 280,
    jitterMs: 20,
    rateKbps: 10_000,
    queueBytes: 500_000,
  },

  // Edge of coverage, in a train: RTT 200 to 360 ms, 15 % loss in outages of about 120 ms, reorder, copies, damage.
  terrible: {
    loss: { kind: "gilbert-elliott-time", lossRatio: 0.15, meanBurstMs: 120 },
    delayMs: 100,
    jitterMs: 80,
    jitterDistribution: "normal",
    reorder: true,
    duplicate: 0.01,
    corrupt: 0.002,
    rateKbps: 1_000,
    queueBytes: 64_000,
  },
} as const satisfies Record<string, ImpairmentOptions>;

export type ProfileName = keyof typeof NAMED;

/** The named networks, frozen: options of one direction each. `clean` does nothing. */
export const profiles: Readonly<Record<ProfileName, Readonly<ImpairmentOptions>>> = freezeAll(NAMED);

/** The names of the profiles, mildest first. */
export const PROFILE_NAMES: readonly ProfileName[] = Object.freeze(Object.keys(NAMED) as ProfileName[]);

/** Whether a word names a profile. */
export function isProfileName(word: string): word is ProfileName {
  return Object.hasOwn(NAMED, word);
}

function freezeAll<T extends Record<string, ImpairmentOptions>>(named: T): Readonly<T> {
  for (const options of Object.values(named)) {
    Object.freeze(options.loss);
    Object.freeze(options);
  }
  return Object.freeze(named);
}
