/**
 * The same rooms over ws-transport (kernel TCP) and over FecTransport (UDP), side by side in one run, between two network namespaces
 * with shared/lab's lossy link between them. Needs root, gcc, iproute2, /dev/net/tun and a built package.
 *
 *   npm run bench:lab -- --delay 50 --loss 5 --burst-ms 0 --jitter 0 --cc cubic     one cell
 *   npm run bench:lab -- --grid short                    the published table; --grid full for all of it
 *   npm run bench:lab -- --table FILE.json               the table of an earlier --out
 *   further: --runs 3 --warm 5 --seconds 20 --groups arena20:6:60,arena60:6:60 --seed 1 --repair adaptive --stall-ms 5 --retries 2 --out FILE.json --keep --lab="--pcap 1"
 *
 * Losses begin 5 s after the start, about when --warm 5 ends: the time that repair needs to learn of them is measured too; more --warm leaves it out.
 * --only ws or --only fec gives one transport the link for itself, and prints its rows as JSON. RESYNC_AFTER_MS (ms or false) is the option of that name.
 * Delays are ms of extra apply delay: from sending to the applied state, less the link's one-way delay; medians over the runs. A run in which a
 * process could not run for --stall-ms is made again, --retries times at most; what stays above it is marked. --out keeps all rows as JSON; --keep the raw logs.
 */

import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { fullGrid, nameOf, shortGrid, type Cell } from "./cells.js";
import { prepareLab, runCell, type RunOptions, type Transport } from "./run-cell.js";
import type { RunRow } from "./summary.js";
import { markdown, type CellRuns } from "./table.js";

const { values } = parseArgs({
  options: {
    delay: { type: "string", default: "50" },
    loss: { type: "string", default: "5" },
    "burst-ms": { type: "string", default: "0" },
    jitter: { type: "string", default: "0" },
    cc: { type: "string", default: "cubic" },
    grid: { type: "string" },
    runs: { type: "string", default: "3" },
    seconds: { type: "string", default: "20" },
    warm: { type: "string", default: "5" },
    groups: { type: "string", default: "arena20:6:60,arena60:6:60" },
    seed: { type: "string", default: "1" },
    repair: { type: "string", default: "adaptive" },
    "stall-ms": { type: "string", default: "5" },
    retries: { type: "string", default: "2" },
    table: { type: "string" },
    out: { type: "string" },
    keep: { type: "boolean", default: false },
    lab: { type: "string", default: "" },
    only: { type: "string" },
  },
});

function cells(): Cell[] {
  if (values.grid === "short") return shortGrid();
  if (values.grid === "full") return fullGrid();
  if (values.grid !== undefined) throw new TypeError(`"--grid" expected short or full, got ${values.grid}`);
  if (values.cc !== "cubic" && values.cc !== "bbr")
    throw new TypeError(`"--cc" expected cubic or bbr, got ${values.cc}`);
  return [
    {
      delayMs: +values.delay,
      loss: +values.loss,
      burstMs: +values["burst-ms"],
      jitterMs: +values.jitter,
      cc: values.cc,
    },
  ];
}

/** One run; again while it was disturbed, and of those the calmest. */
async function calmRun(cell: Cell, options: RunOptions): Promise<CellRuns["runs"][number]> {
  let best: { rows: RunRow[]; stallMs: number } | undefined;
  for (let i = 0; i <= +values.retries; i++) {
    const { rows, dir } = await runCell(cell, options);
    if (values.keep) console.error(`logs: ${dir}`);
    else rmSync(dir, { recursive: true });
    const stallMs = Math.max(...rows.map((row) => row.stallMs));
    console.error(
      `${new Date().toISOString().slice(11, 19)} ${nameOf(cell)}, seed ${options.seed}: stall ${stallMs.toFixed(1)} ms; ${rows.map((r) => `${r.transport}${r.hz} ${r.extra.p50.toFixed(1)}/${r.extra.p99.toFixed(0)}`).join(" ")}`,
    );
    if (best === undefined || stallMs < best.stallMs) best = { rows, stallMs };
    if (best.stallMs <= +values["stall-ms"]) break;
  }
  return { rows: best!.rows, disturbed: best!.stallMs > +values["stall-ms"] };
}

if (values.table !== undefined) {
  console.log(markdown(JSON.parse(readFileSync(values.table, "utf8"))));
  process.exit();
}
const transports: readonly Transport[] =
  values.only === undefined ? ["ws", "fec"] : values.only === "ws" || values.only === "fec" ? [values.only] : [];
if (transports.length === 0) throw new TypeError(`"--only" expected ws or fec, got ${values.only}`);
prepareLab();
const done: CellRuns[] = [];
for (const cell of cells()) {
  const runs: CellRuns["runs"] = [];
  for (let run = 0; run < +values.runs; run++) {
    runs.push(
      await calmRun(cell, {
        groups: values.groups,
        warmSeconds: +values.warm,
        seconds: +values.seconds,
        seed: +values.seed + run,
        transports,
        repair: values.repair,
        extra: values.lab.split(" ").filter(Boolean),
      }),
    );
  }
  done.push({ cell, runs });
  if (values.out !== undefined) writeFileSync(values.out, JSON.stringify(done));
}
if (transports.length === 2) console.log(markdown(done));
else
  for (const { cell, runs } of done)
    for (const { rows } of runs) for (const row of rows) console.log(JSON.stringify({ network: nameOf(cell), ...row }));
