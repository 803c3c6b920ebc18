/**
 * Apply delay and overhead in deterministic simulation: the real Link on both ends, virtual clock, seeded netem; beside it a TCP model and the bound.
 *
 *   npm run bench:sim                       the reduced grid (a few minutes on two cores)
 *   npm run bench:sim -- --full             the whole grid of issue 3; --dry says how much that is
 *   npm run bench:sim -- --hz 20,60 --rtt 100 --loss 0.05 --jitter 0 --shape random,bursts --scheme off,adaptive,cap:0.3,tcp,bound     a part of it
 *   npm run bench:sim -- --bars             every row of FEC.md section 6 with its bar, at the 90 bytes of headers that the page counts
 *   npm run bench:sim -- --bottleneck       a rate with a finite queue, alone and with a competing flow
 *   npm run bench:sim -- --steps --svg docs/pictures      step responses as time series; --csv for CSV
 *   npm run bench:sim -- --results --svg docs/pictures --into docs/RESULTS.md      writes the simulation's part of it (without --into: prints it)
 *
 * Others: --patches 20000 --seed 1 --overhead-bytes 52 --burst-ms 0 --rate-kbps 0 --queue-bytes 16000 --workers 2 --reorder (with a jitter)
 * --overview (one row a cell).
 * Delay is "extra": from sending to in-order delivery, less half a round trip. Overhead: wire bytes downstream (channel, UDP and IP headers, repairs,
 * retransmissions) over those of the patches' own datagrams, less one. Tables go to stdout, the time taken to stderr.
 */
import { parseArgs } from "node:util";
import { printBars } from "./bars.js";
import { bottleneckTables } from "./bottleneck.js";
import { DEFAULT_CELL, schemeOf, type Cell } from "./cell.js";
import {
  DEFAULT_GRID,
  FULL_GRID,
  cellJobs,
  gridCells,
  printCells,
  printOverview,
  type Grid,
  type Shape,
} from "./grid.js";
import { Pool, cost } from "./pool.js";
import { writePictures } from "./pictures.js";
import { printResults, replaceSection } from "./results.js";
import { csvOf, printSteps, runAllSteps } from "./steps.js";

const { values } = parseArgs({
  options: {
    full: { type: "boolean" },
    dry: { type: "boolean" },
    bars: { type: "boolean" },
    bottleneck: { type: "boolean" },
    steps: { type: "boolean" },
    results: { type: "boolean" },
    overview: { type: "boolean" },
    csv: { type: "boolean" },
    reorder: { type: "boolean" },
    svg: { type: "string" },
    into: { type: "string" },
    hz: { type: "string" },
    rtt: { type: "string" },
    loss: { type: "string" },
    jitter: { type: "string" },
    shape: { type: "string" },
    scheme: { type: "string" },
    patches: { type: "string" },
    seed: { type: "string" },
    "overhead-bytes": { type: "string" },
    "burst-ms": { type: "string" },
    "rate-kbps": { type: "string" },
    "queue-bytes": { type: "string" },
    workers: { type: "string" },
  },
});

/** What was asked for that is the same in every cell. */
function commonOptions(): Partial<Cell> {
  const names = {
    patches: "patches",
    seed: "seed",
    "overhead-bytes": "overheadBytes",
    "burst-ms": "burstMs",
    "rate-kbps": "rateKbps",
    "queue-bytes": "queueBytes",
  } as const;
  return Object.fromEntries(
    Object.entries(names).flatMap(([option, field]) =>
      values[option as keyof typeof names] === undefined
        ? []
        : [[field, numbers(values[option as keyof typeof names]!)[0]]],
    ),
  );
}

/** @throws RangeError for what is not a list of numbers. */
function numbers(text: string): number[] {
  return text.split(",").map((item) => {
    const number = Number(item);
    if (item.trim() === "" || !Number.isFinite(number)) throw new RangeError(`expected numbers, got "${text}"`);
    return number;
  });
}

function gridOptions(): Grid {
  const base = values.full ? FULL_GRID : DEFAULT_GRID;
  const shapes = values.shape?.split(",") ?? base.shapes;
  for (const shape of shapes)
    if (!["random", "bursts", "fragments"].includes(shape))
      throw new RangeError(`"shape" expected random, bursts or fragments, got "${shape}"`);
  return {
    hz: values.hz ? numbers(values.hz) : base.hz,
    rttMs: values.rtt ? numbers(values.rtt) : base.rttMs,
    jitterMs: values.jitter ? numbers(values.jitter) : base.jitterMs,
    loss: values.loss ? numbers(values.loss) : base.loss,
    shapes: shapes as Shape[],
    schemes: values.scheme ? splitSchemes(values.scheme).map(schemeOf) : base.schemes,
  };
}

/** Names between commas; one repair option as JSON has commas of its own. */
function splitSchemes(text: string): string[] {
  return text.startsWith("{") ? [text] : text.split(",");
}

async function runGrid(pool: Pool): Promise<void> {
  const jobs = cellJobs(
    gridCells(gridOptions(), { ...DEFAULT_CELL, ...commonOptions(), reorder: values.reorder === true }),
    gridOptions().schemes,
  );
  const cells = new Set(jobs.map((job) => job.cell)).size;
  console.error(
    `${cells} cells, ${jobs.length} runs, about ${(jobs.reduce((sum, job) => sum + cost(job), 0) / 60).toFixed(1)} minutes of one core`,
  );
  if (values.dry) return;
  const results = await pool.run(jobs);
  console.log(values.overview ? printOverview(jobs, results) : printCells(jobs, results));
  console.error(`${(results.reduce((sum, r) => sum + r.runS, 0) / 60).toFixed(1)} minutes of work`);
}

async function run(pool: Pool): Promise<void> {
  const common = commonOptions();
  if (values.results) {
    const section = await printResults(pool, common, values.svg);
    if (values.into) replaceSection(values.into, section);
    else console.log(section);
  } else if (values.bars) console.log(await printBars(pool, common));
  else if (values.bottleneck) console.log(await bottleneckTables(pool, common));
  else if (values.steps) {
    const series = await runAllSteps(pool, { ...DEFAULT_CELL, ...common });
    console.log(values.csv ? csvOf(series) : printSteps(series));
    if (values.svg) writePictures(series, values.svg);
  } else await runGrid(pool);
}

const startMs = performance.now();
const pool = new Pool(values.workers === undefined ? undefined : numbers(values.workers)[0]!);
try {
  await run(pool);
  console.error(`${((performance.now() - startMs) / 1000).toFixed(0)} s`);
} finally {
  pool.close();
}
