/** What statistics say of a session, at either end. */

import { Link } from "../core/link.js";
import type { LinkStats } from "../core/stats.js";
import type { PathName } from "./channel-kinds.js";

/** A snapshot of one session's link; see LinkStats. */
export interface SessionStats extends Omit<LinkStats, "path"> {
  /** What the next message rides. */
  readonly path: PathName;
  /** Datagrams that the channel did not take. */
  readonly datagramsRefused: number;
}

let zeros: SessionStats | undefined;

/**
 * Of a session that has no link, as on a plain WebSocket: zeros; frozen, and always the same, since games read them
 * every frame.
 */
export function noSessionStats(): SessionStats {
  return (zeros ??= deepFreeze<SessionStats>({ ...new Link().stats(0), path: "websocket", datagramsRefused: 0 }));
}

function deepFreeze<Value extends object>(value: Value): Value {
  for (const member of Object.values(value)) if (typeof member === "object" && member !== null) deepFreeze(member);
  return Object.freeze(value);
}
