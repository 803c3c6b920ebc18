/** The kinds of datagram channel that server and client agree on. */

import type { ChannelKind } from "../channels/datagram-channel.js";
import { CHANNEL_KINDS_MAX } from "./limits.js";

/** A kind that a server offers and a client opens. */
export type OfferedKind = Exclude<ChannelKind, "memory">;

/** What statistics call the way that the next message goes. */
export type PathName = "websocket" | OfferedKind;

export const OFFERED_KINDS: readonly OfferedKind[] = ["udp", "webrtc"];

export function isOfferedKind(kind: unknown): kind is OfferedKind {
  return (OFFERED_KINDS as readonly unknown[]).includes(kind);
}

/** The kinds that are known here, each once, in the order of the list; what is beyond the bound is not read. */
export function knownKinds(list: readonly unknown[]): OfferedKind[] {
  return [...new Set(list.slice(0, CHANNEL_KINDS_MAX))].filter(isOfferedKind);
}
