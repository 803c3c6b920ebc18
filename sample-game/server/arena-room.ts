/**
 * The arena as a Colyseus room: inputs in, the pure world stepped at 60 Hz, its state and its feed out.
 * It knows nothing of the transport: the same room runs over WebSocket alone.
 */
import { type Client, Room } from "@colyseus/core";
import { Encoder } from "@colyseus/schema";
import { hashState } from "../protocol/arena-view.js";
import { CHAT_LENGTH_MAX, CHAT_MESSAGE, type FeedEvent, type JoinOptions } from "../protocol/messages.js";
import { patchStamp, wallClockMs } from "../protocol/patch-clock.js";
import { SequenceCheck } from "../protocol/sequence-check.js";
import { BUTTON_DASH, PLAYERS_MAX, STEP_S, TICK_RATE_HZ } from "../rules/constants.js";
import { createRandom } from "../rules/random.js";
import type { Player, PlayerInput, World, WorldEvent } from "../rules/types.js";
import { addPlayer, createWorld, rank, removePlayer, step } from "../rules/world.js";
import { Feed } from "./feed.js";
import { answerNetMessages, type NetLinks } from "./net-control.js";
import { ArenaInput, ArenaState } from "./schema.js";
import { refreshAims, syncState } from "./state-adapter.js";

/** PROJECTILES_MAX and PLAYERS_MAX at once take 9 KB. */
Encoder.BUFFER_SIZE = Math.max(Encoder.BUFFER_SIZE, 32 * 1024);

/** Inputs that may wait for a player's next step, for jitter; older ones are skipped, their buttons kept. */
const INPUT_BACKLOG_MAX = 3;
/** An aim that was lost is stale for this long at most, ticks. */
const AIM_REFRESH_TICKS = 30;
/** The state is hashed about once in this many ticks, for clients' checks. */
const CHECK_TICKS = 60;
/** Hashes kept; the oldest go first. */
const CHECKS_MAX = 3600;
/** A client that left without saying so may come back for this long, s. */
const RECONNECTION_S = 20;
/** Chat lines that one client may send per second; more are not shown. */
const CHAT_PER_SECOND_MAX = 5;

/** Clients that only watch; one more is refused. */
export const SPECTATORS_MAX = 50;

export const PATCH_RATE_HZ_MIN = 20;
export const PATCH_RATE_HZ_MAX = 60;

export interface ArenaRoomOptions {
  /** Patches per second, 20..60. Default 60. */
  patchRateHz?: number;
  /** Seed of the world. Default 1. */
  seed?: number;
  /** Stays when the last client has left. Default false. */
  keep?: boolean;
  /** The transport's switches, for the net panel. Default: none. */
  links?: NetLinks;
}

/** What the room says about itself once it is frozen, for comparing with what clients saw. */
export interface FrozenReport {
  stateHash: string;
  /** Feed entries sent, by session id. */
  feedCounts: Record<string, number>;
  /** Hash of the state at each checked tick that is still kept. */
  checks: Record<number, string>;
}

/** Chat as the room received it from one client. */
interface ChatRecord {
  readonly sequence: SequenceCheck;
  /** Lines shown in the second that began at this tick. */
  sinceTick: number;
  shown: number;
}

export class ArenaRoom extends Room<{ state: ArenaState; input: ArenaInput }> {
  override maxClients = PLAYERS_MAX + SPECTATORS_MAX;
  override inputs = this.defineInput(ArenaInput, {
    // A late input: go on as before, but do not dash twice.
    idle: ({ latest }) =>
      latest === undefined ? true : { ...plainInput(latest), buttons: latest.buttons & ~BUTTON_DASH },
  });

  private world!: World;
  private readonly feed = new Feed();
  private readonly chats = new Map<string, ChatRecord>();
  private readonly spectators = new Set<string>();
  private readonly checks = new Map<number, string>();
  private steps = 0;

  override onCreate({ patchRateHz = PATCH_RATE_HZ_MAX, seed = 1, keep = false, links }: ArenaRoomOptions = {}): void {
    if (!(patchRateHz >= PATCH_RATE_HZ_MIN && patchRateHz <= PATCH_RATE_HZ_MAX)) {
      throw new RangeError(`"patchRateHz" expected ${PATCH_RATE_HZ_MIN}..${PATCH_RATE_HZ_MAX}, got ${patchRateHz}`);
    }
    this.world = createWorld(createRandom(seed));
    this.autoDispose = !keep;
    const state = new ArenaState().assign({ patchMs: 0, checkTick: 0, frozen: false });
    syncState(this.world, state);
    this.state = state;
    this.patchRate = 1000 / patchRateHz;
    this.onMessage(CHAT_MESSAGE, (client, message: unknown) => this.onChat(client, message));
    if (links !== undefined) answerNetMessages(this, links);
    this.setFixedTimestep(() => this.step(), TICK_RATE_HZ);
  }

  override onJoin(client: Client, options?: Record<keyof JoinOptions, unknown>): void {
    if (options?.spectate === true) {
      if (this.spectators.size >= SPECTATORS_MAX)
        throw new RangeError(`"spectators" expected at most ${SPECTATORS_MAX}, got one more`);
      this.spectators.add(client.sessionId);
      return;
    }
    const name = typeof options?.name === "string" ? options.name : "";
    const player = addPlayer(this.world, client.sessionId, name, options?.bot === true);
    this.chats.set(client.sessionId, { sequence: new SequenceCheck(), sinceTick: 0, shown: 0 });
    this.publish({ kind: "join", name: player.name });
  }

  override onDrop(client: Client): void {
    // Rejects when the time is over; onLeave follows by itself.
    Promise.resolve(this.allowReconnection(client, RECONNECTION_S)).catch(() => undefined);
  }

  override onLeave(client: Client): void {
    this.spectators.delete(client.sessionId);
    const player = this.world.players.get(client.sessionId);
    removePlayer(this.world, client.sessionId);
    this.feed.forget(client.sessionId);
    this.chats.delete(client.sessionId);
    if (player !== undefined) this.publish({ kind: "leave", name: player.name });
  }

  /** Runs right before a patch is encoded. */
  override onBeforePatch(state: ArenaState): void {
    if (state.frozen) return;
    syncState(this.world, state);
    state.patchMs = patchStamp(wallClockMs());
    if (this.world.tick < state.checkTick + CHECK_TICKS) return;
    state.checkTick = this.world.tick;
    this.checks.set(this.world.tick, hashState(state));
    if (this.checks.size > CHECKS_MAX) this.checks.delete(this.checks.keys().next().value!);
  }

  /** Ends the game for good: one last patch and feed entry, then nothing changes. */
  freeze(): FrozenReport {
    this.publish({ kind: "freeze" });
    syncState(this.world, this.state);
    this.state.frozen = true;
    const feedCounts = Object.fromEntries(this.clients.map(({ sessionId }) => [sessionId, this.feed.count(sessionId)]));
    return { stateHash: hashState(this.state), feedCounts, checks: Object.fromEntries(this.checks) };
  }

  /** What arrived of a client's numbered chat lines; undefined once it has left. */
  chatReceived(sessionId: string): SequenceCheck | undefined {
    return this.chats.get(sessionId)?.sequence;
  }

  /** Clients with a player. */
  get playerCount(): number {
    return this.world.players.size;
  }

  /** Players by score. */
  leaderboard(): Player[] {
    return rank(this.world.players.values());
  }

  private step(): void {
    if (++this.steps % AIM_REFRESH_TICKS === 0) refreshAims(this.state);
    const inputs = new Map<string, PlayerInput>();
    for (const id of this.world.players.keys()) inputs.set(id, this.takeInput(id));
    if (this.state.frozen) return;
    for (const event of step(this.world, inputs, STEP_S)) this.report(event);
  }

  /** The input of this tick: the oldest waiting one. */
  private takeInput(sessionId: string): PlayerInput {
    const waiting = this.inputs.get(sessionId);
    let skippedButtons = 0;
    while (waiting.size > INPUT_BACKLOG_MAX) skippedButtons |= waiting.next()?.buttons ?? 0;
    const input = plainInput(waiting.next());
    input.buttons |= skippedButtons;
    return input;
  }

  private report(event: WorldEvent): void {
    if (event.kind !== "kill") return;
    this.publish({ kind: "kill", killer: this.nameOf(event.killerId), victim: this.nameOf(event.victimId) });
  }

  private onChat(client: Client, message: unknown): void {
    const record = this.chats.get(client.sessionId);
    if (record === undefined || typeof message !== "object" || message === null) return;
    const { seq, text } = message as { seq?: unknown; text?: unknown };
    if (Number.isSafeInteger(seq)) record.sequence.add(seq as number);
    if (typeof text !== "string" || text.trim() === "" || this.state.frozen) return;
    if (this.steps >= record.sinceTick + TICK_RATE_HZ) Object.assign(record, { sinceTick: this.steps, shown: 0 });
    if (++record.shown > CHAT_PER_SECOND_MAX) return;
    this.publish({ kind: "chat", name: this.nameOf(client.sessionId), text: text.slice(0, CHAT_LENGTH_MAX) });
  }

  private publish(event: FeedEvent): void {
    if (!this.state.frozen) this.feed.publish(this.clients, event);
  }

  private nameOf(sessionId: string): string {
    return this.world.players.get(sessionId)?.name ?? "someone gone";
  }
}

/** Schema objects keep their fields on the prototype: a copy by name is a plain one. */
function plainInput({ moveX, moveY, aim, buttons }: PlayerInput): PlayerInput {
  return { moveX, moveY, aim, buttons };
}
