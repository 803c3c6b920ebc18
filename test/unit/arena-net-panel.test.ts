import { parseImpairment, PROFILE_NAMES, resolveDirections } from "colyseus-fec/netem";
import { describe, expect, it } from "vitest";
import { patchStamp } from "../../sample-game/protocol/patch-clock.js";
import { choiceOf, parseRepairChoice, REPAIR_CHOICES, repairOption } from "../../sample-game/protocol/net-messages.js";
import { type LinkTotals, RateMeter } from "../../sample-game/web/net/link-rates.js";
import {
  describeBase,
  formatSlider,
  impairmentOf,
  isProfile,
  isSymmetric,
  settingsOfProfile,
  settingsOfText,
  sliderRange,
  withSlider,
  type SliderName,
} from "../../sample-game/web/net/network-settings.js";
import { addedMs, ClockDifference, PatchAge, quantile } from "../../sample-game/web/net/patch-age.js";
import { TimeSeries } from "../../sample-game/web/net/time-series.js";

describe("a time series", () => {
  it("keeps the newest samples in order, however many come, and shows gaps", () => {
    const series = new TimeSeries(5, 2);
    for (let i = 1; i <= 23; i++) {
      series.push(i, i % 3 === 0 ? [i * 10] : [i * 10, NaN + i]);
      const expected = Array.from({ length: Math.min(i, 5) }, (_, k) => i - Math.min(i, 5) + 1 + k);
      expect(series.times).toEqual(expected);
      expect(series.columns[0]).toEqual(expected.map((n) => n * 10));
      expect(series.columns[1]).toEqual(expected.map(() => null));
    }
  });

  it("gives the values of the last while without gaps", () => {
    const series = new TimeSeries(10, 1);
    for (let i = 0; i < 8; i++) series.push(i, [i % 2 === 0 ? NaN : i]);
    expect(series.since(0, 3)).toEqual([3, 5, 7]);
    expect(series.since(0, 8)).toEqual([]);
  });

  it("refuses to hold nothing", () => {
    expect(() => new TimeSeries(0, 1)).toThrow('"capacity" expected a whole number from 1, got 0');
  });
});

describe("patch age", () => {
  /** The server's clock is this far from the page's. */
  const clocks = [0, -3_600_000.5, 86_400_123.25];

  it.each(clocks)("is what a patch took beyond the fastest, with a clock difference of %d ms", (differenceMs) => {
    const clock = new ClockDifference();
    const delays = [12, 60, 10, 35, 260, 10];
    const ages = delays.map((delayMs, i) => {
      const sentMs = 70_000 + i * 20_000;
      return clock.ageMs(patchStamp(sentMs + differenceMs + 1e9), sentMs + delayMs);
    });
    [0, 48, 0, 25, 250, 0].forEach((expected, i) => expect(ages[i], `patch ${i}`).toBeGreaterThan(expected - 4));
    [0, 48, 0, 25, 250, 0].forEach((expected, i) => expect(ages[i], `patch ${i}`).toBeLessThan(expected + 4));
  });

  it("does not mistake a clock that drifts for age, minutes later", () => {
    const clock = new ClockDifference();
    clock.ageMs(0, 1000);
    const tenMinutesMs = 600_000;
    // The server's clock fell 10 ms behind in that time.
    expect(clock.ageMs(patchStamp(tenMinutesMs - 10), 1000 + tenMinutesMs)).toBe(0);
  });

  it("beyond the way is what loss adds, whatever the way; a few patches by another way do not change that", () => {
    const ages = (wayMs: number): number[] =>
      Array.from({ length: 200 }, (_, i) => wayMs + (i % 50 === 0 ? 120 : i % 5));
    expect(addedMs(ages(50), 0.99)).toBe(120);
    expect(addedMs(ages(250), 0.99)).toBe(120);
    expect(addedMs([0, 0, 1, ...ages(50)], 0.99)).toBe(120);
    expect(addedMs([], 0.99)).toBeNaN();
  });

  it("of a sample is the worst of its patches, and grows while none comes; so does the standstill", () => {
    const age = new PatchAge(new ClockDifference());
    expect(age.sample(0)).toEqual({ ageMs: NaN, standstillMs: NaN });
    age.onState(100, 1100);
    age.onState(120, 1180);
    age.onState(140, 1190);
    age.onState(140, 1195);
    const samples = [1200, 1300, 1400].map((nowMs) => age.sample(nowMs));
    expect(samples.map(({ ageMs }) => Math.round(ageMs))).toEqual([60, 160, 260]);
    expect(samples.map(({ standstillMs }) => standstillMs)).toEqual([80, 110, 210]);
    age.onState(300, 1420);
    age.onState(400, 1430);
    const { ageMs, standstillMs } = age.sample(1500);
    expect([Math.round(ageMs), standstillMs]).toEqual([120, 230]);
  });

  it("of a connection without a patch for over half the stamps' range still grows", () => {
    const age = new PatchAge(new ClockDifference());
    age.onState(0, 0);
    age.sample(0);
    expect(age.sample(50_000).ageMs).toBe(50_000);
    expect(age.recentMs(50_000)).toEqual([50_000]);
  });

  it("keeps the ages of the last ten seconds, and a bounded number of them", () => {
    const age = new PatchAge(new ClockDifference());
    expect(age.recentMs(0)).toEqual([]);
    for (let i = 0; i < 1500; i++) age.onState(i * 20, i * 20);
    expect(age.recentMs(1500 * 20)).toHaveLength(500);
    for (let i = 0; i < 1500; i++) age.onState(40_000 + i, 40_000 + i);
    expect(age.recentMs(41_500)).toHaveLength(1000);
  });

  it("has quantiles", () => {
    expect(quantile([], 0.5)).toBeNaN();
    expect(quantile([3, 1, 2], 0.5)).toBe(2);
    expect(quantile([3, 1, 2], 1)).toBe(3);
  });
});

describe("link rates", () => {
  const totals = (symbols: Partial<LinkTotals>): LinkTotals => ({
    symbolsReceived: 0,
    symbolsRecovered: 0,
    symbolsRetransmitted: 0,
    symbolsLost: 0,
    symbolsCarried: 0,
    wireBytesReceived: 0,
    sourceBytesReceived: 0,
    wireBytesSent: 0,
    sourceBytesSent: 0,
    ...symbols,
  });

  it("are the growth over the interval, per second, and shares of what came by datagram", () => {
    const meter = new RateMeter(1000);
    expect(meter.measure(totals({}), 0)).toBeUndefined();
    const end = totals({
      symbolsReceived: 80,
      symbolsRecovered: 12,
      symbolsRetransmitted: 6,
      symbolsLost: 2,
      symbolsCarried: 50,
      wireBytesReceived: 3000,
      sourceBytesReceived: 2000,
      wireBytesSent: 1100,
      sourceBytesSent: 1000,
    });
    const rates = meter.measure(end, 500)!;
    expect(rates).toMatchObject({
      received: 160,
      recovered: 24,
      retransmitted: 12,
      lost: 4,
      carried: 100,
      lossBefore: 0.2,
      lossAfter: 0.08,
      overheadDown: 0.5,
      kbitsDown: 48,
    });
    expect(rates.overheadUp).toBeCloseTo(0.1);
  });

  it("forget what is older than the interval, and hold no more snapshots than it has", () => {
    const meter = new RateMeter(1000);
    for (let i = 0; i <= 1000; i++) meter.measure(totals({ symbolsReceived: i < 500 ? 0 : (i - 500) * 6 }), i * 100);
    expect(meter.measure(totals({ symbolsReceived: 501 * 6 }), 100_100)!.received).toBeCloseTo(60);
  });

  it("begin anew with a new link, and have no share of nothing", () => {
    const meter = new RateMeter(1000);
    meter.measure(totals({ wireBytesReceived: 5000, symbolsReceived: 50 }), 0);
    expect(meter.measure(totals({ wireBytesReceived: 10 }), 100)).toBeUndefined();
    const rates = meter.measure(totals({ wireBytesReceived: 20 }), 200)!;
    expect(rates.received).toBe(0);
    expect(rates.lossBefore).toBeNaN();
    expect(rates.overheadDown).toBeNaN();
  });
});

describe("network settings", () => {
  it.each(PROFILE_NAMES)("of %s make the profile's own impairment, both ways", (name) => {
    const settings = settingsOfProfile(name);
    expect(isProfile(settings)).toBe(true);
    expect(isSymmetric(settings)).toBe(true);
    expect(resolveDirections(impairmentOf(settings))).toEqual(resolveDirections(name));
  });

  it("of the command line's text start where it stands", () => {
    const settings = settingsOfText("congested,loss=0.2,delayMs=50,seed=7");
    expect(settings).toMatchObject({
      profile: "congested",
      burstUnit: "datagrams",
      up: { lossRatio: 0.2, burst: 1, delayMs: 50, jitterMs: 25 },
    });
    expect(isProfile(settings)).toBe(false);
    expect(isProfile(settingsOfText("congested,seed=7"))).toBe(true);
    expect(settingsOfText("no such thing")).toEqual(settingsOfProfile("clean"));
  });

  it("move one slider, of one direction or both, within its range", () => {
    const clean = settingsOfProfile("clean");
    const down = withSlider(clean, "down", "lossRatio", 0.1);
    expect([down.up.lossRatio, down.down.lossRatio]).toEqual([0, 0.1]);
    expect(isSymmetric(down)).toBe(false);
    expect(withSlider(clean, "both", "delayMs", 1e9).up.delayMs).toBe(sliderRange("delayMs", "datagrams").max);
    const { send, receive } = impairmentOf(withSlider(down, "up", "delayMs", 40));
    expect([send.loss, send.delayMs, receive.loss, receive.delayMs]).toEqual([0, 40, 0.1, 0]);
  });

  it("are options that netem takes, at both ends of every slider of every profile", () => {
    const names: SliderName[] = ["lossRatio", "burst", "delayMs", "jitterMs"];
    for (const profile of PROFILE_NAMES) {
      for (let ends = 0; ends < 2 ** names.length; ends++) {
        let settings = settingsOfProfile(profile);
        names.forEach((name, bit) => {
          const { min, max } = sliderRange(name, settings.burstUnit);
          settings = withSlider(settings, "both", name, ends & (1 << bit) ? max : min);
        });
        expect(() => resolveDirections(impairmentOf(settings)), `${profile} ${ends}`).not.toThrow();
      }
    }
  });

  it("say what no slider shows", () => {
    expect(describeBase(settingsOfProfile("clean"))).toBe("");
    expect(describeBase(settingsOfProfile("terrible"))).toBe(
      "1 Mbit/s, queue 64 kB · reordering · 1 % copies · 0.2 % damaged",
    );
    expect(formatSlider("lossRatio", 0.055, "datagrams")).toBe("5.5 %");
    expect(formatSlider("burst", 1, "datagrams")).toBe("single");
    expect(formatSlider("burst", 60, "ms")).toBe("60 ms");
  });

  it("keep losses in runs: 10 % in outages of 120 ms stays that", () => {
    const { receive } = impairmentOf(withSlider(settingsOfProfile("terrible"), "both", "lossRatio", 0.1));
    expect(parseImpairment(receive).loss).toMatchObject({
      kind: "gilbert-elliott-time",
      lossRatio: 0.1,
      meanBurstMs: 120,
    });
  });
});

describe("a repair choice", () => {
  it("is one of three names, and each is an option of the plugin", () => {
    expect(REPAIR_CHOICES.map(repairOption)).toEqual(["off", { schedule: "generation", groupSize: 4 }, "adaptive"]);
    for (const choice of REPAIR_CHOICES) expect(parseRepairChoice(choice)).toBe(choice);
    for (const choice of REPAIR_CHOICES) expect(choiceOf(repairOption(choice))).toBe(choice);
    expect(choiceOf({ schedule: "generation", groupSize: 5 })).toBe("other");
    for (const wrong of [
      undefined,
      null,
      "",
      "Off",
      "toString",
      1,
      {},
      ["off"],
      { schedule: "generation", groupSize: 4 },
    ])
      expect(parseRepairChoice(wrong)).toBeUndefined();
  });
});
