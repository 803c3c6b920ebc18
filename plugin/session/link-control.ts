/** The switches of one session's link, for tests and demonstrations. */

import type { LiveImpairment } from "../channels/impaired/live-impairment.js";
import type { RepairOption } from "../core/repair-option.js";
import type { DirectionalImpairment } from "../netem/index.js";

/** Switches of one link. The first two need the option `netem` of this side, and throw without. */
export interface LinkControl {
  /** Starts or ends the loss of every datagram, both ways. */
  blackout(on: boolean): void;
  /**
   * Replaces the impairment of both directions, as seen from here. @throws TypeError or RangeError for a wrong option.
   */
  configure(impairment: DirectionalImpairment): void;
  /**
   * Changes the repair of what this side sends; at a client, after reconnections as well. @throws TypeError or
   * RangeError for a wrong option.
   */
  setRepair(repair: RepairOption): void;
}

export function makeLinkControl(impairment: LiveImpairment, setRepair: LinkControl["setRepair"]): LinkControl {
  return {
    blackout: (on) => impairment.blackout(on),
    configure: (options) => impairment.configure(options),
    setRepair,
  };
}
