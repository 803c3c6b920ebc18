/**
 * One bot in a room: sends an input every tick, chats now and then, and checks what it gets:
 * the feed's sequence, the state at checked ticks, ticks that never go back, the final state.
 */
import type { InputHandle } from "@colyseus/sdk";
import type { RoomLinkStats } from "colyseus-fec/client";
import { hashState } from "../protocol/arena-view.js";
import { ARENA_ROOM, CHAT_MESSAGE, FEED_MESSAGE, type FeedEntry } from "../protocol/messages.js";
import { patchAgeMs, wallClockMs } from "../protocol/patch-clock.js";
import { SequenceCheck, type SequenceFaults } from "../protocol/sequence-check.js";
import { TICK_RATE_HZ } from "../rules/constants.js";
import { createRandom, type Random, randomIndex } from "../rules/random.js";
import type { FrozenReport } from "../server/arena-room.js";
import type { ArenaClientRoom, Connector } from "./connect.js";
import { type BotMemory, decide, initialMemory } from "./decide.js";
import { Sight } from "./sight.js";

/** Inputs travel as changes on a channel that may lose them: all fields are sent again this often, ticks. */
const INPUT_REFRESH_TICKS = 30;
/** Ticks between two lines of chat, on average. */
const CHAT_TICKS = 2 * TICK_RATE_HZ;
/** Hashes of checked ticks kept; later ones are not taken. */
const CHECKS_MAX = 3600;
/** Patch ages kept between two reports. */
const AGES_MAX = 1000;

const REMARKS = ["hello", "ouch", "nice shot", "where is everyone?", "good game", "one more"];

export interface BotReport {
  readonly sessionId: string;
  /** Patches applied since the join. */
  readonly patches: number;
  /** Ages of the patches applied since the last report, ms: from encoding at the server to being applied here. */
  readonly agesMs: number[];
  /** undefined on a plain WebSocket. */
  readonly link: RoomLinkStats | undefined;
}

export interface BotResult extends SequenceFaults {
  readonly sessionId: string;
  readonly feedEntries: number;
  readonly patches: number;
  /** The frozen state arrived and has the server's hash. */
  readonly finalEqual: boolean;
  /** Checked ticks that the bot saw and the server still knows; and those of them with another hash. */
  readonly checksCompared: number;
  readonly checksDifferent: number;
  /** Patches that led to an older tick. */
  readonly ticksBack: number;
  /** Times the connection was dropped; 0 in a healthy run, whatever the loss. */
  readonly drops: number;
  readonly errors: string[];
}

export class Bot {
  private readonly input: InputHandle;
  private readonly sight: Sight;
  private memory: BotMemory;
  private readonly feed = new SequenceCheck();
  private readonly checks = new Map<number, string>();
  private finalHash: string | undefined;
  private patches = 0;
  private agesMs: number[] = [];
  private lastPatchMs = -1;
  private lastTick = 0;
  private ticksBack = 0;
  private drops = 0;
  private readonly errors: string[] = [];
  private steps = 0;
  private chats = 0;
  private leaving = false;

  private constructor(
    private readonly room: ArenaClientRoom,
    private readonly connector: Connector,
    private readonly random: Random,
  ) {
    this.memory = initialMemory(random);
    this.sight = new Sight(room.sessionId);
    this.input = room.input({ mode: connector.inputMode });
    room.onMessage(FEED_MESSAGE, ({ seq }: FeedEntry) => this.feed.add(seq));
    room.onStateChange(() => this.onState());
    room.onDrop(() => (this.drops += 1));
    room.onError((code, message) => this.errors.push(`error ${code} ${message ?? ""}`));
    room.onLeave((code, reason) => {
      if (!this.leaving) this.errors.push(`closed with ${code} ${reason ?? ""}`);
    });
  }

  /** Joins the arena. @param seed of all that the bot does by chance. */
  static async join(connector: Connector, name: string, seed: number): Promise<Bot> {
    return new Bot(await connector.join(ARENA_ROOM, { name, bot: true }), connector, createRandom(seed));
  }

  /** One tick: looks, decides, sends. */
  step(): void {
    if (this.room.state?.players === undefined || this.room.state.frozen) return;
    const { input, memory } = decide(this.sight.look(this.room.state), this.memory, this.random);
    this.memory = memory;
    Object.assign(this.input.data, input);
    if (++this.steps % INPUT_REFRESH_TICKS === 0) this.refreshInput();
    this.input.send();
    if (randomIndex(this.random, CHAT_TICKS) === 0) this.chat();
  }

  /** What happened since the last report. */
  report(): BotReport {
    const { agesMs } = this;
    this.agesMs = [];
    return { sessionId: this.room.sessionId, patches: this.patches, agesMs, link: this.connector.stats(this.room) };
  }

  get sessionId(): string {
    return this.room.sessionId;
  }

  /** Lines of chat sent. */
  get chatsSent(): number {
    return this.chats;
  }

  /** Did everything arrive that the server says it sent? What has not yet may be under way. */
  hasAll(frozen: FrozenReport): boolean {
    return this.finalHash !== undefined && this.feed.count >= (frozen.feedCounts[this.sessionId] ?? 0);
  }

  /** Compares all that was seen with what the server says. */
  result(frozen: FrozenReport): BotResult {
    const compared = [...this.checks].filter(([tick]) => frozen.checks[tick] !== undefined);
    return {
      sessionId: this.sessionId,
      feedEntries: this.feed.count,
      patches: this.patches,
      // Unknown to the server: it was thrown out, which is an error of its own.
      ...this.feed.faults(frozen.feedCounts[this.sessionId] ?? this.feed.count),
      finalEqual: this.finalHash === frozen.stateHash,
      checksCompared: compared.length,
      checksDifferent: compared.filter(([tick, hash]) => frozen.checks[tick] !== hash).length,
      ticksBack: this.ticksBack,
      drops: this.drops,
      errors: this.errors,
    };
  }

  async leave(): Promise<void> {
    this.leaving = true;
    await this.room.leave();
  }

  private onState(): void {
    const { state } = this.room;
    // Every patch has its own stamp; frames of the unreliable channel bring none.
    if (state.patchMs !== this.lastPatchMs) this.onPatch(state.patchMs, state.tick);
    if (state.frozen) this.finalHash ??= hashState(state);
  }

  private onPatch(patchMs: number, tick: number): void {
    this.lastPatchMs = patchMs;
    this.patches += 1;
    if (this.agesMs.length < AGES_MAX) this.agesMs.push(patchAgeMs(patchMs, wallClockMs()));
    if (tick < this.lastTick) this.ticksBack += 1;
    const isNew = tick !== this.lastTick;
    this.lastTick = tick;
    const { state } = this.room;
    if (isNew && state.checkTick === tick && this.checks.size < CHECKS_MAX) this.checks.set(tick, hashState(state));
  }

  private refreshInput(): void {
    const data = this.input.data as { setDirty(field: string): void };
    for (const field of ["moveX", "moveY", "aim", "buttons"]) data.setDirty(field);
  }

  private chat(): void {
    const text = REMARKS[randomIndex(this.random, REMARKS.length)]!;
    this.room.send(CHAT_MESSAGE, { seq: this.chats, text });
    this.chats += 1;
  }
}
