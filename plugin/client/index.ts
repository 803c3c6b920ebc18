/**
 * `colyseus-fec/client` for Node: knows the UDP channel, and WebRTC with the package node-datachannel. Browsers get
 * browser.ts by the package's exports. With `@colyseus/testing`, whose server builds its own SDK: `colyseus.sdk = new
 * FecClient(colyseus.sdk.settings)`.
 */

import { openUdpChannel } from "../channels/udp/udp-client.js";
import { loadNative } from "../channels/webrtc/native.js";
import type { WebRtcClientChannel, WebRtcClientOptions } from "../channels/webrtc/webrtc-channel.js";
import { openNativeWebRtcChannel } from "../channels/webrtc/webrtc-native-client.js";
import { FecClientBase } from "./fec-client-base.js";
import type { ChannelOpeners, ClientChannelKind } from "./options.js";
import type { AnyServer, AnyUserData, SdkServer } from "./sdk-internals.js";
import { warnOnce } from "./warn-once.js";

export class FecClient<ServerType extends SdkServer = AnyServer, UserData = AnyUserData> extends FecClientBase<
  ServerType,
  UserData
> {
  protected override channelOpeners(): ChannelOpeners {
    return { udp: openUdpChannel, webrtc: openWebRtcChannel };
  }

  /** WebRTC is for who asks: beside UDP it costs more and brings a Node client nothing. */
  protected override channelKinds(): ClientChannelKind[] {
    return ["udp"];
  }
}

/** A library that is missing is not the network's fault, and never comes: the log says so. */
function openWebRtcChannel(options: WebRtcClientOptions): WebRtcClientChannel {
  loadNative().catch((error: Error) => warnOnce(`no webrtc channel: ${error.message}`));
  return openNativeWebRtcChannel(options);
}

export type { ClientChannelKind, FecClientOptions } from "./options.js";
export { linkControl, linkStats, type LinkControl, type RoomLinkStats } from "./link-access.js";
