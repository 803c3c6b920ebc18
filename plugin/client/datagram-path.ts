/**
 * The datagram channel of one connection, as the client keeps it: opens what the server offers, and when a channel fails,
 * asks for another after a pause, for as long as the connection lives. Silence is not a failure: the link bridges it.
 * docs/WIRE-FORMAT.md section 4.
 */

import { systemClock } from "../channels/clock.js";
import type { ReadControl, UdpOffer } from "../channels/control-records.js";
import type { LinkDriver } from "../channels/driver.js";
import type { LiveImpairment } from "../channels/live-impairment.js";
import { RETRY_DELAYS_MS, RETRY_JITTER_RATIO } from "./limits.js";
import type { ResolvedClientOptions } from "./options.js";

export interface DatagramPathContext {
  readonly driver: LinkDriver;
  readonly options: ResolvedClientOptions;
  readonly impairment: LiveImpairment;
  /** The host that the WebSocket reached. */
  readonly host: string;
  /** Tells the server that the channel is closed; it answers with a new offer. */
  sendClose(): void;
}

export class DatagramPath {
  readonly #context: DatagramPathContext;
  #failureCount = 0;
  #retryTimer: unknown;
  #stopped = false;

  constructor(context: DatagramPathContext) {
    this.#context = context;
  }

  /** Takes a CONTROL record of the server; those that are not about channels have no effect. */
  onControl(control: ReadControl): void {
    if (control.kind === "udp") this.#open(control);
    if (control.kind === "close") {
      this.#context.driver.detach();
      this.#retryLater();
    }
  }

  /** The attached channel opened. */
  onOpen(): void {
    this.#failureCount = 0;
  }

  /** The attached channel ended by itself: never opened in time, or its socket failed. */
  onClose(): void {
    this.#retryLater();
  }

  /** Ends the tries; the channel itself is the driver's to close. */
  stop(): void {
    this.#stopped = true;
    systemClock.clearTimeout(this.#retryTimer);
  }

  #open(offer: UdpOffer): void {
    const { driver, options, impairment, host } = this.#context;
    if (this.#stopped || !options.channels.includes("udp") || options.openers.udp === undefined) return;
    systemClock.clearTimeout(this.#retryTimer);
    const channel = options.openers.udp({ ...offer, host: offer.host ?? host });
    driver.attach(impairment.wrap(channel));
  }

  /** Asks for another channel after a pause, and again until an offer comes. */
  #retryLater(): void {
    if (this.#stopped) return;
    const delayMs = RETRY_DELAYS_MS[Math.min(this.#failureCount++, RETRY_DELAYS_MS.length - 1)]!;
    const variedMs = delayMs * (1 + RETRY_JITTER_RATIO * (2 * Math.random() - 1));
    systemClock.clearTimeout(this.#retryTimer);
    this.#retryTimer = systemClock.setTimeout(() => {
      this.#context.sendClose();
      this.#retryLater();
    }, variedMs);
  }
}
