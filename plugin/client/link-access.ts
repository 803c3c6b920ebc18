/** What a game may see and change of a room's link: statistics, and the switches of tests and demonstrations. */

import type { LinkControl } from "../session/link-control.js";
import { noSessionStats } from "../session/statistics.js";
import { FecClientTransport, type RoomLinkStats } from "./fec-client-transport.js";
import { transportOf, type AnyRoom } from "./sdk-internals.js";

export type { LinkControl, RoomLinkStats };

let noLink: RoomLinkStats | undefined;

/**
 * Statistics of a room's present connection: path "websocket" and zeros (one frozen object) while there is no link, as
 * on a plain server.
 * @throws TypeError for anything but a room of the SDK (a server's client has its own `linkStats`, in "colyseus-fec").
 */
export function linkStats(room: AnyRoom): RoomLinkStats {
  requireRoom(room);
  const transport = transportOf(room);
  const stats = transport instanceof FecClientTransport ? transport.stats() : undefined;
  return stats ?? (noLink ??= Object.freeze({ ...noSessionStats(), lastChannelError: undefined }));
}

/** The switches of a room that a FecClient joined; undefined for any other. @throws TypeError as {@link linkStats}. */
export function linkControl(room: AnyRoom): LinkControl | undefined {
  requireRoom(room);
  const transport = transportOf(room);
  return transport instanceof FecClientTransport ? transport.control : undefined;
}

function requireRoom(room: unknown): void {
  if (typeof room !== "object" || room === null || !("connection" in room))
    throw new TypeError('"room" expected a room that a client joined, got something else');
}
