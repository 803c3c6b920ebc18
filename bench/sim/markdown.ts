/** Tables as Markdown. */
import type { Result } from "./statistics.js";

export function table(header: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(" | ")} |`;
  return [line(header), line(header.map(() => "---")), ...rows.map(line)].join("\n");
}

/** ms with one decimal. */
export function ms(value: number): string {
  return value.toFixed(1);
}

/** A ratio as percent with one decimal. */
export function percent(ratio: number): string {
  return `${(100 * ratio).toFixed(1)} %`;
}

export const DELAY_HEADER = ["mean", "p50", "p95", "p99", "p99.9", "max"] as const;

export function delays(r: Result): string[] {
  return [r.mean, r.p50, r.p95, r.p99, r.p999, r.max].map(ms);
}

/** What a run cost, as columns of COST_HEADER; dashes for a bound, which costs what it likes. */
export const COST_HEADER = ["overhead", "B/patch", "up B/s", "dropped", "resent", "carried", "spurious"] as const;

export function costs(r: Result, isBound: boolean): string[] {
  if (isBound) return ["-", "-", "-", percent(r.dropped), "-", "-", "-"];
  return [
    percent(r.overhead),
    r.bytesPerPatch.toFixed(0),
    r.upBytesPerSecond.toFixed(0),
    percent(r.dropped),
    percent(r.retransmitted),
    percent(r.carried),
    `${(100 * r.spurious).toFixed(2)} %`,
  ];
}
