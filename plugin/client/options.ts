/** The options of FecClient beyond the SDK's own: checked once, every default filled in, frozen. */

import type { DatagramChannel } from "../channels/datagram-channel.js";
import { parseRepair, type RepairOption } from "../core/repair-option.js";
import { resolveDirections, type DirectionalImpairment, type ImpairmentPair } from "../netem/index.js";
import type { UdpOffer } from "../channels/control-records.js";
import type { SdkOptions } from "./sdk-internals.js";

/** A kind of datagram channel that a client may open. */
export type ClientChannelKind = "udp" | "webrtc";

/** How to open each kind that this build knows. The channel is "connecting" when the function returns. */
export interface ChannelOpeners {
  /** offer.host is filled in. */
  readonly udp?: (offer: UdpOffer & { readonly host: string }) => DatagramChannel;
}

export interface FecClientOptions extends SdkOptions {
  /** Kinds of datagram channel to open. Default: all that this build knows (Node: "udp"; browsers: none yet). [] = WebSocket only. */
  channels?: readonly ClientChannelKind[];
  /** How much repair rides along with what this client sends. Default "adaptive". */
  repair?: RepairOption;
  /** Impairs what this client sends and receives as datagrams: for tests and demonstrations. Default none. */
  netem?: DirectionalImpairment;
}

export interface ResolvedClientOptions {
  readonly channels: readonly ClientChannelKind[];
  readonly openers: ChannelOpeners;
  readonly repair: RepairOption;
  readonly netem: ImpairmentPair | undefined;
}

/** @throws TypeError or RangeError: `"channels" expected only "udp", got "webrtc"`. */
export function resolveClientOptions(options: FecClientOptions, openers: ChannelOpeners): ResolvedClientOptions {
  const known = Object.keys(openers) as ClientChannelKind[];
  const channels: unknown = options.channels ?? known;
  if (!Array.isArray(channels)) throw new TypeError(`"channels" expected a list, got ${show(channels)}`);
  for (const kind of channels) {
    if (known.includes(kind as ClientChannelKind)) continue;
    const expected = known.length === 0 ? "an empty list" : `only ${known.map(show).join(", ")}`;
    throw new TypeError(`"channels" expected ${expected}, got ${show(kind)}`);
  }
  return Object.freeze({
    channels: Object.freeze([...new Set(channels as ClientChannelKind[])]),
    openers,
    repair: parseRepair(options.repair),
    netem: options.netem === undefined ? undefined : resolveDirections(options.netem),
  });
}

function show(value: unknown): string {
  return typeof value === "string" ? JSON.stringify(value) : String(value);
}
