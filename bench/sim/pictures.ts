/** The step responses as SVG files: three panels over one time axis. Text only, so that a change shows in a diff. */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Series, SeriesPoint } from "./run-steps.js";
import { STEPS } from "./steps.js";

const WIDTH = 720,
  LEFT = 56,
  RIGHT = 16,
  PANEL = 130,
  GAP = 34,
  TOP = 40;

interface Line {
  label: string;
  colour: string;
  value: (p: SeriesPoint) => number;
}

interface Panel {
  title: string;
  unit: string;
  lines: Line[];
}

const PANELS: readonly Panel[] = [
  {
    title: "loss before repair",
    unit: "%",
    lines: [
      { label: "on the link", colour: "#999999", value: (p) => 100 * p.loss },
      { label: "measured over 10 s", colour: "#1f77b4", value: (p) => 100 * p.measuredLoss },
    ],
  },
  {
    title: "repair symbols per patch",
    unit: "",
    lines: [{ label: "adaptive", colour: "#2ca02c", value: (p) => p.repairs }],
  },
  {
    title: "extra apply delay",
    unit: "ms",
    lines: [
      { label: "p99", colour: "#d62728", value: (p) => p.p99Ms },
      { label: "mean", colour: "#ff9896", value: (p) => p.meanMs },
    ],
  },
];

/** Writes one file for each step into `folder`. */
export function writePictures(series: readonly Series[], folder: string): void {
  mkdirSync(folder, { recursive: true });
  series.forEach((s, i) => writeFileSync(join(folder, `${STEPS[i]!.file}.svg`), drawSeries(s.points, STEPS[i]!.title)));
}

export function drawSeries(points: readonly SeriesPoint[], title: string): string {
  const height = TOP + PANELS.length * (PANEL + GAP) + 10;
  const panels = PANELS.map((panel, i) => drawPanel(panel, points, TOP + i * (PANEL + GAP), i === PANELS.length - 1));
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${height}" viewBox="0 0 ${WIDTH} ${height}" font-family="sans-serif" font-size="11">`,
    `<rect width="${WIDTH}" height="${height}" fill="white"/>`,
    `<text x="${LEFT}" y="20" font-size="14">${title}: 60 Hz, RTT 100 ms, per second, many runs pooled</text>`,
    ...panels,
    "</svg>",
    "",
  ].join("\n");
}

function drawPanel({ title, unit, lines }: Panel, points: readonly SeriesPoint[], top: number, last: boolean): string {
  const max = niceMax(Math.max(...lines.flatMap((line) => points.map(line.value)))),
    bottom = top + PANEL;
  const x = (second: number): number => LEFT + (second / points.length) * (WIDTH - LEFT - RIGHT),
    y = (value: number): number => bottom - (value / max) * (PANEL - 14);
  const out = [`<text x="${LEFT}" y="${top + 6}" font-weight="bold">${title}${unit ? `, ${unit}` : ""}</text>`];
  for (const share of [0, 0.5, 1]) {
    const at = y(share * max).toFixed(1);
    out.push(
      `<line x1="${LEFT}" x2="${WIDTH - RIGHT}" y1="${at}" y2="${at}" stroke="#dddddd"/>`,
      `<text x="${LEFT - 6}" y="${+at + 4}" text-anchor="end">${+(share * max).toPrecision(3)}</text>`,
    );
  }
  for (let second = 0; second <= points.length; second += 5) {
    out.push(
      `<line x1="${x(second).toFixed(1)}" x2="${x(second).toFixed(1)}" y1="${bottom}" y2="${bottom + 4}" stroke="#666666"/>`,
      `<text x="${x(second).toFixed(1)}" y="${bottom + 15}" text-anchor="middle">${second}${last && second === points.length ? " s" : ""}</text>`,
    );
  }
  lines.forEach(({ label, colour, value }, i) => {
    // A second's value as a step: it is of the whole second.
    const path = points
      .map((p, at) => `${at === 0 ? "M" : "L"}${x(at).toFixed(1)} ${y(value(p)).toFixed(1)}H${x(at + 1).toFixed(1)}`)
      .join("");
    out.push(
      `<path d="${path}" fill="none" stroke="${colour}" stroke-width="1.5"/>`,
      `<text x="${WIDTH - RIGHT - 110 * (lines.length - 1 - i)}" y="${top + 6}" text-anchor="end" fill="${colour}">${label}</text>`,
    );
  });
  return out.join("\n");
}

/** The next of 1, 2, 5 times a power of ten. */
function niceMax(value: number): number {
  if (!(value > 0)) return 1;
  const power = 10 ** Math.floor(Math.log10(value));
  return [1, 2, 5, 10].map((step) => step * power).find((step) => step >= value)!;
}
