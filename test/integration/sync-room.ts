/**
 * A room whose state changes with every patch, and a client's record of it: at every tick the client's state must be the
 * server's at that tick, and numbered messages must arrive exactly once and in order, both ways.
 */

import { Room, type Client } from "@colyseus/core";
import { schema, t } from "@colyseus/schema";
import type { Room as SdkRoom } from "@colyseus/sdk";
import { expect } from "vitest";
import { serverRoom, until } from "./harness.js";
import { textOf } from "./sync-text.js";

export { textOf };

export const Body = schema(
  { x: t.number().default(0), y: t.float32().default(0), hits: t.uint16().default(0) },
  "Body",
);
export const SyncState = schema(
  { tick: t.uint32().default(0), bodies: t.map(Body), trail: t.array("int32") },
  "SyncState",
);

const BODIES = 6;
const TRAIL_MAX = 20;

/** Room options: patchRate, ms. */
export class SyncRoom extends Room {
  declare state: InstanceType<typeof SyncState>;
  /** The state at every tick, as text. */
  readonly history: string[] = [];
  /** Numbers that each client sent, by session id. */
  readonly received = new Map<string, number[]>();
  readonly closeCodes: (number | undefined)[] = [];
  frozen = false;

  override onCreate(options: { patchRate?: number }): void {
    this.patchRate = options.patchRate ?? 25;
    this.state = new SyncState();
    this.history[0] = textOf(this.state);
    this.onMessage("number", (client, n: number) => this.#receivedOf(client).push(n));
    this.onMessage("echo", (_client, payload: unknown) => payload);
    this.onMessage("kick", (client, code: number) => client.leave(code, "kicked"));
  }

  override onBeforePatch(): void {
    if (this.frozen) return;
    const { state } = this;
    state.tick++;
    for (let i = 0; i < BODIES; i++) this.#move(`body${i}`, i);
    state.trail.push(state.tick * 7);
    if (state.trail.length > TRAIL_MAX) state.trail.shift();
    this.history[state.tick] = textOf(state);
    this.broadcast("tick", state.tick);
  }

  override onDrop(client: Client, code?: number): void {
    this.closeCodes.push(code);
    this.allowReconnection(client, 10).catch(() => {});
  }

  override onLeave(_client: Client, code?: number): void {
    this.closeCodes.push(code);
  }

  #move(key: string, i: number): void {
    const { tick, bodies } = this.state;
    if ((tick + i) % 17 === 0) {
      bodies.delete(key); // comes back with a new reference
      return;
    }
    const body = bodies.get(key) ?? new Body();
    body.x = Math.round(Math.sin(tick + i) * 100_000);
    if (tick % 2 === 0) body.y = Math.fround(tick / (i + 1));
    if (tick % 5 === i) body.hits++;
    if (!bodies.has(key)) bodies.set(key, body);
  }

  #receivedOf(client: Client): number[] {
    const list = this.received.get(client.sessionId) ?? [];
    this.received.set(client.sessionId, list);
    return list;
  }
}

/** What one client saw; made right after the join. */
export class Witness {
  /** Ticks of the state, in the order in which they were applied. */
  readonly ticks: number[] = [];
  /** Numbers of the room's "tick" messages. */
  readonly messages: number[] = [];
  readonly wrong: string[] = [];
  /** State ticks and messages as they came: "s5" and "m6". */
  readonly order: string[] = [];
  sent = 0;

  constructor(readonly room: SdkRoom) {
    const host = serverRoom<SyncRoom>(room);
    room.onStateChange((state: InstanceType<typeof SyncState>) => {
      const expected = host.history[state.tick];
      if (textOf(state) !== expected) this.wrong.push(`tick ${state.tick}: ${textOf(state)} instead of ${expected}`);
      this.ticks.push(state.tick);
      this.order.push(`s${state.tick}`);
    });
    room.onMessage("tick", (tick: number) => {
      this.messages.push(tick);
      this.order.push(`m${tick}`);
    });
  }

  /** Sends the next numbers. */
  send(count: number): void {
    for (let i = 0; i < count; i++) this.room.send("number", this.sent++);
  }

  /** Resolves when this client saw `count` more ticks, sending two numbers after each. */
  async play(count: number, timeoutMs = 20_000): Promise<void> {
    const end = this.ticks.length + count;
    let seen = this.ticks.length;
    await until(
      `${count} ticks`,
      () => {
        if (this.ticks.length > seen) this.send(2);
        seen = this.ticks.length;
        return seen >= end;
      },
      timeoutMs,
    );
  }

  /** Waits until everything arrived, then checks that all of it did, right, once and in order. */
  async check(): Promise<void> {
    const host = serverRoom<SyncRoom>(this.room);
    const received = () => host.received.get(this.room.sessionId) ?? [];
    await until("all numbers at the server", () => received().length >= this.sent);
    expect(this.wrong.slice(0, 2)).toEqual([]);
    expect(received()).toEqual(Array.from({ length: this.sent }, (_, i) => i));
    const firstTick = this.ticks[0]!;
    expect(this.ticks).toEqual(this.ticks.map((_, i) => firstTick + i));
    // Messages queued while joining may be older than the first state; each later one comes right before its tick's patch.
    expect(this.messages).toEqual(this.messages.map((_, i) => this.messages[0]! + i));
    const settled = this.order
      .slice(this.order.indexOf(`s${firstTick + 1}`) + 1)
      .filter((entry) => entry !== `m${firstTick + 1}`);
    expect(settled).toEqual(settled.map((_, i) => `${i % 2 === 0 ? "m" : "s"}${firstTick + 2 + (i >> 1)}`));
  }
}
