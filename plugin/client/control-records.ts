/**
 * CONTROL records as the client reads and writes them (docs/WIRE-FORMAT.md section 4).
 * Reading never throws: a record that is none reads as "invalid".
 */

import { RECORD_CONTROL } from "../core/wire/constants.js";
import { CONTROL_RECORD_BYTES_MAX } from "./limits.js";

/** An offer of the UDP channel. */
export interface UdpOffer {
  readonly kind: "udp";
  /** undefined = the host that the WebSocket reached. */
  readonly host: string | undefined;
  readonly port: number;
  readonly connectionId: number;
  /** 32 bytes. */
  readonly secret: Uint8Array;
}

/** What the server says. fragment: largest SYMBOL payload that it takes, bytes. "other": of a later version, ignored. */
export type ServerControl =
  | { readonly kind: "hello"; readonly version: number; readonly fragment: number }
  | UdpOffer
  | { readonly kind: "close" | "other" | "invalid" };

/** `{"t":"close"}`: the client closed its datagram channel. */
export function encodeClose(): Uint8Array {
  const json = new TextEncoder().encode('{"t":"close"}');
  const record = new Uint8Array(1 + json.length);
  record[0] = RECORD_CONTROL;
  record.set(json, 1);
  return record;
}

/** Reads a record whose first byte is CONTROL's. */
export function readControl(record: Uint8Array): ServerControl {
  if (record.length > CONTROL_RECORD_BYTES_MAX) return { kind: "invalid" };
  try {
    const value: unknown = JSON.parse(new TextDecoder().decode(record.subarray(1)));
    return typeof value === "object" && value !== null ? readMembers(value as Record<string, unknown>) : { kind: "other" };
  } catch {
    return { kind: "invalid" };
  }
}

function readMembers({ t, v, fragment, host, port, id, secret }: Record<string, unknown>): ServerControl {
  switch (t) {
    case "hello":
      if (typeof v !== "number" || !isInteger(fragment, 1, Number.MAX_SAFE_INTEGER)) return { kind: "invalid" };
      return { kind: "hello", version: v, fragment };
    case "udp": {
      const bytes = readSecret(secret);
      const valid = isInteger(port, 1, 65_535) && (host === undefined || typeof host === "string");
      if (!valid || typeof id !== "string" || !/^[0-9a-f]{8}$/i.test(id) || bytes === undefined) return { kind: "invalid" };
      return { kind: "udp", host, port, connectionId: Number.parseInt(id, 16), secret: bytes };
    }
    case "close":
      return { kind: "close" };
    default:
      return { kind: "other" };
  }
}

/** 32 bytes of base64. */
function readSecret(text: unknown): Uint8Array | undefined {
  if (typeof text !== "string" || !/^[A-Za-z0-9+/]{43}=$/.test(text)) return undefined;
  return Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
}

function isInteger(value: unknown, min: number, max: number): value is number {
  return Number.isInteger(value) && (value as number) >= min && (value as number) <= max;
}
