/** What a game may see and change of a room's link: statistics, and the switches of tests and demonstrations. */

import type { PathName } from "../session/channel-kinds.js";
import { noLinkStats } from "../session/no-link-stats.js";
import type { RepairOption } from "../core/repair-option.js";
import type { LinkStats } from "../core/stats.js";
import type { DirectionalImpairment } from "../netem/index.js";
import { FecClientTransport } from "./fec-client-transport.js";
import { transportOf, type AnyRoom } from "./sdk-internals.js";

/** A snapshot of a room's link; see LinkStats. */
export interface RoomLinkStats extends Omit<LinkStats, "path"> {
  /** What the next message rides. */
  readonly path: PathName;
  /** Why there is no datagram channel: how the last try or the last channel ended. undefined while one is open, and where none was tried. */
  readonly lastChannelError: string | undefined;
  /** Datagrams that the channel did not take. */
  readonly datagramsRefused: number;
}

/** Switches of a room's link. The first two need the client's option `netem`, and throw without. */
export interface LinkControl {
  /** Starts or ends the loss of every datagram, both ways. */
  blackout(on: boolean): void;
  /** Replaces the impairment of both directions, as seen from here. @throws TypeError or RangeError for a wrong option. */
  configure(impairment: DirectionalImpairment): void;
  /** Changes the repair of what this side sends, now and after reconnections. @throws TypeError or RangeError for a wrong option. */
  setRepair(repair: RepairOption): void;
}

let noLink: RoomLinkStats | undefined;

/**
 * Statistics of a room's present connection: path "websocket" and zeros (one frozen object) while there is no link, as on a plain server.
 * @throws TypeError for anything but a room of the SDK (a server's client has its own `linkStats`, in "colyseus-fec").
 */
export function linkStats(room: AnyRoom): RoomLinkStats {
  requireRoom(room);
  const transport = transportOf(room);
  const session = transport instanceof FecClientTransport ? transport.session : undefined;
  if (session === undefined)
    return (noLink ??= Object.freeze({
      ...noLinkStats(),
      path: "websocket",
      lastChannelError: undefined,
      datagramsRefused: 0,
    }));
  const { driver, path } = session;
  return {
    ...driver.stats(),
    path: driver.path as RoomLinkStats["path"],
    lastChannelError: path.lastError,
    datagramsRefused: driver.droppedDatagrams,
  };
}

/** The switches of a room that a FecClient joined; undefined for any other. @throws TypeError as {@link linkStats}. */
export function linkControl(room: AnyRoom): LinkControl | undefined {
  requireRoom(room);
  const transport = transportOf(room);
  if (!(transport instanceof FecClientTransport)) return undefined;
  return {
    blackout: (on) => transport.impairment.blackout(on),
    configure: (impairment) => transport.impairment.configure(impairment),
    setRepair: (repair) => transport.setRepair(repair),
  };
}

function requireRoom(room: unknown): void {
  if (typeof room !== "object" || room === null || !("connection" in room))
    throw new TypeError('"room" expected a room that a client joined, got something else');
}
