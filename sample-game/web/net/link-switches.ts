/**
 * The panel's switches of one connection: the network at this end of it, both ways, and the repair of both directions.
 * The server's end is asked by message (protocol/net-messages.ts); after a reconnection it is told again.
 */
import { linkControl } from "colyseus-fec/client";
import {
  NET_OWN_MESSAGE,
  NET_REPAIR_MESSAGE,
  type NetOwnAnswer,
  parseRepairChoice,
  type RepairChoice,
  repairOption,
} from "../../protocol/net-messages.js";
import type { ArenaRoom } from "../game/view-types.js";
import { impairmentOf, type NetworkSettings } from "./network-settings.js";

/** The server hears of a choice at most this often, ms; the last one counts. */
const TELL_INTERVAL_MS = 200;

export class LinkSwitches {
  /** What the server impairs and repairs by itself: its first answer. */
  onserver: ((answer: NetOwnAnswer) => void) | null = null;
  /** The server's end repairs like this from now on. */
  onrepair: ((choice: RepairChoice) => void) | null = null;

  readonly #room: ArenaRoom;
  readonly #endings: (() => void)[] = [];
  #repair: RepairChoice | undefined;
  #tellTimer: ReturnType<typeof setTimeout> | undefined;
  #toldMs = -Infinity;

  constructor(room: ArenaRoom) {
    this.#room = room;
    const tellAll = (): void => {
      room.send(NET_OWN_MESSAGE);
      if (this.#repair !== undefined) this.#tell();
    };
    room.onReconnect(tellAll);
    this.#endings.push(
      () => room.onReconnect.remove(tellAll),
      room.onMessage(NET_REPAIR_MESSAGE, (choice: unknown) => {
        const known = parseRepairChoice(choice);
        if (known !== undefined) this.onrepair?.(known);
      }),
      room.onMessage(NET_OWN_MESSAGE, (answer: NetOwnAnswer) => {
        this.onserver?.(answer);
        this.onserver = null;
      }),
    );
    tellAll();
  }

  /** Whether this connection has a link at all, now or once it is open again. */
  get works(): boolean {
    return linkControl(this.#room) !== undefined;
  }

  /** Needs the client's option netem; without it, or without a link, nothing changes. */
  setNetwork(settings: NetworkSettings): void {
    linkControl(this.#room)?.configure(impairmentOf(settings));
  }

  setRepair(choice: RepairChoice): void {
    this.#repair = choice;
    linkControl(this.#room)?.setRepair(repairOption(choice));
    clearTimeout(this.#tellTimer);
    this.#tellTimer = setTimeout(() => this.#tell(), Math.max(0, this.#toldMs + TELL_INTERVAL_MS - performance.now()));
  }

  /** Starts or ends the loss of every datagram, both ways. */
  blackout(on: boolean): void {
    linkControl(this.#room)?.blackout(on);
  }

  /** Ends listening; the link stays as it is. */
  dispose(): void {
    clearTimeout(this.#tellTimer);
    for (const end of this.#endings) end();
  }

  /** While the connection is down there is no one to tell: its return tells all. */
  #tell(): void {
    clearTimeout(this.#tellTimer);
    if (!this.#room.connection.isOpen) return;
    this.#toldMs = performance.now();
    this.#room.send(NET_REPAIR_MESSAGE, this.#repair);
  }
}
