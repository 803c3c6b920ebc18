/**
 * The room and the messages between it and its clients, by name, and their bounds.
 * What changes every tick is in the state (server/schema.ts), not here.
 */

/** The name of the room. */
export const ARENA_ROOM = "arena";

/** What a client may say of itself when it joins. */
export interface JoinOptions {
  /** Cut to NAME_LENGTH_MAX characters; an empty one becomes "player <slot>". */
  name?: string;
  /** Played by a program. */
  bot?: boolean;
  /** Only watches: gets state and feed, has no player, and is not counted as one. */
  spectate?: boolean;
}

/** Server to client: one entry of the feed. */
export const FEED_MESSAGE = "feed";
/** Client to server: a line of chat. */
export const CHAT_MESSAGE = "chat";

/** Longest line of chat, characters; a longer one is cut. */
export const CHAT_LENGTH_MAX = 120;

/**
 * Kill feed and chat in one stream. `seq` counts from 0 for every client by itself, without a gap:
 * so every client can tell on its own whether anything is missing, doubled or out of order.
 */
export type FeedEntry = { seq: number } & FeedEvent;

export type FeedEvent =
  | { kind: "join" | "leave"; name: string }
  | { kind: "kill"; killer: string; victim: string }
  | { kind: "chat"; name: string; text: string }
  | { kind: "freeze" };

export interface ChatLine {
  /** Counts from 0 if the client wants its lines to be checked; left out otherwise. */
  seq?: number;
  text: string;
}
