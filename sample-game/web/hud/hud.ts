/**
 * What lies over the player's own view: leaderboard, feed, vitals, minimap, chat, and what to do when dead or offline.
 * Reads the state ten times a second; the canvas draws the rest.
 */
import { CHAT_MESSAGE, FEED_MESSAGE, type FeedEntry } from "../../protocol/messages.js";
import { RESPAWN_TICKS } from "../../rules/constants.js";
import type { ArenaRoom } from "../game/view-types.js";
import { ChatBox } from "./chat-box.js";
import { FeedList } from "./feed-list.js";
import { Leaderboard } from "./leaderboard.js";
import { STEP_MS } from "../motion/limits.js";
import { ERROR_MS, HUD_REFRESH_MS } from "./limits.js";
import { Minimap } from "./minimap.js";
import { Vitals } from "./vitals.js";

export class Hud {
  private readonly element = document.createElement("div");
  private readonly notice = document.createElement("p");
  private readonly leaderboard = new Leaderboard();
  private readonly feed = new FeedList("feed", "Events");
  private readonly talk = new FeedList("talk", "Chat");
  private readonly vitals = new Vitals();
  private readonly minimap = new Minimap();
  private readonly chat: ChatBox;
  private readonly timer: ReturnType<typeof setInterval>;
  private readonly stopListening: () => void;
  private killer = "";
  private diedMs = -1;
  private offline = false;
  private error = { text: "", endMs: -1 };

  constructor(
    parent: HTMLElement,
    private readonly room: ArenaRoom,
  ) {
    this.element.className = "hud";
    this.notice.className = "notice";
    this.notice.setAttribute("role", "status");
    this.chat = new ChatBox((text) => room.send(CHAT_MESSAGE, { text }));
    const corner = document.createElement("div");
    corner.className = "corner";
    corner.append(this.leaderboard.element, this.minimap.element);
    const talkCorner = document.createElement("div");
    talkCorner.className = "talk-corner";
    talkCorner.append(this.talk.element, this.chat.element);
    this.element.append(corner, this.feed.element, this.notice, this.vitals.element, talkCorner);
    parent.append(this.element);
    this.stopListening = room.onMessage(FEED_MESSAGE, (entry: FeedEntry) => this.onFeed(entry));
    this.timer = setInterval(() => this.refresh(), HUD_REFRESH_MS);
    this.refresh();
  }

  /** Shows whether the connection is there. */
  setOffline(offline: boolean): void {
    this.offline = offline;
    this.refresh();
  }

  /** Shows for some seconds what went wrong while the game goes on. */
  showError(text: string): void {
    this.error = { text, endMs: performance.now() + ERROR_MS };
    this.refresh();
  }

  destroy(): void {
    clearInterval(this.timer);
    this.stopListening();
    this.chat.destroy();
    this.element.remove();
  }

  private onFeed(entry: FeedEntry): void {
    const ownName = this.room.state?.players?.get(this.room.sessionId)?.name;
    (entry.kind === "chat" ? this.talk : this.feed).add(entry, ownName);
    if (entry.kind === "kill" && entry.victim === ownName) this.killer = entry.killer;
  }

  private refresh(): void {
    const { state, sessionId } = this.room;
    if (state?.players === undefined) return;
    const own = state.players.get(sessionId);
    this.leaderboard.show(state.players, sessionId);
    this.minimap.draw(state, sessionId);
    this.feed.expire();
    this.talk.expire();
    if (own === undefined) return;
    this.vitals.show(own);
    if (own.alive) this.diedMs = -1;
    else if (this.diedMs < 0) this.diedMs = performance.now();
    this.showNotice(own.alive, state.frozen);
  }

  private showNotice(alive: boolean, frozen: boolean): void {
    let text = "";
    if (this.offline) text = "Connection lost. Reconnecting…";
    else if (performance.now() < this.error.endMs) text = this.error.text;
    else if (frozen) text = "The game is over.";
    else if (!alive) {
      const left = Math.max(0, (RESPAWN_TICKS * STEP_MS - (performance.now() - this.diedMs)) / 1000);
      text = `${this.killer === "" ? "You are out." : `${this.killer} got you.`} Back in ${left.toFixed(1)} s`;
    } else this.killer = "";
    if (this.notice.textContent !== text) this.notice.textContent = text;
  }
}
