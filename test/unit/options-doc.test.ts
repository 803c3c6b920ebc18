/** docs/OPTIONS.md against the code's own checks: what is documented is accepted to its ends and no further, with that default. */

import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { parseRepair } from "../../plugin/core/repair-option.js";
import { IMPAIRMENT_OPTION_NAMES } from "../../plugin/netem/impairment-options.js";
import { parseImpairment, PROFILE_NAMES, resolveDirections, resolveImpairment } from "../../plugin/netem/index.js";
import { root } from "./readme-samples.js";

interface Row {
  readonly option: string;
  readonly range: string;
  readonly default: string;
  /** Of the tables that have it: the schedule, or the kind of loss. */
  readonly schedule?: string;
  readonly kind?: string;
}

type Use = (value: unknown) => unknown;

const text = readFileSync(`${root}docs/OPTIONS.md`, "utf8");
const [repairRows, impairmentRows, lossRows] = [...text.matchAll(/(?:^\|.*\n)+/gm)].map(([table]) => rowsOf(table)) as [
  Row[],
  Row[],
  Row[],
];

/** One record for each row of a table, by its headings; without the backquotes. */
function rowsOf(table: string): Row[] {
  const [headings, , ...rows] = table
    .trim()
    .split("\n")
    .map((line) =>
      line
        .split("|")
        .slice(1, -1)
        .map((cell) => cell.trim().replaceAll("`", "")),
    );
  return rows.map((cells) => Object.fromEntries(cells.map((cell, i) => [headings![i]!, cell])) as unknown as Row);
}

/** What a range takes, and the nearest that it does not. */
function valuesOf(range: string): { good: unknown[]; bad: unknown[] } {
  if (!/\d/.test(range)) {
    const good = range.split(" or ").map((word) => JSON.parse(word) as unknown);
    return { good, bad: ["another", 1] };
  }
  const [, integer, above, first, orMore, below, last] =
    /^(integer )?(above )?([\d.]+)(?:( or more)| to (below )?([\d.]+))$/.exec(range)!;
  const min = Number(first),
    max = orMore ? Infinity : Number(last),
    step = integer ? 1 : 1e-9;
  const good = [above ? min + step : min, below ? max - step : max];
  const bad = [
    above ? min : min - step,
    ...(orMore ? [] : [below ? max : max + step]),
    integer ? min + 0.5 : NaN,
    `${min}`,
  ];
  return { good, bad };
}

function check({ range }: Row, use: Use): void {
  const { good, bad } = valuesOf(range);
  for (const value of good) expect(() => use(value), `${value}`).not.toThrow();
  for (const value of bad) expect(() => use(value), `${value}`).toThrow();
}

const REPAIR: Record<string, Use> = {
  overheadMax: (overheadMax) => parseRepair({ schedule: "adaptive", overheadMax }),
  groupSize: (groupSize) => parseRepair({ schedule: "generation", groupSize }),
  codeRate: (codeRate) => parseRepair({ schedule: "sliding", codeRate }),
  depth: (depth) => parseRepair({ schedule: "sliding", codeRate: 0.5, depth }),
  separate: (separate) => parseRepair({ schedule: "sliding", codeRate: 0.5, separate }),
};

describe("the options of repair", () => {
  test("are all there", () => {
    expect(repairRows.map(({ option }) => option)).toEqual(Object.keys(REPAIR));
    for (const { option, schedule } of repairRows)
      expect(() => parseRepair({ schedule, [option]: 0 })).not.toThrow("is not an option");
    expect(() => parseRepair({ schedule: "adaptive", another: 1 })).toThrow('expected "schedule", "overheadMax"');
    expect(() => parseRepair({ schedule: "generation", another: 1 })).toThrow('expected "schedule", "groupSize"');
    expect(() => parseRepair({ schedule: "sliding", another: 1 })).toThrow(
      'expected "schedule", "codeRate", "depth", "separate"',
    );
  });

  test.each(repairRows)("$option of $schedule: $range", (row) => check(row, REPAIR[row.option]!));

  test("have the documented defaults", () => {
    const sliding = parseRepair({ schedule: "sliding", codeRate: 0.5 }) as unknown as Record<string, unknown>;
    for (const { option, default: fallback } of repairRows) {
      if (fallback === "required") expect(() => REPAIR[option]!(undefined)).toThrow();
      else if (option in sliding) expect(sliding[option]).toBe(JSON.parse(fallback));
    }
    // The adaptive schedule's are no part of its parsed option.
    const source = readFileSync(`${root}plugin/core/control/redundancy-controller.ts`, "utf8");
    const constant = (name: string) => Number(new RegExp(`const ${name} = ([\\d.]+);`).exec(source)![1]);
    const documented = repairRows.find(({ option }) => option === "overheadMax")!.default;
    expect(documented).toBe(
      `${constant("SHARE_MAX")}; ${constant("SEPARATE_SHARE_MAX")} below ${1000 / constant("SEPARATE_INTERVAL_MS")} patches a second`,
    );
  });
});

describe("the options of an impairment", () => {
  const inText = ["burstDatagrams", "burstMs"];
  const use =
    (option: string): Use =>
    (value) =>
      inText.includes(option)
        ? parseImpairment(`loss=0.1,${option}=${typeof value === "number" ? value : "no number"}`)
        : resolveImpairment({ [option]: value });

  test("are all there", () => {
    expect(impairmentRows.map(({ option }) => option)).toEqual([...IMPAIRMENT_OPTION_NAMES, ...inText]);
  });

  test.each(impairmentRows)("$option: $range", (row) => check(row, use(row.option)));

  test("have the documented defaults", () => {
    const resolved = resolveImpairment({}) as unknown as Record<string, unknown>;
    for (const { option, default: fallback } of impairmentRows.filter(({ option }) => !inText.includes(option))) {
      const value = option === "loss" ? resolveImpairment({}).loss.lossRatio : resolved[option];
      expect(String(value), option).toBe(fallback.replaceAll('"', ""));
    }
  });

  test("take the documented texts", () => {
    expect(text).toContain(PROFILE_NAMES.join(" "));
    for (const spec of ["loss=0.05,delayMs=50", "cellular,loss=0.1", "wifi,burstMs=80"]) {
      expect(text).toContain(`"${spec}"`);
      expect(() => resolveDirections(spec)).not.toThrow();
    }
  });
});

/** lossRatio, where another option is what is tried: between those of the two states. */
const LOSS: Record<string, (value: number) => object> = {
  lossRatio: (lossRatio) => ({ lossRatio }),
  meanBurstDatagrams: (meanBurstDatagrams) => ({ lossRatio: 0.1, meanBurstDatagrams }),
  meanBurstMs: (meanBurstMs) => ({ lossRatio: 0.1, meanBurstMs }),
  lossInBad: (lossInBad) => ({ lossRatio: lossInBad / 3, lossInBad }),
  lossInGood: (lossInGood) => ({ lossRatio: lossInGood, lossInGood }),
};
const BURST: Record<string, object> = {
  uniform: {},
  "gilbert-elliott-count": { meanBurstDatagrams: 1_000_000 },
  "gilbert-elliott-time": { meanBurstMs: 50 },
};

describe("the options of a loss model", () => {
  const kindsOf = ({ kind }: Row) =>
    kind!.startsWith("both") ? ["gilbert-elliott-count", "gilbert-elliott-time"] : [kind!];

  test("are all there", () => {
    for (const [kind, burst] of Object.entries(BURST)) {
      const { loss } = resolveImpairment({ loss: { kind, lossRatio: 0.1, ...burst } as never });
      const documented = lossRows.filter((row) => kindsOf(row).includes(kind)).map(({ option }) => option);
      expect(["kind", ...documented].sort()).toEqual(Object.keys(loss).sort());
    }
  });

  test.each(lossRows)("$option of $kind: $range", (row) => {
    for (const kind of kindsOf(row)) {
      const use = (value: unknown) =>
        resolveImpairment({ loss: { kind, ...BURST[kind], ...LOSS[row.option]!(value as number) } as never });
      if (kind === "gilbert-elliott-count" && row.option === "lossRatio") {
        // Bursts of a million, the longest, allow no more than the documented b / (b + 1).
        expect(row.range).toBe("0 to below 1");
        check({ ...row, range: `0 to ${1_000_000 / 1_000_001}` }, use);
      } else check(row, use);
    }
  });

  test("have the documented defaults", () => {
    for (const row of lossRows) {
      for (const kind of kindsOf(row)) {
        const loss = { kind, lossRatio: 0.1, ...BURST[kind], [row.option]: undefined };
        if (row.default === "required") expect(() => resolveImpairment({ loss: loss as never })).toThrow(TypeError);
        else
          expect(resolveImpairment({ loss: loss as never }).loss).toMatchObject({ [row.option]: Number(row.default) });
      }
    }
  });

  test("the count model's longest share of losses is as documented", () => {
    const use = (lossRatio: number) =>
      resolveImpairment({ loss: { kind: "gilbert-elliott-count", lossRatio, meanBurstDatagrams: 4 } });
    expect(() => use(4 / 5)).not.toThrow();
    expect(() => use(4 / 5 + 1e-9)).toThrow(RangeError);
  });
});
