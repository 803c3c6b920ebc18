/**
 * The runs of a cell as two rows of a table (20 and 60 Hz): medians over the runs, ratios, and the verdict against the bar.
 */

import { barOf, nameOf, type Bar, type Cell } from "./cells.js";
import type { Percentiles, RunRow } from "./summary.js";

/** All runs of one cell; a run is disturbed if a process could not run for longer than the limit. */
export interface CellRuns {
  cell: Cell;
  runs: { rows: RunRow[]; disturbed: boolean }[];
}

/** Medians over the runs of one cell and patch rate. */
interface Summary {
  ws: Percentiles;
  fec: Percentiles;
  wsInput: number;
  fecInput: number;
  /** Share of ours that the room never had. */
  inputsMissed: number;
  wsBytes: number;
  fecBytes: number;
  bytesRatio: number;
  cpuRatio: number;
  p99Ratio: number;
  p99Ratios: number[];
}

const PERCENTILES = ["n", "p50", "p90", "p99", "p999", "max"] as const;

const COLUMNS = [
  "network",
  "Hz",
  "WebSocket p50 / p90 / p99 / p99.9 / max",
  "ours",
  "p99: times better (runs)",
  "inputs' p99: WebSocket / ours (missed)",
  "wire B/s: WebSocket / ours (ratio)",
  "CPU",
  "TCP: sent again / timeouts / tail probes / lost again",
  "stall",
  "verdict",
];

/** The whole table in Markdown. */
export function markdown(cells: CellRuns[]): string {
  return [COLUMNS, COLUMNS.map(() => "---"), ...cells.flatMap(rowsOf)]
    .map((row) => `| ${row.join(" | ")} |`)
    .join("\n");
}

/** What is missed of the bar, in words; "met" for nothing, "-" where there is none. */
export function verdict(
  bar: Bar,
  s: Pick<Summary, "ws" | "fec" | "p99Ratio" | "bytesRatio">,
  wrong: { ws: number; fec: number },
): string {
  const missed: string[] = [];
  if (wrong.fec > 0) missed.push(`ours: ${wrong.fec} wrong or unfinished`);
  if (wrong.ws > 0) missed.push(`WebSocket: ${wrong.ws} unfinished`);
  if (bar.levelMs !== undefined) {
    for (const p of ["p50", "p99"] as const) {
      if (s.fec[p] - s.ws[p] > bar.levelMs)
        missed.push(`${p} +${(s.fec[p] - s.ws[p]).toFixed(1)} ms, wanted +${bar.levelMs}`);
    }
  }
  if (bar.p99Ratio !== undefined && s.p99Ratio < bar.p99Ratio)
    missed.push(`p99 ${s.p99Ratio.toFixed(1)}x, wanted ${bar.p99Ratio}x`);
  if (bar.bytesRatio !== undefined && s.bytesRatio > bar.bytesRatio)
    missed.push(`bytes ${s.bytesRatio.toFixed(2)}x, wanted ${bar.bytesRatio}x`);
  if (missed.length > 0) return missed.join("; ");
  return Object.keys(bar).length === 0 ? "-" : "met";
}

function rowsOf({ cell, runs }: CellRuns): string[][] {
  const rates = [...new Set(runs.flatMap((run) => run.rows.map((row) => row.hz)))].sort((a, b) => a - b);
  return rates.map((hz) => {
    const pairs = runs.map(({ rows, disturbed }) => ({
      ws: rows.find((r) => r.hz === hz && r.transport === "ws")!,
      fec: rows.find((r) => r.hz === hz && r.transport === "fec")!,
      disturbed,
    }));
    const s = summaryOf(pairs);
    const tcp = (name: keyof RunRow["tcp"]): number => median(pairs.map((p) => p.ws.tcp[name]));
    const wrong = {
      ws: pairs.reduce((sum, p) => sum + p.ws.wrong, 0),
      fec: pairs.reduce((sum, p) => sum + p.fec.wrong, 0),
    };
    const disturbed = pairs.filter((p) => p.disturbed).length;
    return [
      nameOf(cell),
      String(hz),
      shown(s.ws),
      shown(s.fec),
      `${s.p99Ratio.toFixed(1)} (${s.p99Ratios.map((x) => x.toFixed(1)).join(", ")})`,
      `${s.wsInput.toFixed(1)} / ${s.fecInput.toFixed(1)} (${(100 * s.inputsMissed).toFixed(1)} %)`,
      `${s.wsBytes.toFixed(0)} / ${s.fecBytes.toFixed(0)} (${s.bytesRatio.toFixed(2)})`,
      s.cpuRatio.toFixed(2),
      `${tcp("retransmitted")} / ${tcp("timeouts")} / ${tcp("tailProbes")} / ${tcp("lostRetransmissions")}`,
      `${Math.max(...pairs.map((p) => Math.max(p.ws.stallMs, p.fec.stallMs))).toFixed(0)}${disturbed > 0 ? ` (${disturbed} of ${pairs.length} runs disturbed)` : ""}`,
      verdict(barOf(cell, hz), s, wrong),
    ];
  });
}

function summaryOf(pairs: { ws: RunRow; fec: RunRow }[]): Summary {
  const of = (get: (pair: { ws: RunRow; fec: RunRow }) => number): number => median(pairs.map(get));
  const percentiles = (transport: "ws" | "fec"): Percentiles =>
    Object.fromEntries(PERCENTILES.map((p) => [p, of((pair) => pair[transport].extra[p])])) as unknown as Percentiles;
  const ws = percentiles("ws"),
    fec = percentiles("fec");
  return {
    ws,
    fec,
    p99Ratio: ws.p99 / fec.p99,
    p99Ratios: pairs.map((p) => p.ws.extra.p99 / p.fec.extra.p99),
    wsInput: of((p) => p.ws.inputP99),
    fecInput: of((p) => p.fec.inputP99),
    inputsMissed: of((p) => p.fec.inputsMissed),
    wsBytes: of((p) => p.ws.wireBytes),
    fecBytes: of((p) => p.fec.wireBytes),
    bytesRatio: of((p) => p.fec.wireBytes / p.ws.wireBytes),
    cpuRatio: of((p) => p.fec.cpu / p.ws.cpu),
  };
}

function shown(p: Percentiles): string {
  return [p.p50, p.p90, p.p99, p.p999, p.max].map((ms) => ms.toFixed(ms < 100 ? 1 : 0)).join(" / ");
}

function median(values: number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}
