/**
 * How bots reach the server: through the plugin's client, or through the SDK's own for comparison.
 */
import { ColyseusSDK, type Room } from "@colyseus/sdk";
import type { RoomLinkStats } from "colyseus-fec/client";
import type { ArenaView } from "../protocol/arena-view.js";
import type { JoinOptions } from "../protocol/messages.js";
import type { RepairOption } from "../server/start.js";

export type BotTransport = "fec" | "ws";

/** The room as its server defines it; types of messages are in protocol/messages.ts. */
export type ArenaClientRoom = Room<any, ArenaView>;

export interface Connector {
  join(roomName: string, options: JoinOptions): Promise<ArenaClientRoom>;
  /** How inputs are sent: on a plain WebSocket, the unreliable mode would only repeat them. */
  readonly inputMode: "reliable" | "unreliable";
  /** undefined on a plain WebSocket. */
  stats(room: ArenaClientRoom): RoomLinkStats | undefined;
}

/** @param url of the server, `ws://host:port`. */
export async function createConnector(transport: BotTransport, url: string, repair?: RepairOption): Promise<Connector> {
  if (transport === "ws") {
    const client = new ColyseusSDK(url);
    return {
      inputMode: "reliable",
      join: (name, options) => client.joinOrCreate<ArenaView>(name, options),
      stats: () => undefined,
    };
  }
  // Loaded only when it is used: the comparison runs without the plugin.
  const { FecClient, linkStats } = await import("colyseus-fec/client");
  const client = new FecClient(url, { channels: ["udp"], repair });
  return {
    inputMode: "unreliable",
    join: (name, options) => client.joinOrCreate<ArenaView>(name, options),
    stats: (room) => linkStats(room),
  };
}
