/**
 * The session descriptions (SDP, RFC 8866) of a data channel, rebuilt at both ends from a template: only three fields
 * of each peer travel (docs/WIRE-FORMAT.md section 6). A peer's own SDP is never parsed by anything but the three
 * patterns here, and never reaches native code.
 */

import { WEBRTC_MESSAGE_BYTES_MAX } from "../limits.js";

/** What one peer must know of the other. */
export interface PeerFields {
  /** ICE user name fragment and password (RFC 8839 section 5.4). */
  readonly ufrag: string;
  readonly pwd: string;
  /** SHA-256 of the DTLS certificate (RFC 8122 section 5), base64. */
  readonly fingerprint: string;
}

/** RFC 8839 allows 256 characters; browsers take 4 to 8 and 22 to 32. */
const UFRAG_PATTERN = /^[A-Za-z0-9+/]{4,32}$/;
const PWD_PATTERN = /^[A-Za-z0-9+/]{22,64}$/;
const FINGERPRINT_PATTERN = /^[A-Za-z0-9+/]{43}=$/;

/** Highest priority of a host candidate (RFC 8445 section 5.1.2.1); there is only one. */
const HOST_PRIORITY = 2_130_706_431;

/** Whether these are fields that may go into a template. */
export function isPeerFields(fields: { ufrag: unknown; pwd: unknown; fingerprint: unknown }): fields is PeerFields {
  const { ufrag, pwd, fingerprint } = fields;
  return (
    typeof ufrag === "string" &&
    UFRAG_PATTERN.test(ufrag) &&
    typeof pwd === "string" &&
    PWD_PATTERN.test(pwd) &&
    typeof fingerprint === "string" &&
    FINGERPRINT_PATTERN.test(fingerprint)
  );
}

/** The fields in the own SDP of a browser or of the native library; undefined if it lacks one. */
export function fieldsOfOwn(sdp: string): PeerFields | undefined {
  const hex = /^a=fingerprint:sha-256 ([0-9A-Fa-f]{2}(?::[0-9A-Fa-f]{2}){31})\s*$/m.exec(sdp)?.[1];
  const fields = {
    ufrag: /^a=ice-ufrag:(\S+)\s*$/m.exec(sdp)?.[1],
    pwd: /^a=ice-pwd:(\S+)\s*$/m.exec(sdp)?.[1],
    fingerprint: hex && btoa(String.fromCharCode(...hex.split(":").map((byte) => Number.parseInt(byte, 16)))),
  };
  return isPeerFields(fields) ? fields : undefined;
}

/** The name of the only media section in an own SDP. */
export function midOfOwn(sdp: string): string {
  return /^a=mid:([\w-]+)\s*$/m.exec(sdp)?.[1] ?? "0";
}

/**
 * The client's offer, as the server hands it to its library. @throws TypeError for fields that are none: nothing else
 * may reach native code.
 */
export function offerOf(client: PeerFields): string {
  return describe(client, "0", "actpass", []);
}

/**
 * The server's answer, as the client hands it on. `mid` is that of the client's offer; `host` an IP literal. @throws
 * TypeError for fields that are none.
 */
export function answerOf(server: PeerFields, host: string, port: number, mid = "0"): string {
  return describe(server, mid, "active", [
    `a=candidate:1 1 UDP ${HOST_PRIORITY} ${host} ${port} typ host`,
    "a=end-of-candidates",
  ]);
}

function describe(fields: PeerFields, mid: string, setup: "actpass" | "active", candidates: readonly string[]): string {
  if (!isPeerFields(fields)) throw new TypeError('"fields" expected ufrag, pwd and fingerprint, got something else');
  const hash = [...atob(fields.fingerprint)]
    .map((c) => c.charCodeAt(0).toString(16).padStart(2, "0").toUpperCase())
    .join(":");
  const lines = [
    "v=0",
    "o=- 1 1 IN IP4 0.0.0.0",
    "s=-",
    "t=0 0",
    `a=group:BUNDLE ${mid}`,
    "a=ice-options:ice2,trickle",
    "m=application 9 UDP/DTLS/SCTP webrtc-datachannel",
    "c=IN IP4 0.0.0.0",
    `a=mid:${mid}`,
    "a=sendrecv",
    `a=ice-ufrag:${fields.ufrag}`,
    `a=ice-pwd:${fields.pwd}`,
    `a=fingerprint:sha-256 ${hash}`,
    `a=setup:${setup}`,
    "a=sctp-port:5000",
    `a=max-message-size:${WEBRTC_MESSAGE_BYTES_MAX}`,
    ...candidates,
  ];
  return lines.join("\r\n") + "\r\n";
}
