/**
 * CONTROL records as the server writes and reads them (docs/WIRE-FORMAT.md section 4).
 * Reading never throws: a record that is none gives a close code.
 */

import { RECORD_CONTROL } from "../core/wire/constants.js";
import { CONTROL_RECORD_BYTES_MAX } from "./limits.js";

/** What the server tells a client. */
export type ServerControl =
  /** fragment: largest SYMBOL payload that this server takes, bytes; left out when there is no limit. */
  | { readonly t: "hello"; readonly v: 1; readonly fragment: number }
  | { readonly t: "udp"; readonly port: number; readonly host?: string; readonly id: string; readonly secret: string }
  | { readonly t: "close" };

/** What a client tells the server; records unknown to this version read as "other". */
export type ClientControl = { readonly kind: "close" | "other" } | { readonly kind: "invalid"; readonly code: number; readonly reason: string };

export function encodeControl(control: ServerControl): Buffer {
  return Buffer.concat([Buffer.of(RECORD_CONTROL), Buffer.from(JSON.stringify(control))]);
}

/** Reads a record whose first byte is CONTROL's. */
export function readControl(record: Buffer): ClientControl {
  if (record.length > CONTROL_RECORD_BYTES_MAX) return { kind: "invalid", code: 1009, reason: "control record too long" };
  try {
    const value: unknown = JSON.parse(record.toString("utf8", 1));
    const isRecord = typeof value === "object" && value !== null && "t" in value;
    return { kind: isRecord && value.t === "close" ? "close" : "other" };
  } catch {
    return { kind: "invalid", code: 1002, reason: "control record is not JSON" };
  }
}
