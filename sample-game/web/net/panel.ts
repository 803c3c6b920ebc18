/** The net panel: what the link of the player's connection does, twice a second. */
import { linkStats } from "colyseus-fec/client";
import type { ArenaSession } from "../session.js";

const REFRESH_MS = 500;

/**
 * Fills `panel` for as long as the session lasts.
 * @returns ends it and empties the panel.
 */
export function mountNetPanel(panel: HTMLElement, session: ArenaSession): () => void {
  const list = document.createElement("dl");
  const path = addTerm(list, "Path");
  const rtt = addTerm(list, "Round trip");
  const frames = addTerm(list, "Frames");
  panel.replaceChildren(list);
  const refresh = (): void => {
    const stats = linkStats(session.room);
    const { fps, p99Ms } = session.view.frameStats();
    path.textContent = stats.path;
    rtt.textContent = `${stats.rttMs.toFixed(0)} ms`;
    frames.textContent = `${fps.toFixed(0)}/s, p99 ${p99Ms.toFixed(1)} ms`;
  };
  refresh();
  const timer = setInterval(refresh, REFRESH_MS);
  return () => {
    clearInterval(timer);
    panel.replaceChildren();
  };
}

function addTerm(list: HTMLElement, name: string): HTMLElement {
  const term = document.createElement("dt");
  term.textContent = name;
  const value = document.createElement("dd");
  list.append(term, value);
  return value;
}
