/**
 * A million hostile and genuine datagrams in each of four arms (path-arms.ts and hostile-arm.ts say what each shows):
 *
 *   npm run fuzz                                  seed 1, a million in each arm
 *   npm run fuzz -- --seed 7 --datagrams 200000 --arm sealed
 *
 * Prints what became of them and the memory in use before and after. Ends with 1 if something threw, was delivered wrongly, or grew.
 */
import { parseArgs } from "node:util";
import { usedBytes } from "../sim/heap.js";
import { runHostileArm } from "./hostile-arm.js";
import { runPathArm } from "./path-arms.js";

const GROWTH_BYTES_MAX = 8 * 2 ** 20;

const { values } = parseArgs({
  options: {
    seed: { type: "string", default: "1" },
    datagrams: { type: "string", default: "1000000" },
    arm: { type: "string" },
  },
});
const seed = Number(values.seed),
  datagrams = Number(values.datagrams);
if (!(datagrams >= 1)) throw new RangeError('"--datagrams" expected 1 or more');

const arms: [name: string, run: () => { datagrams: number; counts: Record<string, number> }][] = [
  ["sealed", () => runPathArm("sealed", seed, datagrams)],
  ["malformed", () => runPathArm("malformed", seed, datagrams)],
  ["patient", () => runHostileArm(seed, datagrams, true)],
  ["reckless", () => runHostileArm(seed, datagrams, false)],
];

for (const [name, run] of arms) {
  if (values.arm !== undefined && values.arm !== name) continue;
  const startMs = performance.now(),
    before = usedBytes();
  try {
    const { counts, ...report } = run();
    // What the report still holds (a victim) counts as in use.
    const after = usedBytes(),
      mb = (bytes: number): string => `${(bytes / 2 ** 20).toFixed(1)} MB`;
    console.log(
      `${name}: ${report.datagrams} datagrams, seed ${seed}, ${((performance.now() - startMs) / 1000).toFixed(0)} s, memory ${mb(before)} -> ${mb(after)}`,
    );
    console.log({ ...report, victim: undefined, ...counts });
    if (after - before > GROWTH_BYTES_MAX) throw new Error(`memory grew by ${mb(after - before)}`);
  } catch (error) {
    console.error(`${name}: FAILED, seed ${seed}: ${(error as Error).stack}`);
    process.exitCode = 1;
  }
}
