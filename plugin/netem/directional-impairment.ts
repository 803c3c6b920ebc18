/**
 * Impairments for both directions of one end: what it sends, and what it receives.
 * The two directions never share random numbers, even with one seed for both.
 */

import type { ImpairmentOptions, ResolvedImpairment } from "./impairment-options.js";
import { describe, requireRecord } from "./options-error.js";
import { parseImpairment, type ImpairmentSpec } from "./parse-impairment.js";
import { profiles } from "./profiles.js";
import { deriveSeed } from "./seeded-random.js";

/**
 * One impairment for each direction, or the same (with its own random numbers) for both. A direction left out is clean.
 */
export type DirectionalImpairment = ImpairmentSpec | { send?: ImpairmentSpec; receive?: ImpairmentSpec };

/** The options of both directions; their seeds differ. */
export interface ImpairmentPair {
  readonly send: ResolvedImpairment;
  readonly receive: ResolvedImpairment;
}

const RECEIVE_STREAM = 1;

/**
 * Turns a directional impairment into options for each direction: checked, defaulted, frozen.
 * The send direction keeps the seed that it was given; the receive direction gets one derived from its own.
 * @throws TypeError or RangeError as parseImpairment does.
 */
export function resolveDirections(impairment: DirectionalImpairment): ImpairmentPair {
  const { send, receive } = splitDirections(impairment);
  const receiveOptions = parseImpairment(receive);
  return Object.freeze({
    send: parseImpairment(send),
    receive: Object.freeze({ ...receiveOptions, seed: deriveSeed(receiveOptions.seed, RECEIVE_STREAM) }),
  });
}

function splitDirections(impairment: DirectionalImpairment): { send: ImpairmentSpec; receive: ImpairmentSpec } {
  if (typeof impairment === "string") return { send: impairment, receive: impairment };
  if (typeof impairment !== "object" || impairment === null) {
    throw new TypeError(`"impairment" expected options, a text, or send and receive, got ${describe(impairment)}`);
  }
  if (!("send" in impairment || "receive" in impairment)) {
    const both = impairment as ImpairmentOptions;
    return { send: both, receive: both };
  }
  requireRecord("impairment", impairment, ["send", "receive"]);
  return { send: impairment.send ?? profiles.clean, receive: impairment.receive ?? profiles.clean };
}
