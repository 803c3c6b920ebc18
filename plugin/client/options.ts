/** The options of FecClient beyond the SDK's own: checked once, every default filled in, frozen. */

import type { DatagramChannel } from "../channels/datagram-channel.js";
import { show } from "../host/show.js";
import { parseRepair, type RepairOption } from "../core/repair-option.js";
import { resolveDirections, type DirectionalImpairment, type ImpairmentPair } from "../netem/index.js";
import type { UdpOffer } from "../session/control-records.js";
import type { WebRtcClientChannel, WebRtcClientOptions } from "../channels/webrtc/webrtc-channel.js";
import { isOfferedKind, OFFERED_KINDS, type OfferedKind } from "../session/channel-kinds.js";
import type { SdkOptions } from "./sdk-internals.js";

/** A kind of datagram channel that a client may open. Not every build has every kind. */
export type ClientChannelKind = OfferedKind;

/** How to open each kind that this build knows. The channel is "connecting" when the function returns. */
export interface ChannelOpeners {
  /** offer.host is filled in. */
  readonly udp?: (offer: UdpOffer & { readonly host: string }) => DatagramChannel;
  readonly webrtc?: (options: WebRtcClientOptions) => WebRtcClientChannel;
}

export interface FecClientOptions extends SdkOptions {
  /**
   * Kinds of datagram channel to open, most wanted first, of those that this build has (browsers: "webrtc"; Node:
   * "udp", and "webrtc" with the package node-datachannel); the others are left out. Default: ["webrtc"] in browsers,
   * ["udp"] in Node. [] = WebSocket only.
   */
  channels?: readonly ClientChannelKind[];
  /** How much repair rides along with what this client sends. Default "adaptive". */
  repair?: RepairOption;
  /** Impairs what this client sends and receives as datagrams: for tests and demonstrations. Default none. */
  netem?: DirectionalImpairment;
}

export interface ResolvedClientOptions {
  /** Only kinds that have an opener, each once, most wanted first. */
  readonly channels: readonly ClientChannelKind[];
  readonly openers: ChannelOpeners;
  readonly repair: RepairOption;
  readonly netem: ImpairmentPair | undefined;
}

/**
 * @param kinds default for `channels`. @throws TypeError or RangeError: `"channels" expected only "udp", "webrtc", got
 * "tcp"`.
 */
export function resolveClientOptions(
  options: FecClientOptions,
  openers: ChannelOpeners,
  kinds = Object.keys(openers) as ClientChannelKind[],
): ResolvedClientOptions {
  const channels: unknown = options.channels ?? kinds;
  if (!Array.isArray(channels)) throw new TypeError(`"channels" expected a list, got ${show(channels)}`);
  for (const kind of channels) {
    if (isOfferedKind(kind)) continue;
    throw new TypeError(`"channels" expected only ${OFFERED_KINDS.map(show).join(", ")}, got ${show(kind)}`);
  }
  const available = [...new Set(channels as ClientChannelKind[])].filter((kind) => openers[kind] !== undefined);
  return Object.freeze({
    channels: Object.freeze(available),
    openers,
    repair: parseRepair(options.repair),
    netem: options.netem === undefined ? undefined : resolveDirections(options.netem),
  });
}
