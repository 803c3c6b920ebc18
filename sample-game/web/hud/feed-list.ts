/** Kill feed or chat: the newest entries, each for a while. */
import type { FeedEntry } from "../../protocol/messages.js";
import { FEED_MAX, FEED_MS } from "./limits.js";

export class FeedList {
  readonly element = document.createElement("ul");
  private readonly bornMs: number[] = [];

  constructor(className: string, label: string) {
    this.element.className = className;
    this.element.setAttribute("aria-label", label);
  }

  /** @param ownName to mark what concerns the player. */
  add(entry: FeedEntry, ownName: string | undefined): void {
    const item = createEntry(entry, ownName);
    this.element.append(item);
    this.bornMs.push(performance.now());
    if (this.bornMs.length > FEED_MAX) this.removeOldest();
  }

  /** Removes what has been there for long. */
  expire(): void {
    while (this.bornMs.length > 0 && performance.now() - this.bornMs[0]! > FEED_MS) this.removeOldest();
  }

  private removeOldest(): void {
    this.bornMs.shift();
    this.element.firstElementChild?.remove();
  }
}

function createEntry(entry: FeedEntry, ownName: string | undefined): HTMLElement {
  const item = document.createElement("li");
  item.className = entry.kind;
  const name = (text: string): HTMLElement => {
    const element = document.createElement("b");
    element.textContent = text;
    if (text === ownName) item.classList.add("mine");
    return element;
  };
  if (entry.kind === "kill") item.append(name(entry.killer), " got ", name(entry.victim));
  else if (entry.kind === "chat") item.append(name(entry.name), `: ${entry.text}`);
  else if (entry.kind === "freeze") item.append("The game is over");
  else item.append(name(entry.name), entry.kind === "join" ? " joined" : " left");
  return item;
}
