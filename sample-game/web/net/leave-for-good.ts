/** The end of a connection that must not come back. */
import type { ArenaRoom } from "../game/view-types.js";

/**
 * Leaves now, or as soon as the connection is there: what is said into one that is down is lost, and the SDK's attempt under way
 * goes on. If that attempt fails there is no other, and the server's seat ends by itself.
 */
export function leaveForGood(room: ArenaRoom): void {
  const leave = (): void => void room.leave().catch(() => undefined); // the socket may be just opening
  room.reconnection.enabled = false;
  room.onReconnect(leave);
  leave();
}
