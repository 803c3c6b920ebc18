/**
 * Browsers against UDP and WebSocket: the same rooms in one run over ws-transport (kernel TCP) and WebRTC, both in a real Chromium, and over
 * UDP in Node, between two network namespaces with shared/lab's lossy link between them. Needs root, gcc, iproute2, /dev/net/tun, chromium.
 *
 *   npm run bench:webrtc                                   the table of RESULTS.md, some 17 minutes
 *   npm run bench:webrtc -- --delay 50 --loss 5            one cell
 *   further: --client chromium|node --rooms 20x200:2,60x200:2,20x1000:2,60x1000:2 --warm 12 --seconds 60 --seed 1 --cc cubic --out FILE.json --keep --lab="--pcap 1"
 *
 * A room's name is patches a second x bytes; its clients send messages of the same rate and size on the unreliable channel.
 */

import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { loadavg } from "node:os";
import { parseArgs } from "node:util";
import { prepareLab } from "../lab/run-cell.js";
import { runCell, type Cell } from "./run-cell.js";
import type { Row } from "./summary.js";
import { markdown, shortly } from "./table.js";

const { values } = parseArgs({
  options: {
    delay: { type: "string" },
    loss: { type: "string", default: "5" },
    client: { type: "string", default: "chromium" },
    rooms: { type: "string", default: "20x200:2,60x200:2,20x1000:2,60x1000:2" },
    warm: { type: "string", default: "12" },
    seconds: { type: "string", default: "60" },
    seed: { type: "string", default: "1" },
    cc: { type: "string", default: "cubic" },
    out: { type: "string" },
    table: { type: "string" },
    keep: { type: "boolean", default: false },
    lab: { type: "string", default: "" },
  },
});
const { client } = values;
if (client !== "chromium" && client !== "node")
  throw new TypeError(`"--client" expected chromium or node, got ${client}`);

function cells(): Cell[] {
  if (values.delay !== undefined) return [{ delayMs: +values.delay, loss: +values.loss }];
  return [20, 50].flatMap((delayMs) => [0, 1, 2, 5, 10, 20].map((loss) => ({ delayMs, loss })));
}

if (values.table !== undefined) {
  console.log(markdown(JSON.parse(readFileSync(values.table, "utf8"))));
  process.exit();
}
prepareLab();
const done: { cell: Cell; rows: Row[] }[] = [];
for (const cell of cells()) {
  const { rows, dir } = await runCell(cell, {
    client,
    rooms: values.rooms,
    warmSeconds: +values.warm,
    seconds: +values.seconds,
    seed: +values.seed,
    cc: values.cc,
    extra: values.lab.split(" ").filter(Boolean),
  });
  if (values.keep) console.error(`logs: ${dir}`);
  else rmSync(dir, { recursive: true });
  console.error(
    `${new Date().toISOString().slice(11, 19)} RTT ${2 * cell.delayMs} ms, ${cell.loss} %, load ${loadavg()[0]!.toFixed(1)}\n${shortly(rows)}`,
  );
  done.push({ cell, rows });
  if (values.out !== undefined) writeFileSync(values.out, JSON.stringify(done));
}
console.log(markdown(done));
