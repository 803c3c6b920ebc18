/**
 * CONTROL records of the reliable path, as both ends write and read them (docs/WIRE-FORMAT.md section 4).
 * Reading never throws: a record that is none reads as "invalid", one of a later version as "other".
 */

import { RECORD_CONTROL } from "../core/wire/constants.js";
import { CONTROL_RECORD_BYTES_MAX } from "./limits.js";

/** The server's first record. fragment: largest SYMBOL payload that it takes, bytes. */
export interface Hello {
  readonly kind: "hello";
  readonly version: number;
  readonly fragment: number;
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

/** Either end closed its datagram channel. */
export interface Close {
  readonly kind: "close";
}

export type ControlRecord = Hello | UdpOffer | Close;

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
  if (bytes.length > bytesMax) return invalid(1009, "control record too long");
  try {
    const value: unknown = JSON.parse(new TextDecoder().decode(bytes.subarray(1)));
    return typeof value === "object" && value !== null ? readMembers(value as Record<string, unknown>) : { kind: "other" };
  } catch {
    return invalid(1002, "control record is not JSON");
  }
}

function members(control: ControlRecord): Record<string, unknown> {
  switch (control.kind) {
    case "hello": return { t: "hello", v: control.version, fragment: control.fragment };
    case "close": return { t: "close" };
    case "udp": {
      const { host, port, connectionId, secret } = control;
      return { t: "udp", host, port, id: connectionId.toString(16).padStart(8, "0"), secret: btoa(String.fromCharCode(...secret)) };
    }
  }
}

function readMembers({ t, v, fragment, host, port, id, secret }: Record<string, unknown>): ReadControl {
  switch (t) {
    case "hello":
      if (typeof v !== "number" || !isInteger(fragment, 1, Number.MAX_SAFE_INTEGER)) return invalid(1002, "malformed hello");
      return { kind: "hello", version: v, fragment };
    case "udp":
      if (!isInteger(port, 1, 65_535) || (host !== undefined && typeof host !== "string") || typeof id !== "string" || !ID_PATTERN.test(id)
        || typeof secret !== "string" || !SECRET_PATTERN.test(secret)) return invalid(1002, "malformed udp offer");
      return { kind: "udp", host, port, connectionId: Number.parseInt(id, 16), secret: Uint8Array.from(atob(secret), (c) => c.charCodeAt(0)) };
    case "close":
      return { kind: "close" };
    default:
      return { kind: "other" };
  }
}

function invalid(code: number, reason: string): InvalidControl {
  return { kind: "invalid", code, reason };
}

function isInteger(value: unknown, min: number, max: number): value is number {
  return Number.isInteger(value) && (value as number) >= min && (value as number) <= max;
}
