/** The public `repair` option: what it may be, and its check. */
import { ENCODING_WINDOW_SYMBOLS_MAX, GENERATION_SIZE_MAX, GENERATION_SIZE_MIN } from "./limits.js";

/** Largest bound on overhead that makes sense: each patch three times. */
const OVERHEAD_MAX = 2;

/**
 * How lost symbols are repaired:
 * - `"adaptive"`: a sliding encoding window; how much repair follows the measured loss, run lengths, and what the
 *   path carries (default); `{ schedule: "adaptive", overheadMax }` bounds it: wire bytes of repair and
 *   retransmissions over those of the patches, above 0 to 2 (default 0.75, and 1.08 below 40 patches a second, where
 *   repairs go out on their own and mend a loss within the tick);
 * - `"off"`: retransmission only;
 * - generations (block-code FEC groups): `groupSize` 2..16 sources, then one XOR repair;
 * - sliding at a fixed `codeRate` above 0 to 1 (repairs per source); a repair covers at least the newest `depth`
 *   symbols (1..32, default 1 / codeRate): deeper mends longer bursts and costs longer repairs; `separate: true`
 *   sends repairs on their own, a few ms later.
 */
export type RepairOption =
  | "adaptive"
  | { schedule: "adaptive"; overheadMax: number }
  | "off"
  | { schedule: "generation"; groupSize: number }
  | { schedule: "sliding"; codeRate: number; depth?: number; separate?: boolean };

/** Checks and completes the option. @throws TypeError or RangeError that names option, expected and got. */
export function parseRepair(option: unknown, name = "repair"): RepairOption {
  if (option === undefined || option === "adaptive") return "adaptive";
  if (option === "off") return "off";
  if (typeof option !== "object" || option === null || Array.isArray(option)) {
    throw new TypeError(`"${name}" expected "adaptive", "off" or { schedule }, got ${show(option)}`);
  }
  const { schedule, overheadMax, groupSize, codeRate, depth, separate } = option as Record<string, unknown>;
  if (schedule === "adaptive") {
    rejectOthers(option, name, ["schedule", "overheadMax"]);
    if (typeof overheadMax !== "number" || !(overheadMax > 0 && overheadMax <= OVERHEAD_MAX))
      throw new RangeError(`"${name}.overheadMax" expected above 0 to ${OVERHEAD_MAX}, got ${show(overheadMax)}`);
    return Object.freeze({ schedule, overheadMax });
  }
  if (schedule === "generation") {
    rejectOthers(option, name, ["schedule", "groupSize"]);
    if (
      !Number.isInteger(groupSize) ||
      (groupSize as number) < GENERATION_SIZE_MIN ||
      (groupSize as number) > GENERATION_SIZE_MAX
    ) {
      throw new RangeError(
        `"${name}.groupSize" expected ${GENERATION_SIZE_MIN}..${GENERATION_SIZE_MAX}, got ${show(groupSize)}`,
      );
    }
    return Object.freeze({ schedule, groupSize: groupSize as number });
  }
  if (schedule === "sliding") {
    rejectOthers(option, name, ["schedule", "codeRate", "depth", "separate"]);
    if (typeof codeRate !== "number" || !(codeRate > 0 && codeRate <= 1))
      throw new RangeError(`"${name}.codeRate" expected above 0 to 1, got ${show(codeRate)}`);
    if (
      depth !== undefined &&
      (!Number.isInteger(depth) || (depth as number) < 1 || (depth as number) > ENCODING_WINDOW_SYMBOLS_MAX)
    ) {
      throw new RangeError(`"${name}.depth" expected 1..${ENCODING_WINDOW_SYMBOLS_MAX}, got ${show(depth)}`);
    }
    if (separate !== undefined && typeof separate !== "boolean")
      throw new TypeError(`"${name}.separate" expected true or false, got ${show(separate)}`);
    return Object.freeze({
      schedule,
      codeRate,
      depth: (depth as number | undefined) ?? 1,
      separate: separate ?? false,
    });
  }
  throw new TypeError(`"${name}.schedule" expected "adaptive", "generation" or "sliding", got ${show(schedule)}`);
}

function rejectOthers(option: object, name: string, known: readonly string[]): void {
  for (const key of Object.keys(option)) {
    if (!known.includes(key))
      throw new TypeError(`"${name}.${key}" is not an option; expected ${known.map((k) => `"${k}"`).join(", ")}`);
  }
}

function show(value: unknown): string {
  return typeof value === "string" ? JSON.stringify(value) : String(value);
}
