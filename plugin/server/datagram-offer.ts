/**
 * The datagram channel of one server session: offered to the client over its WebSocket, attached to its link, and
 * offered anew (fresh id and secret) when the client says that it closed the last one.
 * docs/WIRE-FORMAT.md section 4.
 */

import { logger } from "@colyseus/core";
import { debugFec } from "./debug.js";
import type { FecRef } from "./fec-ref.js";
import { OFFER_INTERVAL_MS } from "./limits.js";
import type { UdpListener } from "./udp-listener.js";

export class DatagramOffer {
  readonly #ref: FecRef;
  readonly #udp: UdpListener;
  #offeredMs = -Infinity;

  constructor(ref: FecRef, udp: UdpListener) {
    this.#ref = ref;
    this.#udp = udp;
  }

  /** Makes the first offer; later ones follow when the client asks. */
  start(): void {
    this.#ref.onpeerclose = () => {
      this.#ref.driver.detach();
      this.#offer();
    };
    this.#offer();
  }

  #offer(): void {
    const { endpoint, announced } = this.#udp;
    const nowMs = performance.now();
    const tooSoon = nowMs - this.#offeredMs < OFFER_INTERVAL_MS;
    if (endpoint === undefined || announced === undefined || this.#ref.readyState !== 1 || tooSoon) return;
    this.#offeredMs = nowMs;
    try {
      const { channel, connectionId, secret } = endpoint.createChannel();
      this.#ref.driver.attach(this.#ref.impairment.wrap(channel));
      this.#ref.sendControl({ kind: "udp", ...announced, connectionId, secret });
      debugFec("udp offered: id %s, port %d", connectionId.toString(16), announced.port);
    } catch (error) {
      // The endpoint is full or closing: this session stays on its WebSocket.
      logger.warn(`colyseus-fec: no UDP channel (${(error as Error).message})`);
    }
  }
}
