/**
 * The server's UDP socket beside its HTTP server: bound when that listens, closed when that closes.
 * Decides ports and addresses, and what a port that is taken means; knows no sessions.
 */

import type { AddressInfo } from "node:net";
import type { Server as HttpServer } from "node:http";
import type { Server as HttpsServer } from "node:https";
import { logger } from "@colyseus/core";
import { UdpEndpoint } from "../channels/udp/udp-server.js";
import { debugFec } from "./debug.js";
import { UNOPENED_OFFERS_TO_LOG } from "./limits.js";
import type { ResolvedUdpOptions } from "./options.js";

/** What clients are told. No host = the one that they reached by WebSocket. */
export interface AnnouncedAddress {
  readonly host: string | undefined;
  readonly port: number;
}

export class UdpListener {
  readonly #options: ResolvedUdpOptions;
  #endpoint: UdpEndpoint | undefined;
  #binding: Promise<Error | undefined> = Promise.resolve(undefined);
  #shut = false;
  #unopenedInRow = 0;
  #logged = false;

  constructor(options: ResolvedUdpOptions) {
    this.#options = options;
  }

  /** The bound socket; undefined before, after, and when there is none (WebSocket only). */
  get endpoint(): UdpEndpoint | undefined {
    return this.#endpoint;
  }

  /** Where clients find the endpoint. */
  get announced(): AnnouncedAddress | undefined {
    if (this.#endpoint === undefined) return undefined;
    const { publicHost, publicPort } = this.#options;
    const port = publicPort ?? this.#endpoint.address().port;
    return { host: publicHost, port };
  }

  /** Binds beside this HTTP server as soon, and as often, as it listens. */
  follow(server: HttpServer | HttpsServer): void {
    const bind = () => {
      this.#binding = this.#bind(server.address());
    };
    server.on("listening", bind);
    server.on("close", () => void this.close());
    if (server.listening) bind();
  }

  /** Resolves when the bind that the last "listening" began is over: with the error if the user asked for that very port. */
  bound(): Promise<Error | undefined> {
    return this.#binding;
  }

  /** An offered channel opened, or its client gave it up. Several in a row that did not open are the deployment's fault more often than the clients'. */
  onOfferEnd(opened: boolean): void {
    this.#unopenedInRow = opened ? 0 : this.#unopenedInRow + 1;
    if (this.#logged || this.#unopenedInRow < UNOPENED_OFFERS_TO_LOG) return;
    this.#logged = true;
    const { host, port } = this.announced ?? {};
    logger.warn(`colyseus-fec: ${this.#unopenedInRow} clients in a row got no answer by UDP at ${host ?? "this host"}, port ${port}. They play over WebSocket. ` +
      'Is the port open in the firewall? Behind NAT or a proxy set "udp.publicAddress", with several network addresses "udp.host".');
  }

  /** Frees the port; a bind under way is undone. Listening again binds again. */
  async close(): Promise<void> {
    await this.#binding;
    const endpoint = this.#endpoint;
    this.#endpoint = undefined;
    await endpoint?.close();
  }

  /** Closes for good. */
  shutdown(): Promise<void> {
    this.#shut = true;
    return this.close();
  }

  async #bind(http: AddressInfo | string | null): Promise<Error | undefined> {
    const at = typeof http === "object" && http !== null ? http : undefined;
    const port = this.#options.port ?? at?.port;
    if (this.#shut || port === undefined) return undefined; // no port number to share: the HTTP server is on a pipe
    const host = this.#options.host ?? (at === undefined || at.address === "::" ? undefined : at.address);
    try {
      const endpoint = await UdpEndpoint.bind({ port, host, log: (message) => logger.warn(`colyseus-fec: ${message}`) });
      this.#endpoint = endpoint;
      debugFec("UDP bound to %j", endpoint.address());
      return undefined;
    } catch (error) {
      return this.#onBindError(error as Error, port);
    }
  }

  /** A port that was asked for is the user's error; one that was only a default costs the datagram path, no more. */
  #onBindError(error: Error, port: number): Error | undefined {
    const asked = this.#options.port !== undefined;
    logger[asked ? "error" : "warn"](`colyseus-fec: UDP port ${port} cannot be bound (${error.message})${asked ? "" : ". Sessions stay on WebSocket."}`);
    return asked ? error : undefined;
  }
}
