/** The panel's figures of the last ten seconds, and the label that each view carries while two are shown. */
import { element, setText } from "./dom.js";
import type { LinkSample } from "./link-probe.js";

export type PathName = "websocket" | "udp" | "webrtc";

const PATH_TEXT: Readonly<Record<PathName, string>> = { websocket: "WebSocket", udp: "UDP", webrtc: "WebRTC" };

const TILES = [
  {
    name: "age",
    label: "patch age p99 (added)",
    hint: "From the server's tick to your screen's state, over the last 10 s; added: beyond the fastest tenth of that time, by loss and jitter",
  },
  { name: "rtt", label: "round trip", hint: "Of the datagram path, smoothed" },
  {
    name: "loss",
    label: "loss → after repair",
    hint: "Share of incoming symbols that did not come by themselves, and that repair did not bring either, over the last 10 s",
  },
  { name: "overhead", label: "overhead", hint: "Bytes beyond those of the patches alone, over the last 2 s" },
] as const;

/** Four figures in a row, and the path in use. */
export class FigureTiles {
  readonly root: HTMLElement;
  readonly badge = element("span", { class: "net-badge", role: "status" });
  readonly #values = TILES.map(() => element("b"));

  constructor() {
    this.root = element(
      "div",
      { class: "net-tiles" },
      ...TILES.map(({ label, hint }, i) =>
        element("div", { title: hint }, element("span", {}, label), this.#values[i]!),
      ),
    );
  }

  update({ stats, loss, overhead, ageP99Ms, addedP99Ms }: LinkSample): void {
    const onDatagrams = stats.path !== "websocket";
    setText(this.badge, PATH_TEXT[stats.path]);
    this.badge.dataset.path = stats.path;
    const texts = [
      `${formatMs(ageP99Ms)} (+${formatMs(addedP99Ms).replace(" ms", "")})`,
      onDatagrams ? formatMs(stats.rttMs) : "–",
      onDatagrams ? `${formatPercent(loss?.lossBefore)} → ${formatPercent(loss?.lossAfter)}` : "–",
      onDatagrams ? formatPercent(overhead?.overheadDown) : "–",
    ];
    texts.forEach((text, i) => setText(this.#values[i]!, text));
  }
}

/** What a view shows about its connection while two are compared: what is added to the way, for the way is the same. */
export class PaneLabel {
  readonly root: HTMLElement;
  readonly #title = element("span", { class: "net-pane-title" });
  readonly #added = element("b", { class: "net-pane-added" });
  readonly #detail = element("span", { class: "net-pane-detail" });

  constructor(kind: "with" | "without") {
    this.root = element("div", { class: `net-pane-label net-pane-${kind}` }, this.#title, this.#added, this.#detail);
  }

  /** standstillMs: the longest time without a new patch. */
  update(title: string, { addedP99Ms, ageP99Ms }: LinkSample, standstillMs: number): void {
    setText(this.#title, title);
    setText(this.#added, `+${formatMs(addedP99Ms)}`);
    setText(
      this.#detail,
      `added to the way, p99 · patch age ${formatMs(ageP99Ms)} · standstill ${formatMs(standstillMs)}`,
    );
  }
}

export function formatMs(ms: number | undefined): string {
  return ms === undefined || !Number.isFinite(ms) ? "–" : `${Math.round(ms)} ms`;
}

/** One digit after the point where it says something. */
export function formatPercent(ratio: number | undefined): string {
  if (ratio === undefined || !Number.isFinite(ratio)) return "–";
  const percent = Math.max(0, ratio * 100);
  return `${percent < 9.95 ? percent.toFixed(1) : percent.toFixed(0)} %`;
}
