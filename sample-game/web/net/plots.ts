/**
 * The panel's plots: small uPlot charts over the last minute that share their times and their cursor.
 * Where the path was the WebSocket, the background is marked. Drawing only; the values are in a TimeSeries.
 */
import uPlot from "uplot";
import "uplot/dist/uPlot.min.css";
import { element, setText } from "./dom.js";
import type { TimeSeries } from "./time-series.js";

export interface PlotLine {
  readonly label: string;
  /** Column of the TimeSeries. */
  readonly column: number;
  /** Name of a CSS variable of the panel. */
  readonly color: string;
  /** Filled down to zero. */
  readonly fill?: boolean;
}

export interface PlotSpec {
  readonly title: string;
  readonly lines: readonly PlotLine[];
  /** The scale reaches at least this far above zero. */
  readonly least: number;
  /** And no farther than this; higher values leave the plot. Default: no limit. */
  readonly most?: number;
  /** Of the values beside the title; the axis has bare numbers, times `axisFactor` (default 1). */
  readonly format: (value: number) => string;
  readonly axisFactor?: number;
}

const HEIGHT_PX = 56;
const AXIS_PX = 34;
const AXIS_FONT = "10px ui-sans-serif, system-ui, sans-serif";
const SYNC_KEY = "net-panel";

export class Plot {
  readonly root: HTMLElement;
  readonly #spec: PlotSpec;
  readonly #chart: uPlot;
  readonly #values: HTMLElement[];
  readonly #keys: HTMLElement[];
  #series: TimeSeries | undefined;

  /** pathColumn: 0 where the path was the WebSocket; spanS: how much time is shown. */
  constructor(spec: PlotSpec, spanS: number, pathColumn: number, style: CSSStyleDeclaration) {
    this.#spec = spec;
    const color = (name: string): string => style.getPropertyValue(name).trim();
    this.#values = spec.lines.map(() => element("b"));
    this.#keys = spec.lines.map((line, i) =>
      element("span", { class: "net-key", style: `--key: var(${line.color})` }, `${line.label} `, this.#values[i]!),
    );
    const box = element("div", { class: "net-chart" });
    this.root = element(
      "figure",
      { class: "net-plot" },
      element("figcaption", {}, element("span", { class: "net-plot-title" }, spec.title), ...this.#keys),
      box,
    );
    this.#chart = new uPlot(
      {
        width: 300,
        height: HEIGHT_PX,
        padding: [5, 2, 4, 0],
        legend: { show: false },
        cursor: { y: false, points: { show: false }, drag: { x: false, y: false }, sync: { key: SYNC_KEY } },
        scales: {
          x: { time: false, range: (_chart, _min, max) => [max - spanS, max] },
          y: {
            range: (_chart, _min, max) => [0, Math.min(spec.most ?? Infinity, Math.max(spec.least, (max ?? 0) * 1.1))],
          },
        },
        axes: [
          { show: false },
          {
            size: AXIS_PX,
            gap: 4,
            space: 18,
            font: AXIS_FONT,
            stroke: color("--net-muted"),
            ticks: { show: false },
            grid: { stroke: color("--net-grid"), width: 1 },
            values: (_chart, ticks) => ticks.map((tick) => `${Number((tick * (spec.axisFactor ?? 1)).toFixed(1))}`),
          },
        ],
        series: [
          {},
          ...spec.lines.map(({ label, color: name, fill }) => ({
            label,
            stroke: color(name),
            width: 1.5,
            points: { show: false },
            spanGaps: false,
            ...(fill ? { fill: `${color(name)}22` } : {}),
          })),
        ],
        hooks: {
          drawClear: [(chart) => this.#markWebSocket(chart, pathColumn, color("--net-socket-band"))],
          setCursor: [() => this.#showValues()],
        },
      },
      [[], ...spec.lines.map(() => [])],
      box,
    );
  }

  /** Shows the series as it is now. */
  update(series: TimeSeries): void {
    this.#series = series;
    this.#chart.setData([series.times, ...this.#spec.lines.map(({ column }) => series.columns[column]!)]);
    this.#showValues();
  }

  /** Shows or hides one line and its key. */
  showLine(index: number, show: boolean): void {
    this.#keys[index]!.hidden = !show;
    this.#chart.setSeries(index + 1, { show });
  }

  resize(width: number): void {
    if (width > 0 && width !== this.#chart.width) this.#chart.setSize({ width, height: HEIGHT_PX });
  }

  destroy(): void {
    this.#chart.destroy();
  }

  /** The values under the cursor, or the newest. */
  #showValues(): void {
    const series = this.#series;
    if (series === undefined) return;
    const at = this.#chart.cursor.idx ?? series.times.length - 1;
    this.#spec.lines.forEach(({ column }, i) => {
      const value = series.columns[column]![at];
      setText(this.#values[i]!, typeof value === "number" ? this.#spec.format(value) : "–");
    });
  }

  #markWebSocket(chart: uPlot, pathColumn: number, color: string): void {
    const series = this.#series;
    if (series === undefined) return;
    const { ctx, bbox } = chart;
    const path = series.columns[pathColumn]!;
    ctx.fillStyle = color;
    for (let i = 0; i < path.length; i++) {
      if (path[i] !== 0) continue;
      const from = i;
      while (path[i + 1] === 0) i++;
      const left = Math.max(bbox.left, chart.valToPos(series.times[from]!, "x", true));
      const right = chart.valToPos(series.times[Math.min(i + 1, path.length - 1)]!, "x", true);
      if (right > left) ctx.fillRect(left, bbox.top, right - left, bbox.height);
    }
  }
}
