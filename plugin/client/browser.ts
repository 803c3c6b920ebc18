/** `colyseus-fec/client` for browsers: imports nothing of Node, and knows the WebRTC channel. */

import { openBrowserWebRtcChannel } from "../channels/webrtc/webrtc-browser-client.js";
import { FecClientBase } from "./fec-client-base.js";
import type { ChannelOpeners, ClientChannelKind } from "./options.js";
import type { AnyServer, AnyUserData, SdkServer } from "./sdk-internals.js";

export class FecClient<ServerType extends SdkServer = AnyServer, UserData = AnyUserData> extends FecClientBase<
  ServerType,
  UserData
> {
  protected override channelOpeners(): ChannelOpeners {
    // Missing in workers, and where a browser's owner switched it off.
    return typeof RTCPeerConnection === "undefined" ? {} : { webrtc: openBrowserWebRtcChannel };
  }

  protected override channelKinds(): ClientChannelKind[] {
    return ["webrtc"];
  }
}

export type { ClientChannelKind, FecClientOptions } from "./options.js";
export { linkControl, linkStats, type LinkControl, type RoomLinkStats } from "./link-access.js";
