/**
 * The feed's sender: one gapless sequence per client. Who gets an entry is decided by the caller.
 */
import { FEED_MESSAGE, type FeedEntry, type FeedEvent } from "../protocol/messages.js";

/** The part of a Colyseus client that the feed needs. */
export interface FeedClient {
  readonly sessionId: string;
  send(type: string, message: FeedEntry): void;
}

export class Feed {
  private readonly sent = new Map<string, number>();

  publish(clients: Iterable<FeedClient>, event: FeedEvent): void {
    for (const client of clients) {
      const seq = this.count(client.sessionId);
      this.sent.set(client.sessionId, seq + 1);
      client.send(FEED_MESSAGE, { seq, ...event });
    }
  }

  /** Entries sent to this client so far. */
  count(sessionId: string): number {
    return this.sent.get(sessionId) ?? 0;
  }

  forget(sessionId: string): void {
    this.sent.delete(sessionId);
  }
}
