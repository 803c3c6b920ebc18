/**
 * The UDP socket of all sessions: bound when the HTTP server listens, on the same port number unless told otherwise,
 * and freed with it (channel-listener.ts). The channel itself is channels/udp.
 */

import type { AddressInfo } from "node:net";
import { logger } from "@colyseus/core";
import { UdpEndpoint } from "../channels/udp/udp-server.js";
import { ChannelListener, hostBeside } from "./channel-listener.js";
import { debugFec } from "./debug.js";
import type { ResolvedUdpOptions } from "./options.js";

/** What clients are told. No host = the one that they reached by WebSocket. */
export interface AnnouncedAddress {
  readonly host: string | undefined;
  readonly port: number;
}

export class UdpListener extends ChannelListener<UdpEndpoint> {
  readonly #options: ResolvedUdpOptions;
  #port: number | undefined;

  constructor(options: ResolvedUdpOptions) {
    super();
    this.#options = options;
  }

  /** Where clients find the endpoint. */
  get announced(): AnnouncedAddress | undefined {
    if (this.endpoint === undefined) return undefined;
    const { publicHost, publicPort } = this.#options;
    const port = publicPort ?? this.endpoint.address().port;
    return { host: publicHost, port };
  }

  /** A port that was asked for is the user's error; one that was only a default costs the datagram path, no more. */
  protected override isAsked(): boolean {
    return this.#options.port !== undefined;
  }

  protected override async bindBeside(http: AddressInfo | undefined): Promise<UdpEndpoint | undefined> {
    const port = (this.#port = this.#options.port ?? http?.port);
    if (port === undefined) return undefined; // no port number to share: the HTTP server is on a pipe
    const endpoint = await UdpEndpoint.bind({ port, host: hostBeside(this.#options.host, http), log: (message) => logger.warn(`colyseus-fec: ${message}`) });
    debugFec("UDP bound to %j", endpoint.address());
    return endpoint;
  }

  protected override bindFailure(error: Error): string {
    return `UDP port ${this.#port} cannot be bound (${error.message})`;
  }

  protected override unopenedAdvice(): string {
    const { host, port } = this.announced ?? {};
    return `got no answer by UDP at ${host ?? "this host"}, port ${port}. They play over WebSocket. ` +
      'Is the port open in the firewall? Behind NAT or a proxy set "udp.publicAddress", with several network addresses "udp.host".';
  }
}
