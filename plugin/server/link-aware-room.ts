/**
 * A room that wants to know which of its clients do not keep up, and how it is told: as core calls a room's own
 * methods.
 */

import { logger, type Client, type Room } from "@colyseus/core";
import type { LinkBehindReport } from "./backlog-monitor.js";

/** Implementing it is optional. */
export interface LinkAwareRoom {
  /**
   * A FEC client is behind what this room sends it: at most once a second while it is, and once when it keeps up again.
   * Called between ticks, so `this.patchRate` may be set. What it throws, or rejects with, goes to the room's
   * `onUncaughtException` as {@link OnLinkBehindException}, with "onLinkBehind"; without that method it is logged.
   */
  onLinkBehind?(client: Client, report: LinkBehindReport): void | Promise<void>;
}

/** As core's exceptions of a room's methods; `cause` is what was thrown. */
export class OnLinkBehindException extends Error {
  readonly client: Client;
  readonly report: LinkBehindReport;

  constructor(cause: unknown, client: Client, report: LinkBehindReport) {
    super(cause instanceof Error ? cause.message : String(cause), { cause });
    this.name = "OnLinkBehindException";
    this.client = client;
    this.report = report;
  }
}

/** Core's type of the method names what core itself calls. */
interface CatchingRoom {
  onUncaughtException?(error: Error, methodName: string): void;
}

/**
 * Tells the room, if it asks; in a microtask, not from within the tick, since the room may send patches. Never throws.
 */
export function tellRoom(room: Room & LinkAwareRoom, client: Client, report: LinkBehindReport): void {
  if (typeof room.onLinkBehind !== "function") return;
  Promise.resolve()
    .then(() => room.onLinkBehind?.(client, report))
    .catch((cause: unknown) => onError(room, new OnLinkBehindException(cause, client, report)));
}

function onError(room: Room, error: OnLinkBehindException): void {
  try {
    const { onUncaughtException } = room as CatchingRoom;
    if (onUncaughtException === undefined) throw error;
    onUncaughtException.call(room, error, "onLinkBehind");
  } catch (uncaught) {
    logger.error("colyseus-fec: in onLinkBehind:", uncaught);
  }
}
