/** Looks at one connection of the page: what its link did and how old its patches are, some times a second. */
import { linkStats, type RoomLinkStats } from "colyseus-fec/client";
import { wallClockMs } from "../../protocol/patch-clock.js";
import type { ArenaRoom } from "../game/view-types.js";
import { RateMeter, type LinkRates } from "./link-rates.js";
import { addedMs, type ClockDifference, PatchAge, type PatchAgeSample, quantile } from "./patch-age.js";

/** What rates are taken over, ms: long enough for rare events to be more than noise. */
const FATES_INTERVAL_MS = 1000;
const OVERHEAD_INTERVAL_MS = 2000;
const LOSS_INTERVAL_MS = 10_000;

export interface LinkSample extends PatchAgeSample {
  readonly stats: RoomLinkStats;
  /** Symbols per second by fate; undefined until there is something to compare, as the others. */
  readonly fates: LinkRates | undefined;
  readonly overhead: LinkRates | undefined;
  readonly loss: LinkRates | undefined;
  /** Of the patches of the last ten seconds, ms; NaN before the first. */
  readonly ageP99Ms: number;
  /** What loss and jitter add to the way itself, at the same percentile, ms; see addedMs. */
  readonly addedP99Ms: number;
}

export class LinkProbe {
  readonly #room: ArenaRoom;
  readonly #age: PatchAge;
  readonly #meters = {
    fates: new RateMeter(FATES_INTERVAL_MS),
    overhead: new RateMeter(OVERHEAD_INTERVAL_MS),
    loss: new RateMeter(LOSS_INTERVAL_MS),
  };
  readonly #onState = (): void => this.#age.onState(this.#room.state.patchMs, wallClockMs());

  /** clock: one for all connections to the same server. */
  constructor(room: ArenaRoom, clock: ClockDifference) {
    this.#room = room;
    this.#age = new PatchAge(clock);
    room.onStateChange(this.#onState);
  }

  sample(): LinkSample {
    const stats = linkStats(this.#room);
    const nowMs = wallClockMs();
    const { fates, overhead, loss } = this.#meters;
    const agesMs = this.#age.recentMs(nowMs);
    return {
      ...this.#age.sample(nowMs),
      ageP99Ms: quantile(agesMs, 0.99),
      addedP99Ms: addedMs(agesMs, 0.99),
      stats,
      fates: fates.measure(stats.counters, nowMs),
      overhead: overhead.measure(stats.counters, nowMs),
      loss: loss.measure(stats.counters, nowMs),
    };
  }

  dispose(): void {
    this.#room.onStateChange.remove(this.#onState);
  }
}
