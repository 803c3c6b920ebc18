/** The best players by score, and the own one wherever it is. */
import type { Entries, PlayerView } from "../../protocol/arena-view.js";
import { rank } from "../../rules/world.js";
import { LEADERS_MAX } from "./limits.js";

export class Leaderboard {
  readonly element = document.createElement("ol");
  private shown = "";

  constructor() {
    this.element.className = "leaderboard";
    this.element.setAttribute("aria-label", "Leaderboard");
  }

  show(players: Entries<PlayerView>, ownId: string): void {
    const all: PlayerView[] = [];
    players.forEach((player) => all.push(player));
    const own = players.get(ownId);
    const ranked = rank(all);
    const rows = ranked.slice(0, LEADERS_MAX);
    if (own !== undefined && !rows.includes(own)) rows.push(own);
    const key = rows.map((row) => `${ranked.indexOf(row)} ${row.name} ${row.score} ${row.deaths}`).join("\n");
    if (key === this.shown) return;
    this.shown = key;
    this.element.replaceChildren(...rows.map((row) => createRow(row, ranked.indexOf(row) + 1, row === own)));
  }
}

function createRow({ name, score, bot }: PlayerView, place: number, isOwn: boolean): HTMLElement {
  const row = document.createElement("li");
  row.className = isOwn ? "own" : bot ? "bot" : "person";
  for (const [part, text] of [
    ["place", `${place}`],
    ["mark", ""],
    ["name", name],
    ["score", `${score}`],
  ] as const) {
    const cell = document.createElement("span");
    cell.className = part;
    cell.textContent = text;
    row.append(cell);
  }
  return row;
}
