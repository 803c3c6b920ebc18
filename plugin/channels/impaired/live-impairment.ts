/**
 * The impairment of one session's datagram path, changeable while it runs; it outlives the channels that come and go.
 * The model is plugin/netem, the wrapper impaired-channel.ts.
 */

import { systemClock, type Clock } from "../../host/clock.js";
import type { DatagramChannel } from "../datagram-channel.js";
import { impairChannel, type ImpairedChannel } from "./impaired-channel.js";
import { deriveSeed, resolveDirections, type DirectionalImpairment, type ImpairmentPair } from "../../netem/index.js";

/** Channels impaired so far in this process: each gets random numbers of its own. */
let channelCount = 0;

export class LiveImpairment {
  readonly #clock: Clock;
  #options: ImpairmentPair | undefined;
  #channel: ImpairedChannel | undefined;
  #blackout = false;

  /** undefined = no impairment, now or later: channels are left as they are. */
  constructor(options: ImpairmentPair | undefined, clock: Clock = systemClock) {
    this.#options = options;
    this.#clock = clock;
  }

  /** The channel, impaired if there is an impairment. */
  wrap(channel: DatagramChannel): DatagramChannel {
    if (this.#options === undefined) return channel;
    const index = channelCount++;
    const { send, receive } = this.#options;
    const seeded = (options: ImpairmentPair["send"]) => ({ ...options, seed: deriveSeed(options.seed, index) });
    this.#channel = impairChannel(channel, { send: seeded(send), receive: seeded(receive) }, this.#clock);
    this.#channel.blackout(this.#blackout);
    return this.#channel;
  }

  /** Starts or ends the loss of every datagram, both ways. @throws Error without the option netem. */
  blackout(on: boolean): void {
    this.#requireOption();
    this.#blackout = on;
    this.#channel?.blackout(on);
  }

  /**
   * Replaces the impairment of both directions. @throws TypeError or RangeError for a wrong option, Error without the
   * option netem.
   */
  configure(impairment: DirectionalImpairment): void {
    this.#requireOption();
    this.#options = resolveDirections(impairment);
    this.#channel?.configure(this.#options);
  }

  #requireOption(): void {
    if (this.#options !== undefined) return;
    throw new Error('"netem" expected as an option from the start (an empty object impairs nothing), got none');
  }
}
