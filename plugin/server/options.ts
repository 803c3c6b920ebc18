/**
 * The options of FecTransport: checked once, every default filled in, frozen.
 * What belongs to ws-transport passes through untouched.
 */

import type { TransportOptions } from "@colyseus/ws-transport";
import { isIceServers, type IceServer } from "../channels/webrtc/signalling.js";
import { ICE_SERVERS_MAX, WEBRTC_PORTS_MAX } from "../channels/limits.js";
import { show } from "../host/show.js";
import { parseRepair, type RepairOption } from "../core/repair-option.js";
import { resolveDirections, type DirectionalImpairment, type ImpairmentPair } from "../netem/index.js";
import {
  MAX_PAYLOAD_BYTES_DEFAULT,
  MAX_PAYLOAD_BYTES_MIN,
  MESSAGE_BYTES_UNLIMITED,
  RESYNC_AFTER_MS_DEFAULT,
  RESYNC_AFTER_MS_MAX,
  RESYNC_AFTER_MS_MIN,
} from "./limits.js";

/** Where the UDP socket is bound, and where clients find it. */
export interface UdpOptions {
  /** 0..65535, 0 = any free port. Default: the number of the HTTP port. */
  port?: number;
  /**
   * Address to bind. Default: the one that the HTTP server listens on.
   * A server with several addresses that listens on all of them should set it (and publicAddress, where that differs
   * from the WebSocket's host): from a socket bound to all, an answer leaves from the address that its route prefers,
   * and a client takes nothing from another address than it sent to. Its sessions would stay on WebSocket.
   */
  host?: string;
  /**
   * What clients are told: "host", "host:port", "[ipv6]:port" or its parts. Default: the host that they reached by
   * WebSocket, the bound port.
   */
  publicAddress?: string | { host?: string; port?: number };
}

/** Where the WebRTC sockets are bound, and where browsers find them. */
export interface WebRtcOptions {
  /**
   * 0..65535: one muxed UDP port for all clients, 0 = any free one. Default: the HTTP port's number plus 1000, near the
   * top minus 1000.
   */
  port?: number;
  /** In its place: the first and the last of at most 64 UDP ports, over which clients are spread. */
  portRange?: readonly [first: number, last: number];
  /** Address to bind. Default: the one that the HTTP server listens on. */
  host?: string;
  /**
   * What clients are told: as `udp.publicAddress`; a name is resolved once, when the server listens. Default: the local
   * address of the client's WebSocket, and the bound port. Needed behind an HTTP proxy or NAT.
   */
  publicAddress?: string | { host?: string; port?: number };
  /**
   * STUN and TURN servers that browsers may use, as of RTCPeerConnection, the same for all clients: TURN, with username
   * and credential, reaches players whose network lets no other UDP out. Default none.
   */
  iceServers?: readonly { urls: string | readonly string[]; username?: string; credential?: string }[];
}

export interface FecTransportOptions extends TransportOptions {
  /** The UDP channel; false = none. Default: on, see UdpOptions. */
  udp?: false | UdpOptions;
  /**
   * The WebRTC channel, for browsers; false = none. Default: on where the package node-datachannel is installed, see
   * WebRtcOptions.
   */
  webrtc?: false | WebRtcOptions;
  /** How much repair rides along. Default "adaptive". */
  repair?: RepairOption;
  /** Impairs what this server sends and receives as datagrams: for tests and demonstrations. Default none. */
  netem?: DirectionalImpairment;
  /**
   * A FEC client that is this much behind, ms, 500..60000, gets no more state patches until its backlog is through, and
   * then the full state, as when it joined. Room messages are not affected. false = it gets every patch, however late.
   * Default 2000.
   */
  resyncAfterMs?: number | false;
}

export interface ResolvedUdpOptions {
  /** undefined = the HTTP port's number. */
  readonly port: number | undefined;
  readonly host: string | undefined;
  readonly publicHost: string | undefined;
  readonly publicPort: number | undefined;
}

export interface ResolvedWebRtcOptions {
  /** Whether the user named the option: without the native package that is an error. */
  readonly asked: boolean;
  /** undefined = the HTTP port's number plus 1000. */
  readonly ports: readonly number[] | undefined;
  readonly host: string | undefined;
  readonly publicHost: string | undefined;
  readonly publicPort: number | undefined;
  readonly iceServers: readonly IceServer[] | undefined;
}

export interface ResolvedFecOptions {
  readonly udp: false | ResolvedUdpOptions;
  readonly webrtc: false | ResolvedWebRtcOptions;
  readonly repair: RepairOption;
  readonly netem: ImpairmentPair | undefined;
  /** ms; Infinity = never. */
  readonly resyncAfterMs: number;
  /** Largest Colyseus message that a client may send, bytes, on either path. */
  readonly messageBytesMax: number;
}

/**
 * Splits the options into ws-transport's (a copy, which it may change) and ours.
 * @throws TypeError or RangeError: `"udp.port" expected 0..65535, got 70000`.
 */
export function resolveFecOptions(options: FecTransportOptions): {
  ours: ResolvedFecOptions;
  webSocket: TransportOptions;
} {
  const { udp, webrtc, repair, netem, resyncAfterMs, ...webSocket } = options;
  const ours = Object.freeze({
    udp: resolveUdp(udp),
    webrtc: resolveWebRtc(webrtc),
    repair: parseRepair(repair),
    netem: netem === undefined ? undefined : resolveDirections(netem),
    resyncAfterMs: resolveResyncAfter(resyncAfterMs),
    messageBytesMax: resolveMaxPayload(webSocket.maxPayload ?? undefined),
  });
  return { ours, webSocket };
}

function resolveUdp(udp: unknown): false | ResolvedUdpOptions {
  if (udp === false) return false;
  const given = requireRecord("udp", udp ?? {}, ["port", "host", "publicAddress"]);
  const address = resolvePublicAddress("udp.publicAddress", given.publicAddress);
  return Object.freeze({
    port: given.port === undefined ? undefined : requirePort("udp.port", given.port, 0),
    host: given.host === undefined ? undefined : requireHost("udp.host", given.host),
    publicHost: address.host,
    publicPort: address.port,
  });
}

function resolveWebRtc(webrtc: unknown): false | ResolvedWebRtcOptions {
  if (webrtc === false) return false;
  const given = requireRecord("webrtc", webrtc ?? {}, ["port", "portRange", "host", "publicAddress", "iceServers"]);
  const { port, portRange, host } = given;
  if (port !== undefined && portRange !== undefined)
    throw new TypeError('"webrtc" expected port or portRange, got both');
  const address = resolvePublicAddress("webrtc.publicAddress", given.publicAddress);
  const ports =
    portRange !== undefined
      ? resolveRange(portRange)
      : port === undefined
        ? undefined
        : [requirePort("webrtc.port", port, 0)];
  // The ports of a range are announced as those after the public one.
  if (ports !== undefined && address.port !== undefined)
    requirePort("webrtc.publicAddress", address.port + ports.length - 1, 1);
  return Object.freeze({
    asked: webrtc !== undefined,
    ports,
    host: host === undefined ? undefined : requireHost("webrtc.host", host),
    publicHost: address.host,
    publicPort: address.port,
    iceServers: given.iceServers === undefined ? undefined : resolveIceServers(given.iceServers),
  });
}

function resolveRange(range: unknown): number[] {
  if (!Array.isArray(range) || range.length !== 2)
    throw new TypeError(`"webrtc.portRange" expected [first, last], got ${show(range)}`);
  const [first, last] = range.map((port) => requirePort("webrtc.portRange", port, 1)) as [number, number];
  const count = last - first + 1;
  if (count < 1 || count > WEBRTC_PORTS_MAX)
    throw new RangeError(`"webrtc.portRange" expected 1..${WEBRTC_PORTS_MAX} ports, got ${count}`);
  return Array.from({ length: count }, (_, i) => first + i);
}

function resolveIceServers(servers: unknown): readonly IceServer[] {
  const list: unknown = Array.isArray(servers)
    ? servers.map((server: unknown) => {
        const { urls, username, credential } = requireRecord("webrtc.iceServers", server, [
          "urls",
          "username",
          "credential",
        ]);
        return {
          urls: typeof urls === "string" ? [urls] : urls,
          ...(username !== undefined && { username }),
          ...(credential !== undefined && { credential }),
        };
      })
    : servers;
  if (isIceServers(list)) {
    // Browsers throw without.
    const open = list.find(
      ({ urls, username, credential }) => urls.some((url) => /^turns?:/.test(url)) && !(username && credential),
    );
    if (open !== undefined)
      throw new TypeError(`"webrtc.iceServers" expected username and credential for ${open.urls.join(", ")}, got none`);
    return Object.freeze(list);
  }
  throw new TypeError(
    `"webrtc.iceServers" expected at most ${ICE_SERVERS_MAX} of { urls: "stun:host:port" or "turn:host:port", username?, credential? }, got ${show(servers)}`,
  );
}

function resolvePublicAddress(name: string, address: unknown): { host?: string; port?: number } {
  if (address === undefined) return {};
  if (typeof address === "string") return parseAddress(name, address);
  const { host, port } = requireRecord(name, address, ["host", "port"]);
  return {
    ...(host !== undefined && { host: requireHost(`${name}.host`, host) }),
    ...(port !== undefined && { port: requirePort(`${name}.port`, port, 1) }),
  };
}

/** "host", "host:port", "[ipv6]", "[ipv6]:port" or a bare IPv6 address. */
function parseAddress(name: string, text: string): { host: string; port?: number } {
  const bracketed = /^\[([0-9a-fA-F:.%\w]+)\](?::(\d{1,5}))?$/.exec(text);
  const plain = bracketed ?? (/^[^:]*:[^:]*:/.test(text) ? [text, text] : /^([^:\s/]+)(?::(\d{1,5}))?$/.exec(text));
  if (plain === null || !/^[\w.:%-]+$/.test(plain[1])) {
    throw new TypeError(`"${name}" expected "host", "host:port" or { host, port }, got ${show(text)}`);
  }
  const host = plain[1];
  return plain[2] === undefined ? { host } : { host, port: requirePort(name, Number(plain[2]), 1) };
}

function resolveMaxPayload(maxPayload: number = MAX_PAYLOAD_BYTES_DEFAULT): number {
  if (maxPayload === 0) return MESSAGE_BYTES_UNLIMITED;
  if (Number.isInteger(maxPayload) && maxPayload >= MAX_PAYLOAD_BYTES_MIN) return maxPayload;
  throw new RangeError(
    `"maxPayload" expected 0 (no limit) or at least ${MAX_PAYLOAD_BYTES_MIN}, got ${show(maxPayload)}`,
  );
}

function resolveResyncAfter(resyncAfterMs: unknown = RESYNC_AFTER_MS_DEFAULT): number {
  if (resyncAfterMs === false) return Infinity;
  const message = `"resyncAfterMs" expected false or ${RESYNC_AFTER_MS_MIN}..${RESYNC_AFTER_MS_MAX}, got ${show(resyncAfterMs)}`;
  if (typeof resyncAfterMs !== "number") throw new TypeError(message);
  if (!(resyncAfterMs >= RESYNC_AFTER_MS_MIN && resyncAfterMs <= RESYNC_AFTER_MS_MAX)) throw new RangeError(message);
  return resyncAfterMs;
}

function requirePort(name: string, value: unknown, min: number): number {
  const message = `"${name}" expected ${min}..65535, got ${show(value)}`;
  if (typeof value !== "number") throw new TypeError(message);
  if (!Number.isInteger(value) || value < min || value > 65_535) throw new RangeError(message);
  return value;
}

function requireHost(name: string, value: unknown): string {
  if (typeof value === "string" && value !== "") return value;
  throw new TypeError(`"${name}" expected a host name or address, got ${show(value)}`);
}

function requireRecord(name: string, value: unknown, known: readonly string[]): Record<string, unknown> {
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw new TypeError(`"${name}" expected false or an object, got ${show(value)}`);
  }
  const unknown = Object.keys(value).find((key) => !known.includes(key));
  if (unknown !== undefined) throw new TypeError(`"${name}" expected only ${known.join(", ")}, got ${show(unknown)}`);
  return value as Record<string, unknown>;
}
