/**
 * What of a room's state goes to one FEC client: every patch while the client keeps up; none while it is hopelessly
 * behind, and then the full state in their place. A patch that is shed never was in the ordered stream. Room messages
 * always pass. Tells the room, if it asks. Whether the client keeps up is backlog-monitor.ts.
 */

import { ClientState, CloseCode, logger, Protocol, type Client, type Room } from "@colyseus/core";
import { BacklogMonitor, type LinkBehindReport } from "./backlog-monitor.js";
import { debugFec } from "./debug.js";
import { systemClock, type Clock } from "../host/clock.js";
import { protocolCodeOf } from "../session/protocol-code.js";
import { BACKLOG_POLL_MS, BEHIND_MS } from "./limits.js";
import { tellRoom } from "./link-aware-room.js";
import { encodeAbsentFields, encodeFullState, hasPendingChanges, isResyncable } from "./room-state.js";

/** What a flow needs of its client beyond core's. */
interface ResyncedClient extends Client {
  /** Sends a full state past the flow. */
  rawFullState(state: Uint8Array): void;
}

/** What a flow needs of the connection that it is about. */
export interface FlowLink {
  readonly isOpen: boolean;
  readonly waitingBytes: number;
  behindMs(nowMs: number): number;
  close(code: number): void;
}

/**
 * Rooms that could not send a full state, for a reason that isResyncable does not see: nothing is shed there any more.
 */
const brokenRooms = new WeakSet<Room>();

export class StateFlow {
  /** Patches that were not sent because the client was too far behind; and full states that were sent for them. */
  patchesShed = 0;
  resyncs = 0;

  readonly #client: ResyncedClient;
  readonly #link: FlowLink;
  readonly #room: Room;
  readonly #monitor: BacklogMonitor;
  readonly #clock: Clock;
  #timer: unknown;
  #stopped = false;

  constructor(client: ResyncedClient, link: FlowLink, room: Room, resyncAfterMs: number, clock: Clock = systemClock) {
    this.#client = client;
    this.#link = link;
    this.#room = room;
    this.#clock = clock;
    this.#monitor = new BacklogMonitor(resyncAfterMs, () => !brokenRooms.has(room) && isResyncable(room, client));
  }

  /** The connection is closed, or its client has another. */
  stop(): void {
    this.#stopped = true;
    this.#clock.clearTimeout(this.#timer);
  }

  /** The bytes to send for an ordered message of the room; undefined: it is a patch that the client is not to get. */
  filter(data: Uint8Array): Uint8Array | undefined {
    const code = protocolCodeOf(data);
    if (code === Protocol.ROOM_STATE) {
      this.#monitor.onFullState(data.length);
      return data;
    }
    const isPatch = code === Protocol.ROOM_STATE_PATCH,
      shed = isPatch && this.#isShedding();
    if (!isPatch) this.#watch(BEHIND_MS);
    // In the place of this tick's patch, and with what it says: the next one builds on it.
    if (shed && this.#monitor.drained) this.#resync();
    else if (shed) this.patchesShed++;
    this.#monitor.onMessage(data.length, !shed);
    return shed ? undefined : data;
  }

  /** False if a message of the unreliable channel is not to be sent. */
  passesUnreliable(data: Uint8Array): boolean {
    const passes = this.#monitor.state !== "shedding" || protocolCodeOf(data) !== Protocol.ROOM_STATE_PATCH;
    this.#monitor.onMessage(data.length, passes);
    return passes;
  }

  figures(): Omit<LinkBehindReport, "state"> {
    this.#update();
    return this.#monitor.figures(this.#clock.now());
  }

  #isShedding(): boolean {
    this.#update();
    return this.#monitor.state === "shedding";
  }

  #update(): void {
    const nowMs = this.#clock.now();
    const report = this.#monitor.update(nowMs, this.#link.behindMs(nowMs), this.#link.waitingBytes);
    if (report !== undefined) tellRoom(this.#room, this.#client, report);
    if (this.#monitor.state !== "level") this.#watch(BACKLOG_POLL_MS);
  }

  /**
   * Looks again after so long, ms: a room may send messages and no patches, or fall silent, or wait with its next
   * patch, while the client catches up.
   */
  #watch(afterMs: number): void {
    if (this.#link.isOpen && !this.#stopped) this.#timer ??= this.#clock.setTimeout(this.#onTimer, afterMs);
  }

  readonly #onTimer = (): void => {
    this.#timer = undefined;
    if (this.#stopped || this.#client.state !== ClientState.JOINED) return;
    this.#update();
    if (this.#link.waitingBytes > 0) this.#watch(BEHIND_MS);
    if (this.#monitor.drained && !hasPendingChanges(this.#room, this.#client)) this.#resync();
  };

  #resync(): void {
    if (!this.#link.isOpen) return;
    this.resyncs++;
    debugFec(
      "full state to %s, which was too far behind; %d patches shed so far",
      this.#client.sessionId,
      this.patchesShed,
    );
    try {
      const state = encodeFullState(this.#room, this.#client);
      const absent = encodeAbsentFields(this.#room, this.#client);
      const whole = new Uint8Array(state.length + absent.length);
      whole.set(state);
      whole.set(absent, state.length);
      this.#monitor.onFullState(whole.length);
      this.#client.rawFullState(whole);
    } catch (error) {
      this.#onResyncFailure(error);
    }
  }

  /**
   * The client has missed patches: it gets the state as the SDK reconnects. Not thrown, into the room's tick or out of
   * a timer: the others play on.
   */
  #onResyncFailure(error: unknown): void {
    if (!brokenRooms.has(this.#room)) {
      logger.error(
        `colyseus-fec: room ${this.#room.roomId} cannot send a full state in the place of patches, and sheds none from now on:`,
        error,
      );
    }
    brokenRooms.add(this.#room);
    this.#link.close(CloseCode.MAY_TRY_RECONNECT);
  }
}
