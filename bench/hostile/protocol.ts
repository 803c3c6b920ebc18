/** What the processes of bench:hostile tell each other. */
import type { UdpStats, WebRtcStats } from "../../plugin/server/fec-transport.js";

/** Types of the messages that the room takes. */
export const MESSAGE_TYPE = 0;
export const MESSAGE_TYPE_LONG = "m";

/**
 * What the hostile client sends. "N messages": SOURCE frames of the ordered stream, all = 143 of 2 bytes; requests: 127, each of which core answers; repairs: 9 over 32 unknown symbols;
 * garbage: noise under the honest client's connection id, from another address; jumps: authentic PINGs whose counters do. "messages" and "requests" by WebSocket: as many as TCP takes.
 */
export const ATTACKS = [
  "nothing",
  "1 message",
  "80 messages",
  "all messages",
  "unreliable messages",
  "requests",
  "repairs",
  "PINGs",
  "garbage, next counter",
  "garbage, any counter",
  "jumps of an epoch",
  "jumps of 65536",
  "messages",
] as const;
export type Attack = (typeof ATTACKS)[number];

/** How the hostile client is connected: its datagrams' channel, or by WebSocket alone, to FecTransport or to ws-transport. */
export type Way = "udp" | "webrtc" | "websocket" | "plain";

export interface Order {
  readonly port: number;
  readonly way: Way;
  readonly attack: Attack;
  /** Datagrams a second. */
  readonly rate: number;
  /** The session that garbage is sent to. */
  readonly connectionId: number;
}

/** What the server process counts, from its start on. */
export interface ServerSample {
  readonly atMs: number;
  readonly cpuUs: number;
  /** Messages that the room's handlers got. */
  readonly messages: number;
  /** The first client that left: when, with which code, and how many messages the room had by then. */
  readonly left: { readonly atMs: number; readonly code: number; readonly messages: number } | undefined;
  readonly udp: UdpStats | undefined;
  readonly webrtc: WebRtcStats | undefined;
}

/** Milliseconds of a clock that all processes of one machine share. */
export function nowMs(): number {
  return Number(process.hrtime.bigint()) / 1e6;
}
