/** What holds for every impairment, whatever its options and the order of calls. Replay a run with SEED=... */

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Impairment, type ImpairmentOptions } from "../../plugin/netem/index.js";

const seed = Number(process.env.SEED ?? Date.now() & 0x7fff_ffff);
const parameters = { seed, numRuns: 300 };

const ratio = fc.oneof(fc.constant(0), fc.constant(1), fc.double({ min: 0, max: 1, noNaN: true }));
const durationMs = fc.oneof(fc.constant(0), fc.double({ min: 0, max: 200, noNaN: true }));
const burstRatio = fc.double({ min: 0, max: 0.49, noNaN: true });

const loss = fc.oneof(
  ratio,
  fc.record({
    kind: fc.constant("gilbert-elliott-count" as const),
    lossRatio: burstRatio,
    meanBurstDatagrams: fc.double({ min: 1, max: 20, noNaN: true }),
  }),
  fc.record({
    kind: fc.constant("gilbert-elliott-time" as const),
    lossRatio: burstRatio,
    meanBurstMs: fc.double({ min: 0.1, max: 100, noNaN: true }),
  }),
);

const options: fc.Arbitrary<ImpairmentOptions> = fc.record(
  {
    loss,
    delayMs: durationMs,
    jitterMs: durationMs,
    jitterDistribution: fc.constantFrom("uniform" as const, "normal" as const),
    reorder: fc.boolean(),
    reorderRatio: ratio,
    reorderDelayMs: durationMs,
    duplicate: ratio,
    corrupt: ratio,
    rateKbps: fc.oneof(fc.constant(Infinity), fc.integer({ min: 1, max: 10_000 })),
    queueBytes: fc.integer({ min: 0, max: 5_000 }),
    overheadBytes: fc.integer({ min: 0, max: 100 }),
    seed: fc.integer({ min: 0, max: 0xffff_ffff }),
  },
  { requiredKeys: [] },
);

type Step =
  | { kind: "push"; bytes: number }
  | { kind: "wait"; ms: number }
  | { kind: "poll" }
  | { kind: "blackout"; on: boolean }
  | { kind: "configure"; options: ImpairmentOptions }
  | { kind: "clear" };

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 10,
    arbitrary: fc.record({ kind: fc.constant("push" as const), bytes: fc.integer({ min: 4, max: 1_200 }) }),
  },
  { weight: 5, arbitrary: fc.record({ kind: fc.constant("wait" as const), ms: durationMs }) },
  { weight: 5, arbitrary: fc.record({ kind: fc.constant("poll" as const) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("blackout" as const), on: fc.boolean() }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("configure" as const), options }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("clear" as const) }) },
);
const steps = fc.array(step, { maxLength: 150 });
const unconfigured = steps.map((taken) => taken.filter((next) => next.kind !== "configure"));

/** Distinct bytes for each index, so that a delivered datagram tells which it is. */
function datagram(index: number, bytes: number): Uint8Array {
  const result = new Uint8Array(bytes).fill(index * 31);
  new DataView(result.buffer).setUint32(0, index);
  return result;
}

/** Takes the steps and checks conservation after each; `onDelivery` sees every datagram with its time. */
function play(
  impairment: Impairment,
  taken: readonly Step[],
  onDelivery: (bytes: Uint8Array, nowMs: number) => void,
  onPush: (bytes: Uint8Array, nowMs: number) => void = () => {},
): void {
  let nowMs = 0;
  for (const next of taken) {
    switch (next.kind) {
      case "push": {
        const bytes = datagram(impairment.stats.offered, next.bytes);
        onPush(bytes, nowMs);
        impairment.push(bytes, nowMs);
        break;
      }
      case "wait":
        nowMs += next.ms;
        break;
      case "poll":
        pollAll(impairment, nowMs, onDelivery);
        break;
      case "blackout":
        impairment.blackout(next.on);
        break;
      case "configure":
        impairment.configure(next.options);
        break;
      case "clear":
        impairment.clear();
        break;
    }
    expectConserved(impairment);
  }
}

/** Polls everything that is due, and checks that nextTimeMs says exactly when that is. */
function pollAll(impairment: Impairment, nowMs: number, onDelivery: (bytes: Uint8Array, nowMs: number) => void): void {
  for (;;) {
    const dueMs = impairment.nextTimeMs();
    const bytes = impairment.poll(nowMs);
    expect(bytes !== undefined).toBe(dueMs <= nowMs);
    if (bytes === undefined) return;
    onDelivery(bytes, nowMs);
  }
}

function expectConserved(impairment: Impairment): void {
  const { offered, duplicated, delivered, lost, overflowed, inFlight } = impairment.stats;
  expect(offered + duplicated).toBe(delivered + lost + overflowed + inFlight);
  expect(impairment.nextTimeMs() === Infinity).toBe(inFlight === 0);
}

/** How many bits differ; Infinity for different lengths. */
function distance(a: Uint8Array, b: Uint8Array): number {
  if (a.length !== b.length) return Infinity;
  let count = 0;
  for (let i = 0; i < a.length; i++) {
    for (let bits = a[i]! ^ b[i]!; bits !== 0; bits &= bits - 1) count++;
  }
  return count;
}

describe(`impairment (SEED=${seed})`, () => {
  it("loses track of no datagram, and nextTimeMs is when poll has one", () => {
    fc.assert(
      fc.property(options, steps, (given, taken) => {
        const impairment = new Impairment(given);
        play(impairment, taken, () => {});
        while (impairment.nextTimeMs() !== Infinity) pollAll(impairment, impairment.nextTimeMs(), () => {});
        expectConserved(impairment);
        expect(impairment.stats.inFlight).toBe(0);
      }),
      parameters,
    );
  });

  it("delivers only what was pushed, at most twice, each at most 3 bits off and only when corrupt", () => {
    fc.assert(
      fc.property(options, unconfigured, (given, taken) => {
        const pushed: Uint8Array[] = [];
        const deliveries: Uint8Array[] = [];
        const impairment = new Impairment(given);
        play(
          impairment,
          taken,
          (bytes) => deliveries.push(bytes),
          (bytes) => pushed.push(bytes),
        );
        const copies = new Map<Uint8Array, number>();
        let damaged = 0;
        for (const bytes of deliveries) {
          const origin = pushed.find((candidate) => distance(candidate, bytes) === 0);
          if (origin !== undefined) {
            copies.set(origin, (copies.get(origin) ?? 0) + 1);
            continue;
          }
          damaged++;
          expect(pushed.some((candidate) => distance(candidate, bytes) <= 3)).toBe(true);
        }
        expect(damaged).toBeLessThanOrEqual(impairment.stats.corrupted);
        // A damaged datagram of 4 bytes may look like another one.
        if (!given.corrupt) expect(Math.max(0, ...copies.values())).toBeLessThanOrEqual(given.duplicate ? 2 : 1);
      }),
      parameters,
    );
  });

  it("delivers nothing earlier than delayMs after it was pushed", () => {
    fc.assert(
      fc.property(options, unconfigured, (given, taken) => {
        const impairment = new Impairment({ ...given, corrupt: 0 });
        const pushedAtMs: number[] = [];
        play(
          impairment,
          taken,
          (bytes, nowMs) => {
            const index = new DataView(bytes.buffer).getUint32(0);
            expect(nowMs).toBeGreaterThanOrEqual(pushedAtMs[index]! + (given.delayMs ?? 0));
          },
          (_bytes, nowMs) => pushedAtMs.push(nowMs),
        );
      }),
      parameters,
    );
  });

  it("keeps the order, whatever changes while running, unless it was asked to reorder", () => {
    const inOrder = options.map((given) => ({ ...given, reorder: false, reorderRatio: 0, corrupt: 0 }));
    const ordered = (next: Step): Step =>
      next.kind === "configure"
        ? { kind: "configure", options: { ...next.options, reorder: false, reorderRatio: 0, corrupt: 0 } }
        : next;
    fc.assert(
      fc.property(inOrder, steps, (given, taken) => {
        const impairment = new Impairment(given);
        let newest = -1;
        play(impairment, taken.map(ordered), (bytes) => {
          const index = new DataView(bytes.buffer).getUint32(0);
          expect(index).toBeGreaterThanOrEqual(newest);
          newest = index;
        });
        expect(impairment.stats.reordered).toBe(0);
      }),
      parameters,
    );
  });

  it("gives the same deliveries for the same seed and calls", () => {
    const record = (given: ImpairmentOptions, taken: readonly Step[]) => {
      const deliveries: [number, string][] = [];
      const impairment = new Impairment(given);
      play(impairment, taken, (bytes, nowMs) => deliveries.push([nowMs, bytes.join()]));
      return { deliveries, stats: impairment.stats };
    };
    fc.assert(
      fc.property(options, steps, (given, taken) => {
        expect(record(given, taken)).toEqual(record(given, taken));
      }),
      { ...parameters, numRuns: 100 },
    );
  });
});
