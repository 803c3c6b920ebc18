/**
 * The room's side of the net panel: what a client may change of its own link, and of nobody else's.
 * The switches come from whoever made the transport (start.ts): the room itself knows none. protocol/net-messages.ts.
 */
import type { Client, Room } from "@colyseus/core";
import {
  choiceOf,
  NET_MESSAGES_PER_SECOND_MAX,
  NET_OWN_MESSAGE,
  NET_REPAIR_MESSAGE,
  parseRepairChoice,
  repairOption,
  type NetOwnAnswer,
  type RepairOption,
} from "../protocol/net-messages.js";

/** What the transport lets a room do to the link of one client; nothing for one on a plain WebSocket. */
export interface NetLinks {
  /** What the server does to every client's datagrams, as text for colyseus-fec/netem; undefined: something that has no text. */
  readonly impairment: string | undefined;
  /** The repair of every client that chose none. */
  readonly repair: RepairOption;
  setRepair(client: Client, option: RepairOption): void;
  /** Ends the server's own impairment of this client's datagrams. */
  leaveAlone(client: Client): void;
}

/** For a transport without links: every client is on a plain WebSocket. */
export const NO_LINKS: NetLinks = {
  impairment: "clean",
  repair: "off",
  setRepair: () => undefined,
  leaveAlone: () => undefined,
};

const SECOND_MS = 1000;

/** Answers the panel's messages in this room. Wrong ones, and those above the rate, have no effect and no answer. */
export function answerNetMessages(room: Room, links: NetLinks): void {
  const rates = new WeakMap<Client, { sinceMs: number; count: number }>();
  const allows = (client: Client): boolean => {
    const nowMs = performance.now();
    let rate = rates.get(client);
    if (rate === undefined || nowMs >= rate.sinceMs + SECOND_MS)
      rates.set(client, (rate = { sinceMs: nowMs, count: 0 }));
    return ++rate.count <= NET_MESSAGES_PER_SECOND_MAX;
  };
  room.onMessage(NET_REPAIR_MESSAGE, (client, message: unknown) => {
    const choice = parseRepairChoice(message);
    if (choice === undefined || !allows(client)) return;
    links.setRepair(client, repairOption(choice));
    client.send(NET_REPAIR_MESSAGE, choice);
  });
  room.onMessage(NET_OWN_MESSAGE, (client) => {
    if (!allows(client)) return;
    links.leaveAlone(client);
    client.send(NET_OWN_MESSAGE, {
      impairment: links.impairment ?? "clean",
      repair: choiceOf(links.repair),
    } satisfies NetOwnAnswer);
  });
}
