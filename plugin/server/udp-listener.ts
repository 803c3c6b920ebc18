/**
 * The UDP socket of all sessions: bound when the HTTP server listens, on the same port number unless told otherwise,
 * and freed with it (channel-listener.ts). The channel itself is channels/udp.
 */

import type { AddressInfo } from "node:net";
import { logger } from "@colyseus/core";
import type { Clock } from "../host/clock.js";
import { UdpEndpoint } from "../channels/udp/udp-server.js";
import { ChannelListener, hostBeside, isAskedFor, PipeError } from "./channel-listener.js";
import { debugFec } from "./debug.js";
import type { ResolvedUdpOptions } from "./options.js";

/** What clients are told. No host = the one that they reached by WebSocket. */
export interface AnnouncedAddress {
  readonly host: string | undefined;
  readonly port: number;
}

export class UdpListener extends ChannelListener<UdpEndpoint> {
  protected override readonly option = "udp";
  readonly #options: ResolvedUdpOptions;
  #port: number | undefined;

  constructor(options: ResolvedUdpOptions, clock?: Clock) {
    super(clock);
    this.#options = options;
  }

  /** Where clients find the endpoint. */
  get announced(): AnnouncedAddress | undefined {
    if (this.endpoint === undefined) return undefined;
    const { publicHost, publicPort } = this.#options;
    const port = publicPort ?? this.endpoint.address().port;
    return { host: publicHost, port };
  }

  override get boundName(): string | undefined {
    return this.endpoint && `UDP ${this.endpoint.address().port}`;
  }

  /**
   * A port or an address that was asked for is the user's error; a port that was only a default costs the datagram
   * path, no more.
   */
  protected override isAsked(error: Error): boolean {
    return isAskedFor(error, this.#options.port, this.#options.host);
  }

  protected override async bindBeside(http: AddressInfo | undefined): Promise<UdpEndpoint> {
    const port = (this.#port = this.#options.port ?? http?.port);
    if (port === undefined)
      throw new PipeError(
        'no UDP: HTTP is on a pipe, set "udp.port", and "udp.publicAddress" unless clients reach this machine by the WebSocket\'s host',
      );
    const endpoint = await UdpEndpoint.bind({
      port,
      host: hostBeside(this.#options.host, http),
      clock: this.clock,
      log: (message) => logger.warn(`colyseus-fec: ${message}`),
    });
    debugFec("UDP bound to %j", endpoint.address());
    return endpoint;
  }

  protected override bindFailure(error: Error): string {
    return error instanceof PipeError ? error.message : `UDP port ${this.#port} cannot be bound (${error.message})`;
  }

  protected override unopenedAdvice(): string {
    const { host, port } = this.announced ?? {};
    return (
      `got no answer by UDP at ${host ?? "this host"}, port ${port}. They play over WebSocket. ` +
      'Is the port open in the firewall? Behind NAT or a proxy set "udp.publicAddress", with several network addresses "udp.host".'
    );
  }
}
