/**
 * The options of FecTransport: checked once, every default filled in, frozen.
 * What belongs to ws-transport passes through untouched.
 */

import type { TransportOptions } from "@colyseus/ws-transport";
import { parseRepair, type RepairOption } from "../core/repair-option.js";
import { resolveDirections, type DirectionalImpairment, type ImpairmentPair } from "../netem/index.js";
import { MAX_PAYLOAD_BYTES_DEFAULT, MAX_PAYLOAD_BYTES_MIN, MESSAGE_BYTES_UNLIMITED, RESYNC_AFTER_MS_DEFAULT, RESYNC_AFTER_MS_MAX, RESYNC_AFTER_MS_MIN } from "./limits.js";

/** Where the UDP socket is bound, and where clients find it. */
export interface UdpOptions {
  /** 0..65535, 0 = any free port. Default: the number of the HTTP port. */
  port?: number;
  /**
   * Address to bind. Default: the one that the HTTP server listens on.
   * A server with several addresses that listens on all of them should set it (and publicAddress, where that differs from
   * the WebSocket's host): from a socket bound to all, an answer leaves from the address that its route prefers, and a
   * client takes nothing from another address than it sent to. Its sessions would stay on WebSocket.
   */
  host?: string;
  /** What clients are told: "host", "host:port", "[ipv6]:port" or its parts. Default: the host that they reached by WebSocket, the bound port. */
  publicAddress?: string | { host?: string; port?: number };
}

export interface FecTransportOptions extends TransportOptions {
  /** The UDP channel; false = none. Default: on, see UdpOptions. */
  udp?: false | UdpOptions;
  /** The WebRTC channel; only false, its default, is accepted in this version. */
  webrtc?: false;
  /** How much repair rides along. Default "adaptive". */
  repair?: RepairOption;
  /** Impairs what this server sends and receives as datagrams: for tests and demonstrations. Default none. */
  netem?: DirectionalImpairment;
  /**
   * A FEC client that is this much behind, ms, 500..60000, gets no more state patches until its backlog is through, and then the
   * full state, as when it joined. Room messages are not affected. false = it gets every patch, however late. Default 2000.
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

export interface ResolvedFecOptions {
  readonly udp: false | ResolvedUdpOptions;
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
export function resolveFecOptions(options: FecTransportOptions): { ours: ResolvedFecOptions; webSocket: TransportOptions } {
  const { udp, webrtc, repair, netem, resyncAfterMs, ...webSocket } = options;
  if (webrtc !== undefined && webrtc !== false) {
    throw new TypeError(`"webrtc" expected false: this version has no WebRTC channel, got ${show(webrtc)}`);
  }
  const ours = Object.freeze({
    udp: resolveUdp(udp),
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
  const address = resolvePublicAddress(given.publicAddress);
  return Object.freeze({
    port: given.port === undefined ? undefined : requirePort("udp.port", given.port, 0),
    host: given.host === undefined ? undefined : requireHost("udp.host", given.host),
    publicHost: address.host,
    publicPort: address.port,
  });
}

function resolvePublicAddress(address: unknown): { host?: string; port?: number } {
  if (address === undefined) return {};
  if (typeof address === "string") return parseAddress(address);
  const { host, port } = requireRecord("udp.publicAddress", address, ["host", "port"]);
  return {
    ...(host !== undefined && { host: requireHost("udp.publicAddress.host", host) }),
    ...(port !== undefined && { port: requirePort("udp.publicAddress.port", port, 1) }),
  };
}

/** "host", "host:port", "[ipv6]", "[ipv6]:port" or a bare IPv6 address. */
function parseAddress(text: string): { host: string; port?: number } {
  const bracketed = /^\[([0-9a-fA-F:.%\w]+)\](?::(\d{1,5}))?$/.exec(text);
  const plain = bracketed ?? (/^[^:]*:[^:]*:/.test(text) ? [text, text] : /^([^:\s/]+)(?::(\d{1,5}))?$/.exec(text));
  if (plain === null || !/^[\w.:%-]+$/.test(plain[1]!)) {
    throw new TypeError(`"udp.publicAddress" expected "host", "host:port" or { host, port }, got ${show(text)}`);
  }
  const host = plain[1]!;
  return plain[2] === undefined ? { host } : { host, port: requirePort("udp.publicAddress", Number(plain[2]), 1) };
}

function resolveMaxPayload(maxPayload: number = MAX_PAYLOAD_BYTES_DEFAULT): number {
  if (maxPayload === 0) return MESSAGE_BYTES_UNLIMITED;
  if (Number.isInteger(maxPayload) && maxPayload >= MAX_PAYLOAD_BYTES_MIN) return maxPayload;
  throw new RangeError(`"maxPayload" expected 0 (no limit) or at least ${MAX_PAYLOAD_BYTES_MIN}, got ${show(maxPayload)}`);
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

function show(value: unknown): string {
  if (typeof value === "object" && value !== null) return Array.isArray(value) ? "an array" : "an object";
  return typeof value === "string" ? JSON.stringify(value) : String(value);
}
