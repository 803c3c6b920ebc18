/**
 * The net panel: what the link of the player's connection does, and the switches to make its life hard. Puts the parts of
 * this folder together, and gives them their four updates a second; computes and draws nothing itself.
 */
import "./panel.css";
import type { RepairChoice } from "../../protocol/net-messages.js";
import { describeJoinFailure } from "../join-failure.js";
import type { ArenaSession } from "../session.js";
import { element, setText, shareKeyboard } from "./dom.js";
import { FigureTiles, formatMs, formatPercent, PaneLabel } from "./figures.js";
import { LinkProbe, type LinkSample } from "./link-probe.js";
import { LinkSwitches } from "./link-switches.js";
import { NetworkControls } from "./network-controls.js";
import { settingsOfText } from "./network-settings.js";
import { ClockDifference, quantile } from "./patch-age.js";
import { Plot, type PlotSpec } from "./plots.js";
import { RepairControls } from "./repair-controls.js";
import { SplitView } from "./split-view.js";
import { TimeSeries } from "./time-series.js";

/**
 * A plot of the whole minute is a costly drawing where there is no GPU: with ten updates of everything a second Chromium's software
 * fell from 56 to 7 frames a second as the minute filled.
 */
const UPDATE_MS = 250;
/** Every plot is drawn in one of so many updates, each in its turn. */
const PLOT_TURNS = 2;
const SPAN_S = 60;
const SAMPLES_MAX = (SPAN_S * 1000) / UPDATE_MS;
/** What the figures are taken over, s. */
const FIGURES_S = 10;
/** Up to this width of the window the sections begin folded: the panel shares a phone's screen with the game (panel.css). */
const NARROW_QUERY = "(max-width: 720px)";

const COLUMNS = [
  "age",
  "standstill",
  "otherAge",
  "otherStandstill",
  "rtt",
  "lossBefore",
  "lossAfter",
  "overheadDown",
  "overheadUp",
  "recovered",
  "retransmitted",
  "lost",
  "carried",
  "path",
] as const;
const column = (name: (typeof COLUMNS)[number]): number => COLUMNS.indexOf(name);

const perSecond = (value: number): string => value.toFixed(0);

const PLOTS: readonly PlotSpec[] = [
  {
    title: "Patch age, ms",
    least: 60,
    format: formatMs,
    lines: [
      { label: "no repair", column: column("otherAge"), color: "--net-other" },
      { label: "you", column: column("age"), color: "--net-own" },
    ],
  },
  {
    title: "Round trip, ms",
    least: 20,
    format: formatMs,
    lines: [{ label: "now", column: column("rtt"), color: "--net-own" }],
  },
  {
    title: "Loss, %",
    least: 0.02,
    format: formatPercent,
    axisFactor: 100,
    lines: [
      { label: "before", column: column("lossBefore"), color: "--net-lost", fill: true },
      { label: "after repair", column: column("lossAfter"), color: "--net-own", fill: true },
    ],
  },
  {
    title: "Overhead, %",
    least: 0.2,
    most: 3,
    format: formatPercent,
    axisFactor: 100,
    lines: [
      { label: "to you", column: column("overheadDown"), color: "--net-own" },
      { label: "from you", column: column("overheadUp"), color: "--net-carried" },
    ],
  },
  {
    title: "Symbols/s",
    least: 5,
    format: perSecond,
    lines: [
      { label: "recovered", column: column("recovered"), color: "--net-recovered" },
      { label: "retransmitted", column: column("retransmitted"), color: "--net-resent" },
      { label: "lost", column: column("lost"), color: "--net-lost" },
      { label: "carried", column: column("carried"), color: "--net-carried" },
    ],
  },
];

/**
 * Fills `panel` for as long as the session lasts. The client needs the option `netem` for the sliders to work.
 * @returns ends it and empties the panel.
 */
export function mountNetPanel(panel: HTMLElement, session: ArenaSession): () => void {
  const net = new NetPanel(panel, session);
  return () => net.unmount();
}

class NetPanel {
  readonly #panel: HTMLElement;
  readonly #session: ArenaSession;
  readonly #clock = new ClockDifference();
  readonly #series = new TimeSeries(SAMPLES_MAX, COLUMNS.length);
  readonly #probe: LinkProbe;
  readonly #switches: LinkSwitches;
  readonly #tiles = new FigureTiles();
  readonly #repair = new RepairControls();
  readonly #network = new NetworkControls();
  readonly #note = element("p", { class: "net-note net-warning", role: "status" });
  readonly #frames = element("span", {
    class: "net-frames",
    title: "Frames per second of your view, and the 99th percentile of their times",
  });
  readonly #ownLabel = new PaneLabel("with");
  readonly #otherLabel = new PaneLabel("without");
  readonly #plots: Plot[];
  readonly #plotBox: HTMLDetailsElement;
  readonly #resizing = new ResizeObserver(() => this.#fit());
  readonly #ended = new AbortController();
  readonly #timer: ReturnType<typeof setInterval>;
  readonly #wide = !matchMedia(NARROW_QUERY).matches;
  #updates = 0;
  #choice: RepairChoice | "other" = "adaptive";
  #split: SplitView | "opening" | undefined;
  /** Why the split view did not open, until the next try. */
  #splitFailure = "";

  constructor(panel: HTMLElement, session: ArenaSession) {
    this.#panel = panel;
    this.#session = session;
    this.#plotBox = element("details", { class: "net-section net-plots" }, element("summary", {}, "Last minute"));
    this.#plotBox.open = this.#wide;
    panel.replaceChildren(this.#layout());
    const style = getComputedStyle(this.#plotBox);
    this.#plots = PLOTS.map((spec) => new Plot(spec, SPAN_S, column("path"), style));
    this.#plotBox.append(...this.#plots.map(({ root }) => root));
    this.#plots[0]!.showLine(0, false);
    this.#probe = new LinkProbe(session.room, this.#clock);
    this.#switches = new LinkSwitches(session.room);
    this.#connect();
    shareKeyboard(panel, this.#ended.signal);
    this.#resizing.observe(this.#plotBox);
    this.#fit();
    this.#timer = setInterval(() => this.#update(), UPDATE_MS);
  }

  unmount(): void {
    this.#ended.abort();
    clearInterval(this.#timer);
    this.#resizing.disconnect();
    this.#repair.endCut();
    this.#closeSplit();
    this.#switches.dispose();
    this.#probe.dispose();
    for (const plot of this.#plots) plot.destroy();
    this.#panel.replaceChildren();
  }

  #layout(): HTMLElement {
    const network = element(
      "details",
      { class: "net-section", open: this.#wide },
      element("summary", {}, "Network between you and the server"),
      this.#network.root,
      element(
        "p",
        { class: "net-note" },
        "Acts on datagrams only, here at your end, both ways. The WebSocket stays as good as your real network: joining, large states, and what datagrams did not bring, ride it untouched.",
      ),
    );
    return element(
      "div",
      { class: "net" },
      element("header", { class: "net-head" }, element("h2", {}, "Network"), this.#tiles.badge, this.#frames),
      this.#note,
      this.#tiles.root,
      this.#repair.root,
      network,
      this.#plotBox,
    );
  }

  /** From the controls to the links, and back. */
  #connect(): void {
    const links = (): LinkSwitches[] => [
      this.#switches,
      ...(this.#split instanceof SplitView ? [this.#split.switches] : []),
    ];
    this.#network.onchange = (settings) => {
      for (const link of links()) link.setNetwork(settings);
    };
    this.#repair.onblackout = (on) => {
      for (const link of links()) link.blackout(on);
    };
    this.#repair.onrepair = (choice) => this.#switches.setRepair(choice);
    this.#repair.oncompare = (on) => {
      if (on) void this.#openSplit();
      else this.#closeSplit();
    };
    this.#switches.onrepair = (choice) => this.#showChoice(choice);
    // What the server did to this client's datagrams goes on here, where the sliders reach it.
    this.#switches.onserver = ({ impairment, repair }) => {
      const settings = settingsOfText(impairment);
      this.#network.show(settings);
      this.#switches.setNetwork(settings);
      if (repair !== "other") this.#switches.setRepair(repair);
      this.#showChoice(repair);
    };
  }

  #showChoice(choice: RepairChoice | "other"): void {
    this.#choice = choice;
    this.#repair.showRepair(choice);
  }

  async #openSplit(): Promise<void> {
    if (this.#split !== undefined) return;
    this.#split = "opening";
    this.#splitFailure = "";
    this.#repair.showCompare("opening");
    try {
      const split = await SplitView.open(this.#session, this.#network.settings, this.#clock);
      this.#split = split;
      if (this.#ended.signal.aborted) return this.#closeSplit();
      split.onclose = () => this.#closeSplit();
      split.switches.setNetwork(this.#network.settings);
      split.view.element.append(this.#otherLabel.root);
      this.#session.view.element.append(this.#ownLabel.root);
      this.#plots[0]!.showLine(0, true);
      this.#repair.showCompare("on");
    } catch (error) {
      this.#splitFailure = `The split view did not open: ${describeJoinFailure(error)}`;
      this.#split = undefined;
      this.#repair.showCompare("off");
    }
  }

  #closeSplit(): void {
    if (!(this.#split instanceof SplitView)) return;
    this.#split.close();
    this.#split = undefined;
    this.#ownLabel.root.remove();
    this.#plots[0]!.showLine(0, false);
    this.#repair.showCompare("off");
  }

  #update(): void {
    const timeS = performance.now() / 1000;
    const own = this.#probe.sample();
    const other = this.#split instanceof SplitView ? this.#split.probe.sample() : undefined;
    this.#series.push(
      timeS,
      COLUMNS.map((name) => valueOf(name, own, other)),
    );
    this.#tiles.update(own);
    this.#repair.refresh();
    this.#showNote(own.stats.path);
    const { fps, p99Ms } = this.#session.view.frameStats();
    setText(this.#frames, `${fps.toFixed(0)} fps · p99 ${p99Ms.toFixed(0)} ms`);
    if (other !== undefined) {
      this.#ownLabel.update(
        `Repair: ${{ adaptive: "adaptive", generation: "XOR of 4", off: "off", other: "as the server's" }[this.#choice]}`,
        own,
        this.#standstillMs("standstill", timeS),
      );
      this.#otherLabel.update("Repair: off", other, this.#standstillMs("otherStandstill", timeS));
    }
    this.#updates += 1;
    if (!this.#plotBox.open || this.#panel.offsetParent === null) return;
    this.#plots.forEach((plot, i) => {
      if ((this.#updates + i) % PLOT_TURNS === 0) plot.update(this.#series);
    });
  }

  #standstillMs(name: "standstill" | "otherStandstill", timeS: number): number {
    return quantile(this.#series.since(column(name), timeS - FIGURES_S), 1);
  }

  #showNote(path: LinkSample["stats"]["path"]): void {
    const onSocket = this.#switches.works
      ? "Everything rides the WebSocket now: the datagram path is not open, or is silent. Until it is back, the sliders do nothing."
      : "This server speaks no datagrams: everything rides the WebSocket, and the sliders do nothing.";
    const text = [path === "websocket" ? onSocket : "", this.#splitFailure].join(" ").trim();
    this.#note.hidden = text === "";
    setText(this.#note, text);
  }

  #fit(): void {
    const width = this.#plotBox.clientWidth;
    for (const plot of this.#plots) plot.resize(width);
  }
}

function valueOf(name: (typeof COLUMNS)[number], own: LinkSample, other: LinkSample | undefined): number {
  const { stats, fates, loss, overhead } = own;
  const onDatagrams = stats.path !== "websocket";
  switch (name) {
    case "age":
      return own.ageMs;
    case "standstill":
      return own.standstillMs;
    case "otherAge":
      return other?.ageMs ?? NaN;
    case "otherStandstill":
      return other?.standstillMs ?? NaN;
    case "rtt":
      return onDatagrams ? stats.rttMs : NaN;
    case "lossBefore":
      return loss?.lossBefore ?? NaN;
    case "lossAfter":
      return loss?.lossAfter ?? NaN;
    case "overheadDown":
      return overhead?.overheadDown ?? NaN;
    case "overheadUp":
      return overhead?.overheadUp ?? NaN;
    case "path":
      return onDatagrams ? 1 : 0;
    default:
      return fates?.[name] ?? NaN;
  }
}
