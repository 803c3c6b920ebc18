/**
 * The muxed UDP sockets of all WebRTC connections: bound when the HTTP server listens, on that port number plus 1000
 * unless told otherwise, and freed with it (channel-listener.ts). The channel itself is channels/webrtc.
 */

import { lookup } from "node:dns/promises";
import { isIP, type AddressInfo } from "node:net";
import type { Clock } from "../host/clock.js";
import type { IceServer } from "../channels/webrtc/signalling.js";
import { NativeLibraryError } from "../channels/webrtc/native.js";
import { WebRtcEndpoint } from "../channels/webrtc/webrtc-server.js";
import { ChannelListener, hostBeside, isAskedFor, PipeError } from "./channel-listener.js";
import { debugFec } from "./debug.js";
import { WEBRTC_PORT_DISTANCE } from "./limits.js";
import type { ResolvedWebRtcOptions } from "./options.js";

export class WebRtcListener extends ChannelListener<WebRtcEndpoint> {
  protected override readonly option = "webrtc";
  readonly #options: ResolvedWebRtcOptions;
  #publicAddress: string | undefined;
  #firstPort = 0;

  constructor(options: ResolvedWebRtcOptions, clock?: Clock) {
    super(clock);
    this.#options = options;
  }

  /** For the clients' own connections. */
  get iceServers(): readonly IceServer[] | undefined {
    return this.#options.iceServers;
  }

  override get boundName(): string | undefined {
    return this.endpoint && `WebRTC UDP ${this.endpoint.ports.join(", ")}`;
  }

  /**
   * Where a client finds its connection. @param localAddress the server's end of that client's WebSocket. @param port
   * what its connection is bound to.
   */
  announce(localAddress: string | undefined, port: number): { host: string; port: number } | undefined {
    const { publicPort } = this.#options;
    const host = this.#publicAddress ?? literal(localAddress);
    // In a range, a public port stands for the first of the ports and the others follow it.
    return host === undefined
      ? undefined
      : { host, port: publicPort === undefined ? port : publicPort + port - this.#firstPort };
  }

  /**
   * The option alone asks for the library, a port only for itself: a default one that is taken costs the channel, no
   * more.
   */
  protected override isAsked(error: Error): boolean {
    return error instanceof NativeLibraryError
      ? this.#options.asked
      : isAskedFor(error, this.#options.ports, this.#options.host);
  }

  protected override async bindBeside(http: AddressInfo | undefined): Promise<WebRtcEndpoint> {
    const ports = this.#options.ports ?? (http && [defaultPort(http.port)]);
    if (ports === undefined) throw new PipeError('HTTP is on a pipe, set "webrtc.port" and "webrtc.publicAddress"');
    const host = await resolved(hostBeside(this.#options.host, http));
    this.#publicAddress = await resolved(this.#options.publicHost);
    const endpoint = await WebRtcEndpoint.bind({ ports, clock: this.clock, ...(host !== undefined && { host }) });
    this.#firstPort = ports[0] === 0 ? endpoint.ports[0]! : ports[0]!;
    debugFec("WebRTC bound to UDP %j", endpoint.ports);
    return endpoint;
  }

  protected override bindFailure(error: Error): string {
    const silence =
      error instanceof NativeLibraryError && !this.#options.asked ? '; "webrtc: false" silences this' : "";
    return `no WebRTC for browsers (${error.message}${silence})`;
  }

  protected override unopenedAdvice(): string {
    const host = this.#publicAddress ?? "the address of their WebSocket";
    return (
      `did not connect by WebRTC at ${host}, UDP port ${this.endpoint?.ports.join(", ")}. They play over WebSocket. ` +
      'Is the port open in the firewall? Behind NAT or a proxy set "webrtc.publicAddress".'
    );
  }
}

function defaultPort(httpPort: number): number {
  return httpPort + (httpPort + WEBRTC_PORT_DISTANCE <= 65_535 ? 1 : -1) * WEBRTC_PORT_DISTANCE;
}

/** The IP address of a name, once: a candidate takes no name. */
async function resolved(host: string | undefined): Promise<string | undefined> {
  return host === undefined || isIP(host) !== 0 ? host : (await lookup(host)).address;
}

/**
 * An address as a client can use it: IPv4 that came to an IPv6 socket as IPv4, a link-local one without its zone not at
 * all.
 */
function literal(address: string | undefined): string | undefined {
  const plain = address?.replace(/^::ffff:(?=\d+\.)/i, "");
  return plain !== undefined && isIP(plain) !== 0 && !plain.includes("%") ? plain : undefined;
}
