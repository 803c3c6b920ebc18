/** `colyseus-fec/client` for browsers: imports nothing of Node, and knows no datagram channel yet. */

import { FecClientBase } from "./fec-client-base.js";
import type { ChannelOpeners } from "./options.js";
import type { AnyServer, AnyUserData, SdkServer } from "./sdk-internals.js";

export class FecClient<ServerType extends SdkServer = AnyServer, UserData = AnyUserData> extends FecClientBase<ServerType, UserData> {
  protected override channelOpeners(): ChannelOpeners {
    return {};
  }
}

export type { ClientChannelKind, FecClientOptions } from "./options.js";
export { linkControl, linkStats, type LinkControl, type RoomLinkStats } from "./link-access.js";
