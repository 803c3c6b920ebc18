/**
 * What the panel's sliders say, and the impairment that they make: from profiles and texts of colyseus-fec/netem, and back
 * to its options. What no slider holds (rate, reordering, copies, damage) stays as the profile has it. Needs no DOM.
 */
import { parseImpairment, PROFILE_NAMES, type ImpairmentOptions, type ProfileName } from "colyseus-fec/netem";

/** How long losses last: a mean run of datagrams (1: each on its own), or a mean outage in ms. */
export type BurstUnit = "datagrams" | "ms";

export type SliderName = "lossRatio" | "burst" | "delayMs" | "jitterMs";

/** The sliders of one direction. */
export type DirectionSettings = Readonly<Record<SliderName, number>>;

export interface NetworkSettings {
  /** The profile that the sliders began with. */
  readonly profile: ProfileName;
  /** What the sliders do not hold, of both directions. */
  readonly base: Readonly<ImpairmentOptions>;
  readonly burstUnit: BurstUnit;
  /** From here to the server. */
  readonly up: DirectionSettings;
  /** From the server to here. */
  readonly down: DirectionSettings;
}

export interface SliderRange {
  readonly min: number;
  readonly max: number;
  readonly step: number;
}

/** Loss ends well below burst / (burst + 1), the most that runs of that length can be. */
const RANGES: Readonly<Record<Exclude<SliderName, "burst">, SliderRange>> = {
  lossRatio: { min: 0, max: 0.3, step: 0.005 },
  delayMs: { min: 0, max: 300, step: 1 },
  jitterMs: { min: 0, max: 150, step: 1 },
};

const BURST_RANGES: Readonly<Record<BurstUnit, SliderRange>> = {
  datagrams: { min: 1, max: 12, step: 0.5 },
  ms: { min: 5, max: 400, step: 5 },
};

export function sliderRange(name: SliderName, burstUnit: BurstUnit): SliderRange {
  return name === "burst" ? BURST_RANGES[burstUnit] : RANGES[name];
}

/** Settings of a named network, the same both ways. */
export function settingsOfProfile(profile: ProfileName): NetworkSettings {
  return settingsOf(profile, parseImpairment(profile));
}

/** Settings of an impairment as the server's command line writes it; a text that means nothing is a clean network. */
export function settingsOfText(text: string): NetworkSettings {
  const first = text.split(",")[0]!.trim() as ProfileName;
  const profile = PROFILE_NAMES.includes(first) ? first : "clean";
  try {
    return settingsOf(profile, parseImpairment(text));
  } catch {
    return settingsOfProfile("clean");
  }
}

/** One slider moved, of one direction or of both. The value is kept within its range. */
export function withSlider(
  settings: NetworkSettings,
  direction: "up" | "down" | "both",
  name: SliderName,
  value: number,
): NetworkSettings {
  const { min, max } = sliderRange(name, settings.burstUnit);
  const moved = { [name]: Math.min(max, Math.max(min, value)) };
  return {
    ...settings,
    up: direction === "down" ? settings.up : { ...settings.up, ...moved },
    down: direction === "up" ? settings.down : { ...settings.down, ...moved },
  };
}

/** Whether the sliders stand where the profile put them. */
export function isProfile(settings: NetworkSettings): boolean {
  const original = settingsOfProfile(settings.profile);
  const { base } = settings;
  const sameBase = (Object.keys(base) as (keyof ImpairmentOptions)[]).every(
    (name) => base[name] === original.base[name],
  );
  return (
    sameBase &&
    settings.burstUnit === original.burstUnit &&
    sameSliders(settings.up, original.up) &&
    sameSliders(settings.down, original.down)
  );
}

/** Whether both directions are the same. */
export function isSymmetric({ up, down }: NetworkSettings): boolean {
  return sameSliders(up, down);
}

/** What linkControl's configure takes at the client's end, where sending is up. */
export function impairmentOf({ base, burstUnit, up, down }: NetworkSettings): {
  send: ImpairmentOptions;
  receive: ImpairmentOptions;
} {
  return { send: { ...base, ...optionsOf(up, burstUnit) }, receive: { ...base, ...optionsOf(down, burstUnit) } };
}

/** The rest of a network in words, for what no slider shows; "" for nothing. */
export function describeBase({ base }: NetworkSettings): string {
  const { rateKbps = Infinity, queueBytes = 0, reorder = false, reorderRatio = 0, duplicate = 0, corrupt = 0 } = base;
  const parts: string[] = [];
  if (rateKbps < Infinity) {
    const rate = rateKbps >= 1000 ? `${rateKbps / 1000} Mbit/s` : `${rateKbps} kbit/s`;
    parts.push(`${rate}, queue ${Math.round(queueBytes / 1000)} kB`);
  }
  if (reorder || reorderRatio > 0) parts.push("reordering");
  if (duplicate > 0) parts.push(`${percent(duplicate)} copies`);
  if (corrupt > 0) parts.push(`${percent(corrupt)} damaged`);
  return parts.join(" · ");
}

/** A slider's value with its unit. */
export function formatSlider(name: SliderName, value: number, burstUnit: BurstUnit): string {
  if (name === "lossRatio") return percent(value);
  if (name !== "burst" || burstUnit === "ms") return `${Number(value.toFixed(1))} ms`;
  return value === 1 ? "single" : `${value} in a row`;
}

function settingsOf(profile: ProfileName, options: Readonly<ImpairmentOptions>): NetworkSettings {
  const { loss = 0, delayMs = 0, jitterMs = 0, seed: _seed, overheadBytes: _overheadBytes, ...base } = options;
  const burstUnit: BurstUnit = typeof loss === "object" && loss.kind === "gilbert-elliott-time" ? "ms" : "datagrams";
  const direction: DirectionSettings = {
    lossRatio: within("lossRatio", typeof loss === "object" ? loss.lossRatio : loss, burstUnit),
    burst: within("burst", burstOf(loss), burstUnit),
    delayMs: within("delayMs", delayMs, burstUnit),
    jitterMs: within("jitterMs", jitterMs, burstUnit),
  };
  return { profile, base, burstUnit, up: direction, down: direction };
}

function sameSliders(a: DirectionSettings, b: DirectionSettings): boolean {
  return (Object.keys(a) as SliderName[]).every((name) => a[name] === b[name]);
}

function burstOf(loss: NonNullable<ImpairmentOptions["loss"]>): number {
  if (typeof loss !== "object" || loss.kind === "uniform") return 1;
  return loss.kind === "gilbert-elliott-time" ? loss.meanBurstMs : loss.meanBurstDatagrams;
}

function optionsOf(
  { lossRatio, burst, delayMs, jitterMs }: DirectionSettings,
  burstUnit: BurstUnit,
): ImpairmentOptions {
  return { loss: lossOf(lossRatio, burst, burstUnit), delayMs, jitterMs };
}

/** Runs of one datagram are uniform loss: the count model would never take two in a row. */
function lossOf(lossRatio: number, burst: number, burstUnit: BurstUnit): NonNullable<ImpairmentOptions["loss"]> {
  if (lossRatio === 0 || (burstUnit === "datagrams" && burst <= 1)) return lossRatio;
  if (burstUnit === "ms") return { kind: "gilbert-elliott-time", lossRatio, meanBurstMs: burst };
  return { kind: "gilbert-elliott-count", lossRatio, meanBurstDatagrams: burst };
}

function within(name: SliderName, value: number, burstUnit: BurstUnit): number {
  const { min, max } = sliderRange(name, burstUnit);
  return Math.min(max, Math.max(min, value));
}

function percent(ratio: number): string {
  return `${Number((ratio * 100).toFixed(1))} %`;
}
