/**
 * `colyseus-fec/client` for Node: knows the UDP channel. Browsers get browser.ts by the package's exports.
 * With `@colyseus/testing`, whose server builds its own SDK: `colyseus.sdk = new FecClient(colyseus.sdk.settings)`.
 */

import { openUdpChannel } from "../channels/udp/udp-client.js";
import { FecClientBase } from "./fec-client-base.js";
import type { ChannelOpeners } from "./options.js";
import type { AnyServer, AnyUserData, SdkServer } from "./sdk-internals.js";

export class FecClient<ServerType extends SdkServer = AnyServer, UserData = AnyUserData> extends FecClientBase<ServerType, UserData> {
  protected override channelOpeners(): ChannelOpeners {
    return { udp: openUdpChannel };
  }
}

export type { ClientChannelKind, FecClientOptions } from "./options.js";
export { linkControl, linkStats, type LinkControl, type RoomLinkStats } from "./link-access.js";
