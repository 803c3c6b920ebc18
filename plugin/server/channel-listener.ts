/**
 * The sockets of one kind of datagram channel, for all sessions: bound when the HTTP server listens, beside it, and
 * freed with it. What they are is a subclass's; so is what the log says when they do not serve.
 */

import type { Server as HttpServer } from "node:http";
import type { Server as HttpsServer } from "node:https";
import type { AddressInfo } from "node:net";
import { logger } from "@colyseus/core";
import { systemClock, type Clock } from "../host/clock.js";
import type { OfferedKind } from "../session/channel-kinds.js";
import { BIND_WAIT_MS_MAX, UNOPENED_CLIENTS_TO_LOG } from "./limits.js";

/** The HTTP server is on a pipe (a Unix socket), whose number a port could follow if it had one. */
export class PipeError extends Error {}

/** Errors of the system for a port; every other one of `bind` is about the address. */
const PORT_ERRORS: readonly (string | undefined)[] = ["EADDRINUSE", "EACCES"];

export abstract class ChannelListener<Endpoint extends { close(): void | Promise<void> }> {
  protected readonly clock: Clock;
  #endpoint: Endpoint | undefined;
  #binding: Promise<Error | undefined> = Promise.resolve(undefined);
  #settling: Promise<unknown> | undefined;
  #shut = false;
  /** Clients in a row, by their session ids, whose offered channel did not open. */
  readonly #unopened = new Set<string>();
  #logged = false;

  constructor(clock: Clock = systemClock) {
    this.clock = clock;
  }

  /** What is bound; undefined before, after, and when there is nothing (WebSocket only). */
  get endpoint(): Endpoint | undefined {
    return this.#endpoint;
  }

  /** Binds beside this HTTP server as soon, and as often, as it listens. */
  follow(server: HttpServer | HttpsServer): void {
    const bind = () => {
      this.#binding = this.#bind(server.address());
      const waited = new Promise<void>((resolve) => this.clock.setTimeout(resolve, BIND_WAIT_MS_MAX));
      const settling = Promise.race([this.#binding, waited]).then(() => {
        if (this.#settling === settling) this.#settling = undefined;
      });
      this.#settling = settling;
    };
    server.on("listening", bind);
    server.on("close", () => void this.close());
    if (server.listening) bind();
  }

  /**
   * Resolves when the bind that is under way is over, or has taken BIND_WAIT_MS_MAX; undefined if there is none to wait
   * for.
   */
  get settling(): Promise<unknown> | undefined {
    return this.#settling;
  }

  /** Resolves when the bind that the last "listening" began is over: with the error if the user asked for just that. */
  bound(): Promise<Error | undefined> {
    return this.#binding;
  }

  /** A client's offered channel opened: the deployment is right. */
  onOpened(): void {
    this.#unopened.clear();
  }

  /**
   * A client gave its offered channel up. Several clients in a row are the deployment's fault more often than theirs;
   * one that tries often is one.
   */
  onUnopened(sessionId: string): void {
    if (this.#logged) return;
    this.#unopened.add(sessionId);
    if (this.#unopened.size < UNOPENED_CLIENTS_TO_LOG) return;
    this.#logged = true;
    logger.warn(`colyseus-fec: ${this.#unopened.size} clients in a row ${this.unopenedAdvice()}`);
    this.#unopened.clear();
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

  /** What the log calls what is bound: `UDP 2567`; undefined while nothing is. */
  abstract get boundName(): string | undefined;
  /** The option of the transport that this is about. */
  protected abstract readonly option: OfferedKind;
  /** Binds beside the HTTP server's address, undefined = it is on a pipe. Rejects with what went wrong. */
  protected abstract bindBeside(http: AddressInfo | undefined): Promise<Endpoint>;
  /** Whether the user asked for what could not be bound: then it is an error of `listen`, else a warning. */
  protected abstract isAsked(error: Error): boolean;
  /** The log's line for a bind that failed. */
  protected abstract bindFailure(error: Error): string;
  /** The rest of the log's sentence "n clients in a row ...". */
  protected abstract unopenedAdvice(): string;

  async #bind(address: AddressInfo | string | null): Promise<Error | undefined> {
    if (this.#shut || address === null) return undefined;
    try {
      this.#endpoint = await this.bindBeside(typeof address === "object" ? address : undefined);
      return undefined;
    } catch (reason) {
      const error = reason as NodeJS.ErrnoException;
      const asked = this.isAsked(error);
      error.message += this.#hint(error, asked);
      logger[asked ? "error" : "warn"](
        `colyseus-fec: ${this.bindFailure(error)}${asked ? "" : ". Sessions stay on WebSocket."}`,
      );
      return asked ? error : undefined;
    }
  }

  #hint({ code }: NodeJS.ErrnoException, asked: boolean): string {
    const { option } = this;
    if (code === "EADDRNOTAVAIL")
      return `; "${option}.host" is an address of this machine, the one that clients use goes into "${option}.publicAddress"`;
    return code === "EADDRINUSE" && !asked ? `; "${option}.port" sets another one` : "";
  }
}

/** Whether a bind failed over what the user asked for. @param port, host what was asked for. */
export function isAskedFor(error: NodeJS.ErrnoException, port: unknown, host: string | undefined): boolean {
  if (error instanceof PipeError) return false;
  return port !== undefined || (host !== undefined && !PORT_ERRORS.includes(error.code));
}

/**
 * The address that a socket binds beside an HTTP server: the one asked for, else the HTTP server's own; undefined =
 * all.
 */
export function hostBeside(asked: string | undefined, http: AddressInfo | undefined): string | undefined {
  return asked ?? (http === undefined || http.address === "::" ? undefined : http.address);
}
