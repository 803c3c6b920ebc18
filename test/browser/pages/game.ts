/** A page that plays the sync room through FecClient and tells what it saw; worked by join.test.ts. */

import { FecClient, linkControl, linkStats, type FecClientOptions, type RoomLinkStats } from "colyseus-fec/client";
import type { Room } from "@colyseus/sdk";
import { textOf } from "../../integration/sync-text.js";

export interface Seen {
  /** The state at every tick, as text, in the order in which they were applied. */
  readonly states: string[];
  /** Numbers of the room's "tick" messages. */
  readonly messages: number[];
  /** Numbers sent to the server. */
  readonly sent: number;
  readonly reconnections: number;
  readonly link: RoomLinkStats;
  readonly roomId: string;
  readonly sessionId: string;
}

/** What getStats says of the newest connection. */
export interface ConnectionStats {
  readonly connections: number;
  readonly channelState: string | undefined;
  readonly messagesReceived: number;
  readonly messagesSent: number;
  readonly remoteAddress: string | undefined;
}

export interface Game {
  join(url: string, options?: FecClientOptions): Promise<void>;
  /** Sends the next numbers. */
  send(count: number): void;
  seen(): Seen;
  stats(): Promise<ConnectionStats>;
  blackout(on: boolean): void;
  leave(): Promise<unknown>;
}

/** Every connection that the page made, for getStats. */
const connections: RTCPeerConnection[] = [];
const Original = window.RTCPeerConnection;
window.RTCPeerConnection = class extends Original {
  constructor(configuration?: RTCConfiguration) {
    super(configuration);
    connections.push(this);
  }
};

let room: Room;
let sent = 0;
let reconnections = 0;
const states: string[] = [];
const messages: number[] = [];

const game: Game = {
  join: async (url, options) => {
    room = await new FecClient(url, options).joinOrCreate("sync");
    room.onStateChange((state) => void states.push(textOf(state)));
    room.onMessage("tick", (tick: number) => void messages.push(tick));
    room.onReconnect(() => reconnections++);
  },
  send: (count) => {
    for (let i = 0; i < count; i++) room.send("number", sent++);
  },
  seen: () => ({
    states,
    messages,
    sent,
    reconnections,
    link: linkStats(room),
    roomId: room.roomId,
    sessionId: room.sessionId,
  }),
  stats: async () => {
    const newest = connections.at(-1)!;
    const all: Record<string, any>[] = [];
    (await newest.getStats()).forEach((entry) => all.push(entry));
    const channel = all.find(({ type }) => type === "data-channel");
    const pair = all.find(
      ({ type, state, nominated }) => type === "candidate-pair" && state === "succeeded" && nominated,
    );
    const remote = all.find(({ id }) => id === pair?.remoteCandidateId);
    return {
      connections: connections.length,
      channelState: channel?.state,
      messagesReceived: channel?.messagesReceived ?? 0,
      messagesSent: channel?.messagesSent ?? 0,
      remoteAddress: remote?.address,
    };
  },
  blackout: (on) => linkControl(room)!.blackout(on),
  leave: () => room.leave(),
};

Object.assign(window, { game });
