/**
 * What becomes of datagrams while their channel stands still: they are held back for a moment, and then the reliable
 * path carries them, if it is not behind itself. For whoever moves a link's datagrams to a channel;
 * docs/ARCHITECTURE.md, the WebRTC channel.
 */
import {
  ANSWER_LATE_MS,
  CARRIED_BATCH_MAX,
  CHANNEL_POLL_MS,
  CHANNEL_PROBE_MS,
  CHANNEL_STALL_MS,
  CHANNEL_UNANSWERED_FOR_MS,
} from "./limits.js";
import type { Link } from "./link.js";

/** What a channel tells of itself. */
export interface ChannelCondition {
  /** False while it has not got rid of what it took. */
  readonly writable: boolean;
  /** True if a queue that nobody sees may stand below it. */
  readonly queuesUnseen: boolean;
}

/** The part of a Link that is asked and told. */
export type StandstillLink = Pick<Link, "carryDatagram" | "unansweredMs" | "answeredInTimeMs">;

export class Standstill {
  readonly #link: StandstillLink;
  /** Since when the channel takes nothing, ms; Infinity while it does. */
  #sinceMs = Infinity;
  /**
   * Since when datagrams of a channel that may queue unseen are answered late or not at all, ms; Infinity once one was
   * in time.
   */
  #unansweredSinceMs = Infinity;
  /** When a channel whose datagrams go unanswered last got one all the same, ms. */
  #probedMs = -Infinity;

  constructor(link: StandstillLink) {
    this.#link = link;
  }

  /** True once the channel has taken nothing for so long that the reliable path carries what it should. */
  standsStill(nowMs: number): boolean {
    return nowMs - this.#sinceMs >= CHANNEL_STALL_MS;
  }

  /**
   * When to look at the channel again, ms: not every one tells when it takes datagrams again, and what it holds back
   * may be overdue. Infinity while it takes them.
   */
  nextLookMs(nowMs: number): number {
    return this.#sinceMs === Infinity ? Infinity : nowMs + CHANNEL_POLL_MS;
  }

  /**
   * What to do with the next datagram: "send" it by the channel, or "hold" it, after the link has given to the reliable
   * path what should not wait.
   */
  decide(channel: ChannelCondition, nowMs: number): "send" | "hold" {
    const unanswered = channel.queuesUnseen && this.#isUnanswered(nowMs);
    if (channel.writable && !unanswered) {
      this.#sinceMs = Infinity;
      return "send";
    }
    this.#sinceMs = Math.min(this.#sinceMs, nowMs);
    if (unanswered || this.standsStill(nowMs)) {
      for (let i = 0; i < CARRIED_BATCH_MAX && this.#link.carryDatagram(nowMs); i++);
    }
    if (!channel.writable || nowMs - this.#probedMs < CHANNEL_PROBE_MS) return "hold";
    this.#probedMs = nowMs;
    return "send";
  }

  /** Another channel, or none, takes the place. */
  reset(): void {
    this.#sinceMs = this.#unansweredSinceMs = Infinity;
  }

  /**
   * That nothing is late for a moment says nothing: what the WebSocket carried is answered at once, and little else is
   * sent meanwhile.
   */
  #isUnanswered(nowMs: number): boolean {
    if (this.#link.answeredInTimeMs > this.#unansweredSinceMs) this.#unansweredSinceMs = Infinity;
    const late = this.#link.unansweredMs(nowMs) >= ANSWER_LATE_MS;
    if (late) this.#unansweredSinceMs = Math.min(this.#unansweredSinceMs, nowMs);
    return late && nowMs - this.#unansweredSinceMs < CHANNEL_UNANSWERED_FOR_MS;
  }
}
