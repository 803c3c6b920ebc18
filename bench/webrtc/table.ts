/** The rows of bench/webrtc as a table in Markdown, and as lines to watch a run by. */

import type { Cell } from "./run-cell.js";
import type { Delays, Row, Transport } from "./summary.js";

const COLUMNS = [
  "RTT, ms",
  "loss",
  "Hz",
  "bytes",
  "down: WebSocket p50 / p99",
  "WebRTC",
  "UDP",
  "up: WebSocket p50 / p99",
  "WebRTC",
  "UDP",
  "WebRTC's p99",
];

/** Differences of p99 below this are the machine's, ms: a frame of the browser's loop, a timer. */
const LEVEL_MS = 5;

/** A line for each cell, patch rate and size: p50 / p99 of each transport, and in words where WebRTC is behind WebSocket. */
export function markdown(done: readonly { cell: Cell; rows: Row[] }[]): string {
  const lines = done.flatMap(({ cell, rows }) =>
    rows
      .filter(({ transport }) => transport === "ws")
      .map(({ hz, bytes }) => {
        const of = (transport: Transport): Row =>
          rows.find((row) => row.transport === transport && row.hz === hz && row.bytes === bytes)!;
        const ws = of("ws"),
          webrtc = of("webrtc"),
          udp = of("udp");
        return [
          2 * cell.delayMs,
          `${cell.loss} %`,
          hz,
          bytes,
          shown(ws.down),
          shown(webrtc.down),
          shown(udp.down),
          shown(ws.up),
          shown(webrtc.up),
          shown(udp.up),
          verdict(ws, webrtc),
        ];
      }),
  );
  return [COLUMNS, COLUMNS.map(() => "---"), ...lines].map((line) => `| ${line.join(" | ")} |`).join("\n");
}

/** A line for each row. */
export function shortly(rows: Row[]): string {
  const order = [...rows].sort((a, b) => a.bytes - b.bytes || a.hz - b.hz);
  return order
    .map(
      (r) =>
        `  ${r.transport.padEnd(7)}${r.hz}x${r.bytes} down ${shown(r.down)} (${r.down.skipped} of ${r.down.count} skipped) up ${shown(r.up)} (${r.up.skipped} of ${r.up.count}) ` +
        `wrong ${r.wrong}, refused ${(100 * r.refusedDown).toFixed(1)} / ${(100 * r.refusedUp).toFixed(1)} %`,
    )
    .join("\n");
}

function verdict(ws: Row, webrtc: Row): string {
  const behind = (["down", "up"] as const)
    .filter((way) => webrtc[way].p99 > ws[way].p99 + LEVEL_MS)
    .map((way) => `${way} +${(webrtc[way].p99 - ws[way].p99).toFixed(0)} ms`);
  if (webrtc.wrong > 0) behind.push(`${webrtc.wrong} wrong or unfinished`);
  return behind.length === 0 ? "not worse" : behind.join(", ");
}

function shown({ p50, p99 }: Delays): string {
  return [p50, p99].map((ms) => ms.toFixed(ms < 100 ? 1 : 0)).join(" / ");
}
