/**
 * CONTROL records of the reliable path, as both ends write and read them (docs/WIRE-FORMAT.md section 4).
 * Reading never throws: a record that is none reads as "invalid", one of a later version as "other".
 */

import { RECORD_CONTROL } from "../core/wire/constants.js";
import { isPeerFields, type PeerFields } from "../channels/webrtc/sdp.js";
import { isAddress, isIceServers, type IceServer, type ServerHalf } from "../channels/webrtc/signalling.js";
import { knownKinds, type OfferedKind } from "./channel-kinds.js";
import { MESSAGE_TOO_BIG, PROTOCOL_ERROR } from "./close-codes.js";
import { CONTROL_RECORD_BYTES_MAX, FRAGMENT_BYTES_MIN } from "./limits.js";

/** The version of the protocol that this speaks, in hello. */
export const PROTOCOL_VERSION = 1;

/** The server's first record. fragment: largest SYMBOL payload that it takes, bytes. */
export interface Hello {
  readonly kind: "hello";
  readonly version: number;
  readonly fragment: number;
  /** Kinds of channel that the server has; undefined = it does not say, and may offer UDP. */
  readonly channels?: readonly OfferedKind[];
}

/** The client is in its room: from now on it may ask for channels, and is offered some. */
export interface Joined {
  readonly kind: "joined";
  /** For the client's RTCPeerConnection; undefined = none. */
  readonly iceServers?: readonly IceServer[];
}

/** The server's offer of a UDP channel. */
export interface UdpOffer {
  readonly kind: "udp";
  /** undefined = the host that the WebSocket reached. */
  readonly host: string | undefined;
  readonly port: number;
  /** 32 bits. */
  readonly connectionId: number;
  /** 32 bytes. */
  readonly secret: Uint8Array;
}

/** The client's half of a WebRTC connection. */
export interface WebRtcRequest {
  readonly kind: "webrtc-request";
  readonly peer: PeerFields;
}

/** The server's half, in answer to a request, and where the server is. */
export interface WebRtcAnswer extends ServerHalf {
  readonly kind: "webrtc-answer";
}

/** Either end closed its datagram channel. */
export interface Close {
  readonly kind: "close";
}

/**
 * The server is about to close the WebSocket; or the client's answer: it has given to the WebSocket all that datagrams
 * may not have brought.
 */
export interface End {
  readonly kind: "end";
}

export type ControlRecord = Hello | Joined | UdpOffer | WebRtcRequest | WebRtcAnswer | Close | End;

/** Why a record ends the session: a WebSocket close code and a reason. */
export interface InvalidControl {
  readonly kind: "invalid";
  readonly code: number;
  readonly reason: string;
}

export type ReadControl = ControlRecord | InvalidControl | { readonly kind: "other" };

const SECRET_PATTERN = /^[A-Za-z0-9+/]{43}=$/;
const ID_PATTERN = /^[0-9a-f]{8}$/i;
export function encodeControl(control: ControlRecord): Uint8Array {
  const json = new TextEncoder().encode(JSON.stringify(members(control)));
  const record = new Uint8Array(1 + json.length);
  record[0] = RECORD_CONTROL;
  record.set(json, 1);
  return record;
}

/** The record in `bytes`, whose first byte the caller checked; not read above bytesMax. */
export function readControl(bytes: Uint8Array, bytesMax = CONTROL_RECORD_BYTES_MAX): ReadControl {
  if (bytes.length > bytesMax) return invalid(MESSAGE_TOO_BIG, "control record too long");
  try {
    const value: unknown = JSON.parse(new TextDecoder().decode(bytes.subarray(1)));
    return typeof value === "object" && value !== null
      ? readMembers(value as Record<string, unknown>)
      : { kind: "other" };
  } catch {
    return invalid(PROTOCOL_ERROR, "control record is not JSON");
  }
}

function members(control: ControlRecord): Record<string, unknown> {
  switch (control.kind) {
    case "hello":
      return { t: "hello", v: control.version, fragment: control.fragment, channels: control.channels };
    case "joined":
      return { t: "joined", iceServers: control.iceServers };
    case "webrtc-request":
      return { t: "webrtc", ...control.peer };
    case "webrtc-answer":
      return { t: "webrtc", ...control.peer, host: control.host, port: control.port };
    case "close":
    case "end":
      return { t: control.kind };
    case "udp": {
      const { host, port, connectionId, secret } = control;
      return {
        t: "udp",
        host,
        port,
        id: connectionId.toString(16).padStart(8, "0"),
        secret: btoa(String.fromCharCode(...secret)),
      };
    }
  }
}

function readMembers(members: Record<string, unknown>): ReadControl {
  switch (members.t) {
    case "hello":
      return readHello(members);
    case "joined":
      return readJoined(members);
    case "udp":
      return readUdpOffer(members);
    case "webrtc":
      return readWebRtc(members);
    case "close":
    case "end":
      return { kind: members.t };
    default:
      return { kind: "other" };
  }
}

function readHello({ v, fragment, channels }: Record<string, unknown>): ReadControl {
  if (typeof v !== "number" || !isInteger(fragment, FRAGMENT_BYTES_MIN, Number.MAX_SAFE_INTEGER))
    return invalid(PROTOCOL_ERROR, "malformed hello");
  if (channels !== undefined && !Array.isArray(channels)) return invalid(PROTOCOL_ERROR, "malformed hello");
  const kinds = channels && knownKinds(channels);
  return { kind: "hello", version: v, fragment, ...(kinds && { channels: kinds }) };
}

function readJoined({ iceServers }: Record<string, unknown>): ReadControl {
  if (iceServers === undefined) return { kind: "joined" };
  return isIceServers(iceServers) ? { kind: "joined", iceServers } : invalid(PROTOCOL_ERROR, "malformed joined record");
}

function readUdpOffer({ host, port, id, secret }: Record<string, unknown>): ReadControl {
  if (
    !isInteger(port, 1, 65_535) ||
    (host !== undefined && typeof host !== "string") ||
    typeof id !== "string" ||
    !ID_PATTERN.test(id) ||
    typeof secret !== "string" ||
    !SECRET_PATTERN.test(secret)
  )
    return invalid(PROTOCOL_ERROR, "malformed udp offer");
  return {
    kind: "udp",
    host,
    port,
    connectionId: Number.parseInt(id, 16),
    secret: Uint8Array.from(atob(secret), (c) => c.charCodeAt(0)),
  };
}

/** A request has no address: a server learns the client's from its connectivity checks. */
function readWebRtc({ ufrag, pwd, fingerprint, host, port }: Record<string, unknown>): ReadControl {
  const peer = { ufrag, pwd, fingerprint };
  if (!isPeerFields(peer)) return invalid(PROTOCOL_ERROR, "malformed webrtc record");
  if (host === undefined && port === undefined) return { kind: "webrtc-request", peer };
  if (!isInteger(port, 1, 65_535) || !isAddress(host)) return invalid(PROTOCOL_ERROR, "malformed webrtc record");
  return { kind: "webrtc-answer", peer, host, port };
}

function invalid(code: number, reason: string): InvalidControl {
  return { kind: "invalid", code, reason };
}

function isInteger(value: unknown, min: number, max: number): value is number {
  return Number.isInteger(value) && (value as number) >= min && (value as number) <= max;
}
