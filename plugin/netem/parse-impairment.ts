/**
 * Impairments as text, for command lines, environment variables and URLs:
 * a profile's name, a list of options, or both: `wifi`, `loss=0.05,delayMs=50`, `wifi,loss=0.2,burstMs=80`.
 */

import {
  IMPAIRMENT_OPTION_NAMES,
  resolveImpairment,
  type ImpairmentOptions,
  type ResolvedImpairment,
} from "./impairment-options.js";
import type { LossOptions } from "./loss-options.js";
import { describe } from "./options-error.js";
import { isProfileName, PROFILE_NAMES, profiles } from "./profiles.js";

/** What a path does to one direction: options, a profile's name, or text as parseImpairment takes it. */
export type ImpairmentSpec = string | ImpairmentOptions;

/** Text has two names more than the options: they make `loss` a burst loss with bursts of this mean length. */
const BURST_NAMES = ["burstDatagrams", "burstMs"] as const;

/** Names in a text, at most: each may come once. */
const TEXT_NAMES: readonly string[] = [...IMPAIRMENT_OPTION_NAMES, ...BURST_NAMES];

/**
 * Turns a profile's name, a text or options into options: checked, every default filled in, frozen.
 * A text is a comma list of an optional profile, first, and `name=value` for any option; later ones override the
 * profile. `burstDatagrams` and `burstMs` make the loss a burst loss (Gilbert-Elliott); `loss` alone makes it uniform.
 * @throws RangeError or TypeError for an unknown profile, an unknown name or a wrong value; the message lists what is
 * known.
 */
export function parseImpairment(spec: ImpairmentSpec): ResolvedImpairment {
  if (typeof spec !== "string") return resolveImpairment(spec);
  const [first = "", ...rest] = spec.split(",").map((item) => item.trim());
  if (first.includes("=")) return resolveImpairment(parseItems([first, ...rest], profiles.clean));
  return resolveImpairment(parseItems(rest, parseProfile(first)));
}

function parseProfile(name: string): ImpairmentOptions {
  if (isProfileName(name)) return profiles[name];
  throw new RangeError(
    `"profile" expected one of ${PROFILE_NAMES.join(", ")}, or options like loss=0.05,delayMs=50, got ${describe(name)}`,
  );
}

function parseItems(items: readonly string[], base: ImpairmentOptions): ImpairmentOptions {
  const values = new Map<string, number | boolean | string>();
  for (const item of items) {
    const [name, text] = splitItem(item);
    if (!TEXT_NAMES.includes(name)) {
      throw new TypeError(`"impairment" expected only ${TEXT_NAMES.join(", ")}, got ${describe(name)}`);
    }
    if (values.has(name)) throw new RangeError(`"${name}" expected once, got ${describe(items.join(","))}`);
    values.set(name, parseValue(text));
  }
  const loss = parseLoss(values, base);
  for (const name of BURST_NAMES) values.delete(name);
  return { ...base, ...Object.fromEntries(values), loss };
}

function splitItem(item: string): [name: string, text: string] {
  const equals = item.indexOf("=");
  if (equals < 0) {
    const hint = isProfileName(item) ? `name=value after the first item (one profile, first)` : `name=value`;
    throw new RangeError(`"impairment" expected ${hint}, got ${describe(item)}`);
  }
  return [item.slice(0, equals).trim(), item.slice(equals + 1).trim()];
}

/** The value that a text stands for; one that is neither number nor boolean stays text, for the options to refuse. */
function parseValue(text: string): number | boolean | string {
  if (text === "true") return true;
  if (text === "false") return false;
  const number = Number(text);
  return text === "" || Number.isNaN(number) ? text : number;
}

function parseLoss(values: ReadonlyMap<string, unknown>, base: ImpairmentOptions): ImpairmentOptions["loss"] {
  // Typed as the options promise; resolveImpairment refuses anything else by name.
  const loss = values.get("loss") as number | undefined;
  const meanBurstDatagrams = values.get("burstDatagrams") as number | undefined;
  const meanBurstMs = values.get("burstMs") as number | undefined;
  if (meanBurstDatagrams === undefined && meanBurstMs === undefined) return loss ?? base.loss;
  if (meanBurstDatagrams !== undefined && meanBurstMs !== undefined) {
    throw new RangeError(`"burstMs" expected without burstDatagrams, got both`);
  }
  const lossRatio = loss ?? lossRatioOf(base.loss);
  if (meanBurstDatagrams !== undefined) return { kind: "gilbert-elliott-count", lossRatio, meanBurstDatagrams };
  return { kind: "gilbert-elliott-time", lossRatio, meanBurstMs: meanBurstMs! };
}

function lossRatioOf(loss: number | LossOptions | undefined): number {
  if (typeof loss === "object") return loss.lossRatio;
  return loss ?? 0;
}
