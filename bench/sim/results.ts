/** The simulation's part of docs/RESULTS.md: one command writes it, so that no figure in it was copied by hand. */
import { execFileSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { printBars } from "./bars.js";
import { bottleneckTables } from "./bottleneck.js";
import { DEFAULT_CELL, type Cell } from "./cell.js";
import { DEFAULT_GRID, cellJobs, gridCells, printOverview } from "./grid.js";
import type { Pool } from "./pool.js";
import { writePictures } from "./pictures.js";
import { STEPS, printSteps, runAllSteps } from "./steps.js";

/** p99.9 of a bar needs more patches than a cell of the grid. */
const BARS_PATCHES = 50_000;

const BEGIN = "<!-- simulation: written by npm run bench:sim -- --results -->";
const END = "<!-- end of simulation -->";

/** Puts the section between the two marks of a Markdown file; where there are none yet, before its first section. @throws Error if only one mark is there, or no section. */
export function replaceSection(file: string, section: string): void {
  const text = readFileSync(file, "utf8"),
    begin = text.indexOf(BEGIN),
    end = text.indexOf(END),
    first = text.indexOf("\n## ") + 1;
  if (begin < 0 !== end < 0 || end < begin || (begin < 0 && first === 0))
    throw new Error(`${file} has no place for the section: "${BEGIN}" and "${END}"`);
  const [before, after] =
    begin < 0
      ? [text.slice(0, first), `\n\n${text.slice(first)}`]
      : [text.slice(0, begin), text.slice(end + END.length)];
  writeFileSync(file, `${before}${BEGIN}\n${section.trimEnd()}\n\n${END}${after}`);
}

/** The commit whose sources run, and whether plugin/ has changed since. @throws Error outside a git checkout. */
function sourcesCommit(): string {
  const git = (...args: string[]): string => execFileSync("git", args, { encoding: "utf8" }).trim();
  return `${git("log", "-1", "--format=%h", "--", "plugin")}${git("status", "--porcelain", "--", "plugin") === "" ? "" : ", with changes"}`;
}

/** @param pictures folder that gets the pictures of the step responses; undefined: none. */
export async function printResults(pool: Pool, common: Partial<Cell>, pictures: string | undefined): Promise<string> {
  const base = { ...DEFAULT_CELL, ...common };
  const bars = await printBars(pool, { patches: BARS_PATCHES, ...common });
  const jobs = cellJobs(gridCells(DEFAULT_GRID, base), DEFAULT_GRID.schemes),
    grid = printOverview(jobs, await pool.run(jobs));
  const bottleneck = await bottleneckTables(pool, common);
  const series = await runAllSteps(pool, base);
  if (pictures) writePictures(series, pictures);
  const command = (rest: string, patches = common.patches): string =>
    `\`npm run bench:sim -- ${rest}${patches === undefined ? "" : ` --patches ${patches}`}\``;
  return [
    "## Simulation",
    "",
    `Written by ${command("--results --svg docs/pictures --into docs/RESULTS.md")}: the real Link on both ends, a virtual clock, netem seeded; same seed, same figures on every machine. Patch sizes are lognormal (30..600 B, mean 165), feedback is lost as data is.`,
    `Delay is from sending to in-order delivery, less half a round trip, in ms; a warm-up of 10 s is not counted. Seed ${base.seed}; sources as of ${sourcesCommit()}.`,
    "",
    '*TCP* is a model of a WebSocket over a kernel: in-order stream, one segment per patch (joined where the window holds them back), RACK and tail loss probe (RFC 8985), timeout SRTT + max(200 ms, 4 RTTVAR) with exponential back-off (RFC 6298 with Linux\'s floor), delayed and selective acknowledgements, CUBIC (RFC 9438) with PRR; "no cwnd limit" flatters it.',
    '*Bound*: every datagram repeats everything unacknowledged, one datagram a tick; no scheme with tick-aligned sends is faster at any overhead. Where the patch interval is above 25 ms, adaptive repair sends on its own 7 ms after the patch and can be faster; "bound, 7 ms too" repeats everything then as well.',
    "",
    "### The design's targets",
    "",
    `${command("--bars", common.patches ?? BARS_PATCHES)}; mean / p99 / p99.9 at overhead, with the 90 bytes of headers that the design page counts.`,
    "",
    bars,
    "",
    "### The grid, reduced",
    "",
    `${command("--overview")}, ${base.patches} patches a cell; 62 bytes of headers (UDP channel over IPv4). The whole grid: \`--full\`; any part: \`--hz --rtt --loss --jitter --shape --scheme\`.`,
    "",
    grid,
    "",
    "### A bottleneck",
    "",
    command("--bottleneck"),
    "",
    bottleneck,
    "",
    "### Steps of loss",
    "",
    command("--steps --svg docs/pictures", undefined),
    "",
    ...STEPS.map((step) => `![${step.title}](pictures/${step.file}.svg)`),
    "",
    printSteps(series, true),
  ].join("\n");
}
