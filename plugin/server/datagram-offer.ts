/**
 * The datagram channel of one server session: offered to the client over its WebSocket, attached to its link, and
 * offered anew (fresh id and secret) when the client says that it closed the last one, less and less often while none opens.
 * docs/WIRE-FORMAT.md section 4.
 */

import { logger } from "@colyseus/core";
import { debugFec } from "./debug.js";
import type { FecRef } from "./fec-ref.js";
import { OFFER_INTERVAL_MS, OFFER_INTERVAL_MS_MAX } from "./limits.js";
import type { UdpListener } from "./udp-listener.js";

export class DatagramOffer {
  readonly #ref: FecRef;
  readonly #udp: UdpListener;
  #offeredMs = -Infinity;
  /** Offers in a row whose channels never opened. */
  #unopenedCount = 0;
  /** The last offer's channel: not there yet, waiting for the client, or opened at some time. */
  #offered: "none" | "waiting" | "opened" = "none";

  constructor(ref: FecRef, udp: UdpListener) {
    this.#ref = ref;
    this.#udp = udp;
  }

  /** Makes the first offer; later ones follow when the client asks. */
  start(): void {
    this.#ref.onchannelopen = () => {
      this.#offered = "opened";
      this.#unopenedCount = 0;
      this.#udp.onOfferEnd(true);
    };
    this.#ref.onpeerclose = () => {
      this.#ref.driver.detach();
      if (this.#offered === "waiting") this.#onUnopened();
      this.#offered = "none";
      this.#offer();
    };
    this.#offer();
  }

  #onUnopened(): void {
    this.#unopenedCount++;
    this.#udp.onOfferEnd(false);
  }

  #intervalMs(): number {
    return Math.min(OFFER_INTERVAL_MS * 2 ** Math.max(0, this.#unopenedCount - 1), OFFER_INTERVAL_MS_MAX);
  }

  #offer(): void {
    const { endpoint, announced } = this.#udp;
    const nowMs = performance.now();
    const tooSoon = nowMs - this.#offeredMs < this.#intervalMs();
    if (endpoint === undefined || announced === undefined || this.#ref.readyState !== 1 || tooSoon) return;
    this.#offeredMs = nowMs;
    try {
      const { channel, connectionId, secret } = endpoint.createChannel();
      this.#offered = "waiting";
      this.#ref.driver.attach(this.#ref.impairment.wrap(channel));
      this.#ref.sendControl({ kind: "udp", ...announced, connectionId, secret });
      debugFec("udp offered: id %s, port %d", connectionId.toString(16), announced.port);
    } catch (error) {
      // The endpoint is full or closing: this session stays on its WebSocket.
      logger.warn(`colyseus-fec: no UDP channel (${(error as Error).message})`);
    }
  }
}
