/** Options, profiles, texts, directions and the random source of the impairment model. */

import { describe, expect, it } from "vitest";
import {
  deriveSeed,
  Impairment,
  parseImpairment,
  PROFILE_NAMES,
  profiles,
  resolveDirections,
  resolveImpairment,
  SeededRandom,
  type ImpairmentOptions,
} from "../../plugin/netem/index.js";

describe("resolveImpairment", () => {
  it("fills in every default and freezes the result", () => {
    const resolved = resolveImpairment({});
    expect(resolved).toEqual({
      loss: { kind: "uniform", lossRatio: 0 },
      delayMs: 0,
      jitterMs: 0,
      jitterDistribution: "uniform",
      reorder: false,
      reorderRatio: 0,
      reorderDelayMs: 10,
      duplicate: 0,
      corrupt: 0,
      rateKbps: Infinity,
      queueBytes: 65_000,
      overheadBytes: 28,
      seed: 1,
    });
    expect(Object.isFrozen(resolved) && Object.isFrozen(resolved.loss)).toBe(true);
  });

  it("gives what it got when asked again", () => {
    for (const name of PROFILE_NAMES) {
      const resolved = resolveImpairment(profiles[name]);
      expect(resolveImpairment(resolved)).toEqual(resolved);
    }
  });

  it.each<[object, string]>([
    [{ loss: 2 }, '"loss" expected 0..1, got 2'],
    [{ loss: NaN }, '"loss" expected 0..1, got NaN'],
    [{ delayMs: -1 }, '"delayMs" expected 0..600000, got -1'],
    [{ rateKbps: 0 }, '"rateKbps" expected 1 or more, got 0'],
    [{ queueBytes: 1.5 }, '"queueBytes" expected an integer in 0..67108864, got 1.5'],
    [{ seed: -1 }, '"seed" expected 0..4294967295, got -1'],
    [{ jitterDistribution: "pareto" }, '"jitterDistribution" expected one of uniform, normal, got "pareto"'],
    [
      { loss: { kind: "markov" } },
      '"loss.kind" expected one of uniform, gilbert-elliott-count, gilbert-elliott-time, got "markov"',
    ],
    [
      { loss: { kind: "gilbert-elliott-count", lossRatio: 0.9, meanBurstDatagrams: 1 } },
      '"loss.lossRatio" expected at most 0.5 for bursts of 1, got 0.9',
    ],
    [
      { loss: { kind: "gilbert-elliott-time", lossRatio: 1, meanBurstMs: 5 } },
      '"loss.lossRatio" expected below lossInBad (1), got 1',
    ],
    [
      { loss: { kind: "gilbert-elliott-time", lossRatio: 0.5, meanBurstMs: 5, lossInBad: 0.2, lossInGood: 0.2 } },
      '"loss.lossInGood" expected below lossInBad (0.2), got 0.2',
    ],
  ])("refuses %j with a RangeError", (options, message) => {
    expect(() => resolveImpairment(options as ImpairmentOptions)).toThrow(new RangeError(message));
  });

  it.each<[unknown, string]>([
    [{ loss: "5%" }, '"loss" expected 0..1 or a loss model, got "5%"'],
    [{ delayMs: "50" }, '"delayMs" expected 0..600000, got "50"'],
    [{ reorder: 1 }, '"reorder" expected true or false, got 1'],
    [
      { loss: { kind: "gilbert-elliott-count", lossRatio: 0.1 } },
      '"loss.meanBurstDatagrams" expected 1..1000000, got undefined',
    ],
    [
      { loss: { kind: "uniform", lossRatio: 0.1, meanBurstMs: 5 } },
      '"loss" expected only kind, lossRatio, got "meanBurstMs"',
    ],
    [null, '"impairment" expected an object, got null'],
  ])("refuses %j with a TypeError", (options, message) => {
    expect(() => resolveImpairment(options as ImpairmentOptions)).toThrow(new TypeError(message));
  });

  it("names the known options when it meets an unknown one", () => {
    expect(() => resolveImpairment({ delay: 5 } as ImpairmentOptions)).toThrow(
      /^"impairment" expected only loss, delayMs, .*, seed, got "delay"$/,
    );
  });
});

describe("profiles", () => {
  it("are frozen, known by name, and valid", () => {
    expect(PROFILE_NAMES).toEqual(["clean", "lan", "wifi", "cellular", "congested", "satellite", "terrible"]);
    expect(Object.isFrozen(profiles)).toBe(true);
    for (const name of PROFILE_NAMES) {
      expect(Object.isFrozen(profiles[name])).toBe(true);
      expect(Object.isFrozen(profiles[name].loss)).toBe(true);
      expect(() => new Impairment(profiles[name])).not.toThrow();
    }
  });
});

describe("parseImpairment", () => {
  it("takes a profile, options as text, both, and options as they are", () => {
    expect(parseImpairment("wifi")).toEqual(resolveImpairment(profiles.wifi));
    expect(parseImpairment("loss=0.05,delayMs=50")).toEqual(resolveImpairment({ loss: 0.05, delayMs: 50 }));
    expect(parseImpairment(" wifi , loss = 0.2 ")).toEqual(resolveImpairment({ ...profiles.wifi, loss: 0.2 }));
    expect(parseImpairment({ delayMs: 5 })).toEqual(resolveImpairment({ delayMs: 5 }));
    expect(parseImpairment("reorder=true,jitterDistribution=normal,rateKbps=Infinity")).toEqual(
      resolveImpairment({ reorder: true, jitterDistribution: "normal" }),
    );
  });

  it("makes bursts of the loss in the text, or of the profile's", () => {
    expect(parseImpairment("loss=0.1,burstDatagrams=4").loss).toMatchObject({
      kind: "gilbert-elliott-count",
      lossRatio: 0.1,
      meanBurstDatagrams: 4,
    });
    expect(parseImpairment("wifi,burstMs=80").loss).toMatchObject({
      kind: "gilbert-elliott-time",
      lossRatio: 0.01,
      meanBurstMs: 80,
    });
  });

  it.each<[string, RegExp]>([
    ["wfi", /^"profile" expected one of clean, lan, wifi, cellular, congested, satellite, terrible, .*got "wfi"$/],
    ["", /^"profile" expected one of clean, lan, .*got ""$/],
    ["toString", /^"profile" expected one of clean/],
    ["loss=2", /^"loss" expected 0\.\.1, got 2$/],
    ["loss=much", /^"loss" expected 0\.\.1 or a loss model, got "much"$/],
    ["loss=", /^"loss" expected 0\.\.1 or a loss model, got ""$/],
    ["los=0.1", /^"impairment" expected only loss, delayMs, .*burstMs, got "los"$/],
    ["loss=0.1,loss=0.2", /^"loss" expected once, got "loss=0.1,loss=0.2"$/],
    ["wifi,lan", /^"impairment" expected name=value after the first item \(one profile, first\), got "lan"$/],
    ["wifi,loss", /^"impairment" expected name=value, got "loss"$/],
    ["loss=0.1,burstMs=5,burstDatagrams=2", /^"burstMs" expected without burstDatagrams, got both$/],
  ])("refuses %j", (text, message) => {
    expect(() => parseImpairment(text)).toThrow(message);
  });
});

describe("resolveDirections", () => {
  it("applies one impairment to both directions with different random numbers", () => {
    const pair = resolveDirections({ loss: 0.5, seed: 9 });
    expect(pair.send).toEqual(resolveImpairment({ loss: 0.5, seed: 9 }));
    expect(pair.receive).toEqual({ ...pair.send, seed: deriveSeed(9, 1) });
    expect(pair.receive.seed).not.toBe(pair.send.seed);
  });

  it("leaves a missing direction clean", () => {
    const pair = resolveDirections({ receive: "lan" });
    expect(pair.send).toEqual(resolveImpairment({}));
    expect(pair.receive.delayMs).toBe(0.3);
  });

  it("takes a text for both", () => {
    expect(resolveDirections("satellite").receive.delayMs).toBe(280);
  });

  it("refuses anything else", () => {
    expect(() => resolveDirections({ send: {}, loss: 0.1 })).toThrow(
      new TypeError('"impairment" expected only send, receive, got "loss"'),
    );
    expect(() => resolveDirections(null as never)).toThrow(TypeError);
    expect(() => resolveDirections({ send: "wfi" })).toThrow(RangeError);
  });
});

describe("SeededRandom", () => {
  it("repeats with its seed and differs with another", () => {
    const draw = (seed: number) => {
      const random = new SeededRandom(seed);
      return Array.from({ length: 20 }, () => random.next());
    };
    expect(draw(1)).toEqual(draw(1));
    expect(draw(1)).not.toEqual(draw(2));
    expect(draw(0)).not.toEqual(draw(0xffff_ffff));
  });

  it("is uniform in 0..1 and in each of its integers", () => {
    const random = new SeededRandom(3);
    const buckets = new Array<number>(10).fill(0);
    let sum = 0;
    let outside = 0;
    for (let i = 0; i < 100_000; i++) {
      const value = random.next();
      outside += value >= 0 && value < 1 ? 0 : 1;
      sum += value;
      buckets[random.int(10)]!++;
    }
    expect(outside).toBe(0);
    expect(Math.abs(sum / 100_000 - 0.5)).toBeLessThan(0.005);
    for (const count of buckets) expect(Math.abs(count - 10_000)).toBeLessThan(500);
  });

  it("has normal numbers of mean 0 and standard deviation 1", () => {
    const random = new SeededRandom(4);
    let sum = 0;
    let squares = 0;
    for (let i = 0; i < 50_000; i++) {
      const value = random.normal();
      sum += value;
      squares += value * value;
    }
    expect(Math.abs(sum / 50_000)).toBeLessThan(0.02);
    expect(Math.abs(squares / 50_000 - 1)).toBeLessThan(0.03);
  });

  it("refuses what is not a seed or a count", () => {
    expect(() => new SeededRandom(0.5)).toThrow(new RangeError('"seed" expected an integer in 0..2^32 - 1, got 0.5'));
    expect(() => new SeededRandom(1).int(0)).toThrow(new RangeError('"n" expected an integer in 1..2^32, got 0'));
    expect(() => deriveSeed(1, -1)).toThrow('"index" expected an integer in 0..2^32 - 1, got -1');
  });
});
