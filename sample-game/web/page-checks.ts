/**
 * What the page saw, for tests: hashes of the state at the ticks that the server hashes too, the feed's sequence, errors.
 * Found as `arenaPage` on the window.
 */
import { linkStats, type RoomLinkStats } from "colyseus-fec/client";
import { hashState } from "../protocol/arena-view.js";
import { FEED_MESSAGE, type FeedEntry } from "../protocol/messages.js";
import { SequenceCheck } from "../protocol/sequence-check.js";
import type { ArenaSession } from "./session.js";

/** Hashes kept; later ones are not taken. As the room's CHECKS_MAX. */
const CHECKS_MAX = 3600;

export interface PageChecks {
  readonly session: ArenaSession;
  /** Hash by tick. */
  readonly checks: Record<number, string>;
  readonly feed: SequenceCheck;
  /** Patches that led to an older tick; 0 in a healthy session. */
  ticksBack: number;
  drops: number;
  linkStats(): RoomLinkStats;
}

/** Watches a session; the newest one is the window's. */
export function watchSession(session: ArenaSession): PageChecks {
  const { room } = session;
  const page: PageChecks = {
    session,
    checks: {},
    feed: new SequenceCheck(),
    ticksBack: 0,
    drops: 0,
    linkStats: () => linkStats(room),
  };
  let lastTick = 0;
  let count = 0;
  room.onMessage(FEED_MESSAGE, ({ seq }: FeedEntry) => page.feed.add(seq));
  room.onDrop(() => (page.drops += 1));
  room.onStateChange(() => {
    const { state } = room;
    if (state.tick < lastTick) page.ticksBack += 1;
    const isNew = state.tick !== lastTick;
    lastTick = state.tick;
    if (!isNew || state.checkTick !== state.tick || count >= CHECKS_MAX) return;
    page.checks[state.tick] = hashState(state);
    count += 1;
  });
  (window as unknown as { arenaPage: PageChecks }).arenaPage = page;
  return page;
}
