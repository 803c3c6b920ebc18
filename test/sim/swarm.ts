/**
 * Hours of random worlds (random-world.ts), on every core, each world in its own try: failing seeds are printed and counted, the rest goes on.
 *
 *   npm run swarm -- --minutes 60                 from a new first seed
 *   npm run swarm -- --minutes 5 --from 1 --workers 1 --scale 10      worlds that play ten times as long
 *   SEED=n npm run swarm                          one world, and its error in full
 *
 * Ends with 1 if a world failed. A failing seed (of scale 1) is replayed in the tests by SEED=n npx vitest run test/property/link-swarm.test.ts.
 */
import { fork, type ChildProcess } from "node:child_process";
import { availableParallelism } from "node:os";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { playRandomWorld, type WorldCounts } from "./random-world.js";

/** Seeds that a worker takes at once. */
const BATCH = 50;
const FAILURES_PRINTED_MAX = 50;
const SEED_MAX = 2 ** 32 - 1;

interface Batch {
  from: number;
  count: number;
  scale: number;
}

interface Outcome {
  count: number;
  counts: Record<string, number>;
  failures: { seed: number; message: string }[];
}

function runBatch({ from, count, scale }: Batch): Outcome {
  const outcome: Outcome = { count, counts: {}, failures: [] };
  for (let i = 0; i < count; i++) {
    const seed = (from + i) % SEED_MAX;
    try {
      const counts: WorldCounts = playRandomWorld(seed, scale);
      for (const [key, value] of Object.entries(counts)) outcome.counts[key] = (outcome.counts[key] ?? 0) + value;
    } catch (error) {
      outcome.failures.push({ seed, message: (error as Error).message });
    }
  }
  return outcome;
}

/** Runs batches on a worker until `untilMs`; resolves when it has ended. */
function work(child: ChildProcess, next: () => Batch | undefined, done: (outcome: Outcome) => void): Promise<void> {
  return new Promise((resolve, reject) => {
    const feed = (): void => {
      const batch = next();
      if (batch) child.send(batch);
      else child.disconnect();
    };
    child.on("message", (outcome: Outcome) => {
      done(outcome);
      feed();
    });
    child.on("error", reject);
    child.on("exit", (code) => (code === 0 ? resolve() : reject(new Error(`a worker ended with ${code}`))));
    feed();
  });
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      minutes: { type: "string", default: "1" },
      from: { type: "string" },
      workers: { type: "string", default: String(availableParallelism()) },
      scale: { type: "string", default: "1" },
    },
  });
  const minutes = Number(values.minutes),
    scale = Number(values.scale),
    workers = Number(values.workers);
  if (!(minutes > 0) || !(scale > 0) || !(workers >= 1))
    throw new RangeError('"--minutes", "--scale" and "--workers" expected positive numbers');
  const from = values.from === undefined ? Math.floor(Math.random() * SEED_MAX) : Number(values.from);
  const startMs = Date.now(),
    untilMs = startMs + minutes * 60_000;
  const total: Outcome = { count: 0, counts: {}, failures: [] };
  let at = from;
  console.log(`random worlds from seed ${from} for ${minutes} min on ${workers} workers, scale ${scale}`);
  const next = (): Batch | undefined => {
    if (Date.now() >= untilMs) return undefined;
    const batch = { from: at, count: BATCH, scale };
    at = (at + BATCH) % SEED_MAX;
    return batch;
  };
  const done = (outcome: Outcome): void => {
    total.count += outcome.count;
    for (const [key, value] of Object.entries(outcome.counts)) total.counts[key] = (total.counts[key] ?? 0) + value;
    for (const failure of outcome.failures) {
      total.failures.push(failure);
      if (total.failures.length <= FAILURES_PRINTED_MAX) console.log(`FAILED SEED=${failure.seed}: ${failure.message}`);
    }
  };
  await Promise.all(Array.from({ length: workers }, () => work(fork(fileURLToPath(import.meta.url)), next, done)));
  console.log(
    `${total.count} worlds, seeds ${from}..${at - 1}, ${total.failures.length} failed, ${((Date.now() - startMs) / 60_000).toFixed(1)} min`,
  );
  console.log(total.counts);
  process.exitCode = total.failures.length > 0 ? 1 : 0;
}

if (process.send) process.on("message", (batch: Batch) => process.send!(runBatch(batch)));
else if (process.env.SEED) console.log(playRandomWorld(Number(process.env.SEED)));
else await main();
