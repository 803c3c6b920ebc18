/**
 * What the two ends of a WebRTC connection tell each other beside their halves of its description (sdp.ts): where the
 * server is, and which STUN and TURN servers a client may use. How it travels is the session's.
 */

import { ICE_SERVERS_MAX, ICE_URLS_MAX } from "../limits.js";
import type { PeerFields } from "./sdp.js";

/** A STUN or TURN server for the client, as the browser's RTCIceServer. */
export interface IceServer {
  readonly urls: readonly string[];
  readonly username?: string;
  readonly credential?: string;
}

/** The server's half of a connection, and where the server is. */
export interface ServerHalf {
  readonly peer: PeerFields;
  /** An IP literal. */
  readonly host: string;
  readonly port: number;
}

/** An IPv4 or IPv6 literal by its characters: it goes into a candidate line of SDP, where nothing else may follow. */
const ADDRESS_PATTERN = /^(?:\d{1,3}(?:\.\d{1,3}){3}|[0-9a-fA-F:]{2,39}|[0-9a-fA-F:]{2,30}(?:\.\d{1,3}){3})$/;
const ICE_URL_PATTERN = /^(?:stun|stuns|turn|turns):[\w.:[\]%-]{1,255}(?:\?transport=(?:udp|tcp))?$/;

/** Whether the value can stand as an address in a candidate line. */
export function isAddress(value: unknown): value is string {
  return typeof value === "string" && ADDRESS_PATTERN.test(value);
}

/** A list of STUN and TURN servers as {@link IceServer}; not too long. */
export function isIceServers(value: unknown): value is IceServer[] {
  return Array.isArray(value) && value.length <= ICE_SERVERS_MAX && value.every(isIceServer);
}

function isIceServer(value: unknown): value is IceServer {
  if (typeof value !== "object" || value === null) return false;
  const { urls, username, credential } = value as Record<string, unknown>;
  const isText = (text: unknown): boolean => text === undefined || (typeof text === "string" && text.length <= 512);
  return (
    Array.isArray(urls) &&
    urls.length >= 1 &&
    urls.length <= ICE_URLS_MAX &&
    urls.every((url) => typeof url === "string" && ICE_URL_PATTERN.test(url)) &&
    isText(username) &&
    isText(credential)
  );
}
