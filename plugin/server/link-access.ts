/** What a room may see and change of a client's link: statistics, and the switches of tests and demonstrations. */

import type { Client } from "@colyseus/core";
import type { LinkControl } from "../session/link-control.js";
import { noSessionStats, type SessionStats } from "../session/statistics.js";
import { FecSocket } from "./fec-socket.js";

export type { LinkControl };

const NO_FLOW = Object.freeze({
  behindMs: 0,
  sentBytesPerSecond: 0,
  deliveredBytesPerSecond: 0,
  patchesShed: 0,
  resyncs: 0,
});

/** A snapshot of one client's link; see LinkStats. */
export interface ClientLinkStats extends SessionStats {
  /** How much later than a round trip allows the client has what was sent to it, by either path, ms. */
  readonly behindMs: number;
  /** What the room sends this client, bytes per second, and what of it arrives; see LinkBehindReport. */
  readonly sentBytesPerSecond: number;
  readonly deliveredBytesPerSecond: number;
  /**
   * State patches that were not sent because the client was too far behind, and full states that were sent for them.
   */
  readonly patchesShed: number;
  readonly resyncs: number;
}

let noLink: ClientLinkStats | undefined;

/**
 * Statistics of a room's client: path "websocket" and zeros (one frozen object) for one on a plain WebSocket.
 * @throws TypeError for anything but a client of a room on the server (a client's room has its own `linkStats`, in
 * "colyseus-fec/client").
 */
export function linkStats(client: Client): ClientLinkStats {
  const socket = socketOf(client);
  if (socket === undefined) return (noLink ??= Object.freeze({ ...noSessionStats(), ...NO_FLOW }));
  const { flow, session } = socket;
  const figures =
    flow === undefined ? NO_FLOW : { ...flow.figures(), patchesShed: flow.patchesShed, resyncs: flow.resyncs };
  return { ...session.stats(), ...figures };
}

/** The switches of a room's client; undefined for one on a plain WebSocket. @throws TypeError as {@link linkStats}. */
export function linkControl(client: Client): LinkControl | undefined {
  return socketOf(client)?.session.control;
}

function socketOf(client: Client): FecSocket | undefined {
  if (typeof client !== "object" || client === null || !("ref" in client))
    throw new TypeError('"client" expected a client of a room on the server, got something else');
  const ref: unknown = client.ref;
  return ref instanceof FecSocket ? ref : undefined;
}
