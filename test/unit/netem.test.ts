/** The impairment model, one effect at a time, with a virtual clock and fixed seeds. */

import { createHash } from "node:crypto";
import { describe, expect, it } from "vitest";
import { Impairment, profiles, type ImpairmentOptions } from "../../plugin/netem/index.js";

const NO_OVERHEAD = { overheadBytes: 0 };

/** A datagram that carries its index in its first four bytes. */
function datagram(index: number, bytes = 100): Uint8Array {
  const result = new Uint8Array(bytes);
  new DataView(result.buffer).setUint32(0, index);
  return result;
}

function indexOf(bytes: Uint8Array): number {
  return new DataView(bytes.buffer, bytes.byteOffset).getUint32(0);
}

interface Delivery {
  index: number;
  atMs: number;
  bytes: Uint8Array;
}

/** Delivers everything in flight, each datagram exactly when it is due. */
function drain(impairment: Impairment): Delivery[] {
  const deliveries: Delivery[] = [];
  for (let atMs = impairment.nextTimeMs(); atMs !== Infinity; atMs = impairment.nextTimeMs()) {
    const bytes = impairment.poll(atMs);
    if (bytes === undefined) throw new Error(`nothing due at ${atMs}`);
    deliveries.push({ index: indexOf(bytes), atMs, bytes });
  }
  return deliveries;
}

/** Sends `count` datagrams `intervalMs` apart from time 0 and delivers all that arrive. */
function run(options: ImpairmentOptions, count: number, intervalMs: number, bytes = 100) {
  const impairment = new Impairment(options);
  const deliveries: Delivery[] = [];
  for (let index = 0; index < count; index++) {
    const nowMs = index * intervalMs;
    while (impairment.nextTimeMs() <= nowMs) {
      const atMs = impairment.nextTimeMs();
      const polled = impairment.poll(atMs)!;
      deliveries.push({ index: indexOf(polled), atMs, bytes: polled });
    }
    impairment.push(datagram(index, bytes), nowMs);
  }
  deliveries.push(...drain(impairment));
  return { deliveries, stats: impairment.stats };
}

/** Lengths of the runs of lost datagrams. */
function lossRuns(deliveries: readonly Delivery[], count: number): number[] {
  const arrived = new Set(deliveries.map((delivery) => delivery.index));
  const runs: number[] = [];
  let length = 0;
  for (let index = 0; index <= count; index++) {
    if (index < count && !arrived.has(index)) length++;
    else if (length > 0) {
      runs.push(length);
      length = 0;
    }
  }
  return runs;
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

describe("delay and jitter", () => {
  it("delivers at once and unchanged without options", () => {
    const impairment = new Impairment({});
    impairment.push(datagram(7), 5);
    expect(impairment.nextTimeMs()).toBe(5);
    expect(impairment.poll(5)).toEqual(datagram(7));
    expect(impairment.poll(5)).toBeUndefined();
    expect(impairment.nextTimeMs()).toBe(Infinity);
  });

  it("delays every datagram by exactly delayMs", () => {
    const { deliveries } = run({ delayMs: 42 }, 100, 10);
    expect(deliveries.map((delivery) => delivery.atMs - delivery.index * 10)).toEqual(Array(100).fill(42));
  });

  it("delivers nothing before it is due", () => {
    const impairment = new Impairment({ delayMs: 10 });
    impairment.push(datagram(0), 0);
    expect(impairment.poll(9.999)).toBeUndefined();
    expect(impairment.poll(10)).toBeDefined();
  });

  it("delivers datagrams that are due together in the order they came", () => {
    const impairment = new Impairment({ delayMs: 10 });
    for (let index = 0; index < 50; index++) impairment.push(datagram(index), 0);
    expect(drain(impairment).map((delivery) => delivery.index)).toEqual([...Array(50).keys()]);
  });

  it.each(["uniform", "normal"] as const)(
    "spreads %s jitter over 0..jitterMs around its middle",
    (jitterDistribution) => {
      const { deliveries } = run({ delayMs: 50, jitterMs: 20, jitterDistribution, reorder: true }, 20_000, 5);
      const delays = deliveries.map((delivery) => delivery.atMs - delivery.index * 5);
      expect(Math.min(...delays)).toBeGreaterThanOrEqual(50);
      expect(Math.max(...delays)).toBeLessThanOrEqual(70);
      expect(mean(delays)).toBeCloseTo(60, 0);
      const deviationMs = Math.sqrt(mean(delays.map((delay) => (delay - 60) ** 2)));
      const expectedMs = jitterDistribution === "uniform" ? 20 / Math.sqrt(12) : 20 / 6;
      expect(Math.abs(deviationMs - expectedMs)).toBeLessThan(0.2);
    },
  );
});

describe("order", () => {
  it("keeps the order under jitter by default", () => {
    const { deliveries, stats } = run({ delayMs: 20, jitterMs: 100 }, 5_000, 1);
    expect(deliveries.map((delivery) => delivery.index)).toEqual([...Array(5_000).keys()]);
    expect(stats.reordered).toBe(0);
  });

  it("lets jitter reorder when asked, and counts it", () => {
    const { deliveries, stats } = run({ delayMs: 20, jitterMs: 100, reorder: true }, 5_000, 1);
    let newest = -1;
    let late = 0;
    for (const { index } of deliveries) {
      if (index < newest) late++;
      newest = Math.max(newest, index);
    }
    expect(late).toBeGreaterThan(1_000);
    expect(stats.reordered).toBe(late);
  });

  it("holds back a share of datagrams by reorderDelayMs and leaves the others alone", () => {
    const { deliveries, stats } = run({ delayMs: 20, reorderRatio: 0.1, reorderDelayMs: 15 }, 10_000, 10);
    const delays = deliveries.map((delivery) => delivery.atMs - delivery.index * 10);
    expect(new Set(delays)).toEqual(new Set([20, 35]));
    const heldRatio = delays.filter((delay) => delay === 35).length / 10_000;
    expect(Math.abs(heldRatio - 0.1)).toBeLessThan(0.02);
    expect(stats.reordered).toBeGreaterThan(0);
  });
});

describe("loss", () => {
  it("loses the uniform share, in runs as short as chance makes them", () => {
    const { deliveries, stats } = run({ loss: 0.2 }, 50_000, 1);
    expect(Math.abs(stats.lost / 50_000 - 0.2)).toBeLessThan(0.01);
    expect(Math.abs(mean(lossRuns(deliveries, 50_000)) - 1.25)).toBeLessThan(0.05);
  });

  it("loses nothing at 0 and everything at 1", () => {
    expect(run({ loss: 0 }, 1_000, 1).stats.lost).toBe(0);
    expect(run({ loss: 1 }, 1_000, 1).stats.lost).toBe(1_000);
  });

  it.each([0.1, 50])("loses bursts of the mean count, %d ms apart", (intervalMs) => {
    const loss = { kind: "gilbert-elliott-count", lossRatio: 0.1, meanBurstDatagrams: 5 } as const;
    const { deliveries, stats } = run({ loss }, 100_000, intervalMs);
    expect(Math.abs(stats.lost / 100_000 - 0.1)).toBeLessThan(0.015);
    expect(Math.abs(mean(lossRuns(deliveries, 100_000)) - 5)).toBeLessThan(0.5);
  });

  it.each([1, 4])("loses outages of the mean time, whatever the interval: %d ms", (intervalMs) => {
    const loss = { kind: "gilbert-elliott-time", lossRatio: 0.1, meanBurstMs: 60 } as const;
    const count = 400_000 / intervalMs;
    const { deliveries, stats } = run({ loss }, count, intervalMs);
    expect(Math.abs(stats.lost / count - 0.1)).toBeLessThan(0.02);
    // A run of n losses is an outage of n intervals, give or take one.
    const outageMs = mean(lossRuns(deliveries, count)) * intervalMs;
    expect(Math.abs(outageMs - 60)).toBeLessThan(8);
  });

  it("makes outages by time independent for datagrams far apart", () => {
    const loss = { kind: "gilbert-elliott-time", lossRatio: 0.3, meanBurstMs: 10 } as const;
    const { deliveries } = run({ loss }, 50_000, 1_000);
    expect(Math.abs(mean(lossRuns(deliveries, 50_000)) - 1 / 0.7)).toBeLessThan(0.05);
  });

  it("mixes the losses of the good and the bad state", () => {
    const loss = {
      kind: "gilbert-elliott-count",
      lossRatio: 0.1,
      meanBurstDatagrams: 10,
      lossInBad: 0.5,
      lossInGood: 0.02,
    } as const;
    const { stats } = run({ loss }, 200_000, 1);
    expect(Math.abs(stats.lost / 200_000 - 0.1)).toBeLessThan(0.01);
  });

  it("loses everything pushed in a blackout, but nothing that is in flight", () => {
    const impairment = new Impairment({ delayMs: 10 });
    impairment.push(datagram(0), 0);
    impairment.blackout(true);
    impairment.push(datagram(1), 1);
    impairment.blackout(false);
    impairment.push(datagram(2), 2);
    expect(drain(impairment).map((delivery) => delivery.index)).toEqual([0, 2]);
    expect(impairment.stats).toMatchObject({ offered: 3, delivered: 2, lost: 1, inFlight: 0 });
  });

  it("loses the same datagrams whatever the jitter and the duplicates", () => {
    const arrivedWith = (options: ImpairmentOptions) => {
      const { deliveries } = run({ loss: 0.3, ...options }, 1_000, 1);
      return [...new Set(deliveries.map((delivery) => delivery.index))].sort((a, b) => a - b);
    };
    expect(arrivedWith({ jitterMs: 30, reorder: true, duplicate: 0.5 })).toEqual(arrivedWith({}));
  });
});

describe("duplicates and damage", () => {
  it("delivers a share of datagrams twice, and only twice", () => {
    const { deliveries, stats } = run({ duplicate: 0.25, delayMs: 5, jitterMs: 5 }, 10_000, 1);
    expect(Math.abs(stats.duplicated / 10_000 - 0.25)).toBeLessThan(0.02);
    expect(deliveries.length).toBe(10_000 + stats.duplicated);
    const copies = new Map<number, number>();
    for (const { index } of deliveries) copies.set(index, (copies.get(index) ?? 0) + 1);
    expect(Math.max(...copies.values())).toBe(2);
  });

  it("flips 1 to 3 bits of a share of datagrams and counts them", () => {
    const impairment = new Impairment({ corrupt: 0.3 });
    const flipCounts = new Map<number, number>();
    for (let i = 0; i < 10_000; i++) {
      impairment.push(new Uint8Array(1), 0);
      const flipped = impairment.poll(0)![0]!.toString(2).replaceAll("0", "").length;
      flipCounts.set(flipped, (flipCounts.get(flipped) ?? 0) + 1);
    }
    expect([...flipCounts.keys()].sort()).toEqual([0, 1, 2, 3]);
    expect(10_000 - flipCounts.get(0)!).toBe(impairment.stats.corrupted);
    expect(Math.abs(impairment.stats.corrupted / 10_000 - 0.3)).toBeLessThan(0.03);
  });

  it("lets an empty datagram through undamaged", () => {
    const impairment = new Impairment({ corrupt: 1 });
    impairment.push(new Uint8Array(0), 0);
    expect(impairment.poll(0)).toEqual(new Uint8Array(0));
    expect(impairment.stats.corrupted).toBe(0);
  });
});

describe("rate and queue", () => {
  it("serialises datagrams at the rate, overhead included", () => {
    // 800 kbit/s are 100 bytes per ms: 100 bytes and 100 of overhead take 2 ms.
    const impairment = new Impairment({ rateKbps: 800, overheadBytes: 100, delayMs: 1 });
    for (let index = 0; index < 3; index++) impairment.push(datagram(index), 0);
    expect(drain(impairment).map((delivery) => delivery.atMs)).toEqual([3, 5, 7]);
  });

  it("delivers at the rate and drops the rest when offered 1.2 times as much", () => {
    // 1000 bytes each 0.8333 ms on a link of 8000 kbit/s, which takes 1000 bytes per ms.
    const { deliveries, stats } = run({ rateKbps: 8_000, queueBytes: 20_000, ...NO_OVERHEAD }, 12_000, 1 / 1.2, 1_000);
    const throughputKbps = (deliveries.length * 8_000) / deliveries.at(-1)!.atMs;
    expect(Math.abs(throughputKbps / 8_000 - 1)).toBeLessThan(0.01);
    expect(Math.abs(stats.overflowed / stats.offered - (1 - 1 / 1.2))).toBeLessThan(0.01);
    expect(stats.lost).toBe(0);
  });

  it("never makes a datagram wait longer than a full queue takes", () => {
    const { deliveries } = run({ rateKbps: 8_000, queueBytes: 20_000, ...NO_OVERHEAD }, 5_000, 0.5, 1_000);
    const waits = deliveries.map((delivery) => delivery.atMs - delivery.index * 0.5);
    expect(Math.max(...waits)).toBeLessThanOrEqual(20.001);
    expect(Math.max(...waits)).toBeGreaterThan(19);
  });

  it("drops nothing below the rate", () => {
    const { stats } = run({ rateKbps: 8_000, queueBytes: 2_000, ...NO_OVERHEAD }, 5_000, 1.1, 1_000);
    expect(stats.overflowed).toBe(0);
  });

  it("takes a datagram larger than its queue when it is idle", () => {
    const impairment = new Impairment({ rateKbps: 8_000, queueBytes: 0, ...NO_OVERHEAD });
    impairment.push(datagram(0, 1_000), 0);
    impairment.push(datagram(1, 1_000), 0.5);
    impairment.push(datagram(2, 1_000), 1);
    expect(drain(impairment).map((delivery) => delivery.index)).toEqual([0, 2]);
  });
});

describe("ownership and bounds", () => {
  it("copies what is pushed, even a Node Buffer, and gives it away on poll", () => {
    const impairment = new Impairment({ duplicate: 1 });
    const buffer = Buffer.from([1, 2, 3]);
    impairment.push(buffer, 0);
    buffer.fill(9);
    const first = impairment.poll(0)!;
    expect([...first]).toEqual([1, 2, 3]);
    first.fill(8);
    expect([...impairment.poll(0)!]).toEqual([1, 2, 3]);
  });

  it("holds at most 65,536 datagrams in flight", () => {
    const impairment = new Impairment({ delayMs: 1_000 });
    for (let i = 0; i < 65_540; i++) impairment.push(new Uint8Array(1), 0);
    expect(impairment.stats).toMatchObject({ inFlight: 65_536, overflowed: 4 });
  });

  it("holds at most 64 MiB in flight", () => {
    const impairment = new Impairment({ delayMs: 1_000 });
    const largest = new Uint8Array(65_535);
    for (let i = 0; i < 1_030; i++) impairment.push(largest, 0);
    expect(impairment.stats).toMatchObject({ inFlight: 1_024, overflowed: 6 });
    impairment.clear();
    impairment.push(largest, 0);
    expect(impairment.stats.inFlight).toBe(1);
  });

  it("refuses datagrams and times that are not", () => {
    const impairment = new Impairment({});
    expect(() => impairment.push(new Uint8Array(65_536), 0)).toThrow(
      new RangeError('"datagram" expected at most 65535 bytes, got 65536'),
    );
    expect(() => impairment.push("text" as never, 0)).toThrow(TypeError);
    expect(() => impairment.push(new Uint8Array(1), NaN)).toThrow('"nowMs" expected a finite number, got NaN');
    expect(() => impairment.poll(Infinity)).toThrow(RangeError);
    expect(impairment.stats.offered).toBe(0);
  });
});

describe("changes while running", () => {
  it("keeps what is in flight when options change, and the order too", () => {
    const impairment = new Impairment({ delayMs: 100 });
    impairment.push(datagram(0), 0);
    impairment.configure({ delayMs: 10 });
    impairment.push(datagram(1), 1);
    impairment.push(datagram(2), 200);
    expect(drain(impairment).map(({ index, atMs }) => [index, atMs])).toEqual([
      [0, 100],
      [1, 100],
      [2, 210],
    ]);
  });

  it("changes nothing when the new options are wrong", () => {
    const impairment = new Impairment({ delayMs: 5 });
    expect(() => impairment.configure({ delayMs: -1 })).toThrow(RangeError);
    impairment.push(datagram(0), 0);
    expect(impairment.nextTimeMs()).toBe(5);
  });

  it("drains the bottleneck at a new rate", () => {
    const impairment = new Impairment({ rateKbps: 8, reorder: true, ...NO_OVERHEAD });
    impairment.push(datagram(0), 0);
    impairment.configure({ rateKbps: 800, reorder: true, ...NO_OVERHEAD });
    impairment.push(datagram(1), 1);
    expect(drain(impairment)[0]).toMatchObject({ index: 1, atMs: 2 });
  });

  it("counts what clear() takes as lost", () => {
    const impairment = new Impairment({ delayMs: 100 });
    for (let index = 0; index < 5; index++) impairment.push(datagram(index), 0);
    impairment.clear();
    expect(impairment.nextTimeMs()).toBe(Infinity);
    expect(impairment.stats).toMatchObject({ offered: 5, lost: 5, inFlight: 0 });
  });
});

describe("determinism", () => {
  /** A digest of every delivered byte and its time. */
  function digest(options: ImpairmentOptions, seed?: number): string {
    const impairment = new Impairment(options, seed);
    const hash = createHash("sha256");
    for (let index = 0; index < 2_000; index++) impairment.push(datagram(index), index * 2);
    for (const { atMs, bytes } of drain(impairment)) hash.update(`${atMs.toFixed(6)} `).update(bytes);
    return hash.update(JSON.stringify(impairment.stats)).digest("hex").slice(0, 16);
  }

  it("gives the same bytes at the same times for the same seed", () => {
    expect(digest(profiles.terrible, 7)).toBe(digest(profiles.terrible, 7));
    expect(digest({ ...profiles.terrible, seed: 7 })).toBe(digest(profiles.terrible, 7));
    expect(digest(profiles.terrible, 8)).not.toBe(digest(profiles.terrible, 7));
  });

  // A change of these digests changes every seeded run that anyone has noted down: say so in the release notes.
  it("gives the bytes it gave before", () => {
    expect({ terrible: digest(profiles.terrible, 7), wifi: digest(profiles.wifi) }).toEqual({
      terrible: "ae1fca20d4ee62e8",
      wifi: "3deeee55adf4799c",
    });
  });
});
