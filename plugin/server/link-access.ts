/** What a room may see and change of a client's link: statistics, and the switches of tests and demonstrations. */

import type { Client } from "@colyseus/core";
import type { PathName } from "../session/channel-kinds.js";
import { noLinkStats } from "../session/no-link-stats.js";
import type { RepairOption } from "../core/repair-option.js";
import type { LinkStats } from "../core/stats.js";
import type { DirectionalImpairment } from "../netem/index.js";
import { FecRef } from "./fec-ref.js";

const NO_FLOW = Object.freeze({
  behindMs: 0,
  sentBytesPerSecond: 0,
  deliveredBytesPerSecond: 0,
  patchesShed: 0,
  resyncs: 0,
});

/** A snapshot of one client's link; see LinkStats. */
export interface ClientLinkStats extends Omit<LinkStats, "path"> {
  /** What the next message rides. */
  readonly path: PathName;
  /** Datagrams that the channel did not take. */
  readonly datagramsRefused: number;
  /** How much later than a round trip allows the client has what was sent to it, by either path, ms. */
  readonly behindMs: number;
  /** What the room sends this client, bytes per second, and what of it arrives; see LinkBehindReport. */
  readonly sentBytesPerSecond: number;
  readonly deliveredBytesPerSecond: number;
  /** State patches that were not sent because the client was too far behind, and full states that were sent for them. */
  readonly patchesShed: number;
  readonly resyncs: number;
}

/** Switches of one client's link. The first two need the transport's option `netem`, and throw without. */
export interface LinkControl {
  /** Starts or ends the loss of every datagram, both ways. */
  blackout(on: boolean): void;
  /** Replaces the impairment of both directions, as seen from here. @throws TypeError or RangeError for a wrong option. */
  configure(impairment: DirectionalImpairment): void;
  /** Changes the repair of what this side sends. @throws TypeError or RangeError for a wrong option. */
  setRepair(repair: RepairOption): void;
}

let noLink: ClientLinkStats | undefined;

/**
 * Statistics of a room's client: path "websocket" and zeros (one frozen object) for one on a plain WebSocket.
 * @throws TypeError for anything but a client of a room on the server (a client's room has its own `linkStats`, in "colyseus-fec/client").
 */
export function linkStats(client: Client): ClientLinkStats {
  const ref = refOf(client);
  if (!(ref instanceof FecRef))
    return (noLink ??= Object.freeze({ ...noLinkStats(), path: "websocket", datagramsRefused: 0, ...NO_FLOW }));
  const { flow } = ref;
  const figures =
    flow === undefined ? NO_FLOW : { ...flow.figures(), patchesShed: flow.patchesShed, resyncs: flow.resyncs };
  return {
    ...ref.driver.stats(),
    path: ref.driver.path as ClientLinkStats["path"],
    datagramsRefused: ref.driver.droppedDatagrams,
    ...figures,
  };
}

/** The switches of a room's client; undefined for one on a plain WebSocket. @throws TypeError as {@link linkStats}. */
export function linkControl(client: Client): LinkControl | undefined {
  const ref = refOf(client);
  if (!(ref instanceof FecRef)) return undefined;
  return {
    blackout: (on) => ref.impairment.blackout(on),
    configure: (impairment) => ref.impairment.configure(impairment),
    setRepair: (repair) => ref.link.setRepair(repair),
  };
}

function refOf(client: Client): unknown {
  if (typeof client !== "object" || client === null || !("ref" in client))
    throw new TypeError('"client" expected a client of a room on the server, got something else');
  return client.ref;
}
