/**
 * What of a room's state goes to one FEC client: every patch while the client keeps up; none while it is hopelessly behind, and
 * then the full state in their place. A patch that is shed never was in the ordered stream. Room messages always pass.
 * Tells the room, if it asks. Whether the client keeps up is backlog-monitor.ts.
 */

import { ClientState, CloseCode, logger, Protocol, type Client, type Room } from "@colyseus/core";
import { BacklogMonitor, type LinkBehindReport } from "./backlog-monitor.js";
import { debugFec } from "./debug.js";
import type { FecRef } from "./fec-ref.js";
import { BACKLOG_POLL_MS, BEHIND_MS } from "./limits.js";
import { tellRoom } from "./link-aware-room.js";
import { encodeAbsentFields, hasPendingChanges, isResyncable, sendFullState } from "./room-state.js";

/** What a flow needs of its client beyond core's. */
interface ResyncedClient extends Client {
  restartUnreliable(): void;
}

/** The low five bits of a message's first byte are its protocol code; the others say how it is sent. */
const PROTOCOL_CODE_MASK = 0x1f;

/** Rooms that could not send a full state, for a reason that isResyncable does not see: nothing is shed there any more. */
const brokenRooms = new WeakSet<Room>();

export class StateFlow {
  /** Patches that were not sent because the client was too far behind; and full states that were sent for them. */
  patchesShed = 0;
  resyncs = 0;

  /** The connection that this is about. */
  readonly ref: FecRef;

  readonly #client: ResyncedClient;
  readonly #room: Room;
  readonly #monitor: BacklogMonitor;
  #timer: NodeJS.Timeout | undefined;
  #resyncing = false;

  constructor(client: ResyncedClient, ref: FecRef, room: Room, resyncAfterMs: number) {
    this.#client = client;
    this.ref = ref;
    this.#room = room;
    this.#monitor = new BacklogMonitor(resyncAfterMs, () => !brokenRooms.has(room) && isResyncable(room, client));
    ref.once("close", () => clearTimeout(this.#timer));
  }

  /** The bytes to send for an ordered message of the room; undefined: it is a patch that the client is not to get. */
  filter(data: Uint8Array): Uint8Array | undefined {
    const code = data[0]! & PROTOCOL_CODE_MASK;
    if (code === Protocol.ROOM_STATE) return this.#withState(data);
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
    const passes = this.#monitor.state !== "shedding" || (data[0]! & PROTOCOL_CODE_MASK) !== Protocol.ROOM_STATE_PATCH;
    this.#monitor.onMessage(data.length, passes);
    return passes;
  }

  figures(): Omit<LinkBehindReport, "state"> {
    this.#update();
    return this.#monitor.figures(performance.now());
  }

  #isShedding(): boolean {
    this.#update();
    return this.#monitor.state === "shedding";
  }

  #update(): void {
    const nowMs = performance.now();
    const report = this.#monitor.update(nowMs, this.ref.behindMs(nowMs), this.ref.waitingBytes);
    if (report !== undefined) tellRoom(this.#room, this.#client, report);
    if (this.#monitor.state !== "level") this.#watch(BACKLOG_POLL_MS);
  }

  /** Looks again after so long, ms: a room may send messages and no patches, or fall silent, or wait with its next patch, while the client catches up. */
  #watch(afterMs: number): void {
    if (this.ref.readyState === this.ref.OPEN) this.#timer ??= setTimeout(this.#onTimer, afterMs).unref();
  }

  readonly #onTimer = (): void => {
    this.#timer = undefined;
    if (this.#client.ref !== (this.ref as unknown) || this.#client.state !== ClientState.JOINED) return;
    this.#update();
    if (this.ref.waitingBytes > 0) this.#watch(BEHIND_MS);
    if (this.#monitor.drained && !hasPendingChanges(this.#room, this.#client)) this.#resync();
  };

  #resync(): void {
    if (this.ref.readyState !== this.ref.OPEN) return;
    this.resyncs++;
    debugFec(
      "full state to %s, which was too far behind; %d patches shed so far",
      this.#client.sessionId,
      this.patchesShed,
    );
    this.#resyncing = true;
    this.#client.restartUnreliable();
    try {
      sendFullState(this.#room, this.#client);
    } catch (error) {
      this.#onResyncFailure(error);
    } finally {
      this.#resyncing = false;
    }
  }

  /** The client has missed patches: it gets the state as the SDK reconnects. Not thrown, into the room's tick or out of a timer: the others play on. */
  #onResyncFailure(error: unknown): void {
    if (!brokenRooms.has(this.#room)) {
      logger.error(
        `colyseus-fec: room ${this.#room.roomId} cannot send a full state in the place of patches, and sheds none from now on:`,
        error,
      );
    }
    brokenRooms.add(this.#room);
    this.ref.close(CloseCode.MAY_TRY_RECONNECT);
  }

  #withState(data: Uint8Array): Uint8Array {
    const absent = this.#resyncing ? encodeAbsentFields(this.#room, this.#client) : undefined;
    this.#monitor.onFullState(data.length + (absent?.length ?? 0));
    if (absent === undefined || absent.length === 0) return data;
    const whole = new Uint8Array(data.length + absent.length);
    whole.set(data);
    whole.set(absent, data.length);
    return whole;
  }
}
