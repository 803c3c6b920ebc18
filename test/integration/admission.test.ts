/**
 * What a client sends before core listens to it: dropped as ws-transport drops it, and no reason to end a session.
 * Each test does the same over ws-transport with the stock SDK.
 */

import { getMessageBytes, Protocol, Room, type Client } from "@colyseus/core";
import type { Room as SdkRoom } from "@colyseus/sdk";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { WebSocket } from "ws";
import { once, serverClient, serverRoom, until } from "./harness.js";
import { startHoldingRelay } from "./holding-relay.js";
import { connect, pathOf, symbol, untilRead } from "./raw-connection.js";
import { joinAs, newSeat, SIDES, startBoth, urlOf, type BothServers, type Side } from "./reference.js";

type Hook = "onAuth" | "onJoin" | "onDrop" | "onReconnect";
type Input = [n: number, filler: string];

/** One of its hooks, `options.slow`, waits for the test. */
class SlowRoom extends Room {
  readonly events: string[] = [];
  /** Numbers that arrived. */
  readonly received: number[] = [];
  /** What the slow hook waits for. */
  wait: () => Promise<unknown> = () => this.released;
  release!: () => void;
  readonly released = new Promise<void>((resolve) => (this.release = resolve));
  #slow: Hook | undefined;

  override onCreate(options: { slow?: Hook }): void {
    this.#slow = options.slow;
    this.onMessage("input", (_client, [n]: Input) => void this.received.push(n));
  }

  override async onAuth(): Promise<boolean> {
    await this.#pass("onAuth");
    return true;
  }

  override async onJoin(): Promise<void> {
    await this.#pass("onJoin");
  }

  override async onDrop(client: Client): Promise<void> {
    this.events.push("onDrop");
    await this.#pass("onDrop");
    this.allowReconnection(client, 10).catch(() => {});
  }

  override async onReconnect(): Promise<void> {
    await this.#pass("onReconnect");
    this.events.push("onReconnect");
  }

  override onLeave(_client: Client, code?: number): void {
    this.events.push(`onLeave ${code}`);
  }

  async #pass(hook: Hook): Promise<void> {
    if (this.#slow === hook) await this.wait();
  }
}

let servers: BothServers;

beforeEach(async () => {
  // ws-transport finds out by its pings alone that a stale connection is one.
  servers = await startBoth({ slow: SlowRoom }, { pingInterval: 100, pingMaxRetries: 2 });
});

afterEach(() => servers.stop());

/** Numbers from one to before another. */
const range = (from: number, to: number) => Array.from({ length: to - from }, (_, i) => from + i);

interface Load {
  readonly hz: number;
  readonly bytes: number;
  /** Messages that the slow hook lets pass by. */
  readonly count: number;
}

const loads: [name: string, load: Load][] = [
  ["at 60 Hz", { hz: 60, bytes: 1, count: 80 }],
  ["at 128 Hz", { hz: 128, bytes: 1, count: 90 }],
  ["3 KB at 60 Hz", { hz: 60, bytes: 3000, count: 40 }],
];

/** What becomes of a client that goes on sending while it is dropped and comes back. */
async function sendWhileComingBack(side: Side, slow: Hook, load: Load, drop: (room: SdkRoom, host: Client) => void) {
  const room = await joinAs(servers, side, "slow", { slow });
  const host = serverRoom<SlowRoom>(room);
  const events: string[] = [];
  const hasLeft = () => events.some((event) => event.startsWith("onLeave"));
  let sent = 0;
  let admittedAt = Infinity;
  /** Numbers sent while the hook waited. */
  let meanwhile: number[] = [];
  host.wait = async () => {
    await until("the client's new socket is open", () => room.connection.isOpen);
    const start = sent;
    await until("messages passed by, or the end", () => hasLeft() || sent >= start + load.count);
    meanwhile = range(start, sent);
  };
  room.onDrop((code) => events.push(`onDrop ${code}`));
  room.onLeave((code, reason) => events.push(`onLeave ${code} ${reason}`));
  room.onReconnect(() => {
    events.push("onReconnect");
    admittedAt = sent;
  });
  const timer = setInterval(() => room.send("input", [sent++, "x".repeat(load.bytes)]), 1000 / load.hz);
  await until("messages", () => host.received.length > 5);
  drop(room, serverClient(room));
  await until("a game again", () => hasLeft() || host.received.filter((n) => n >= admittedAt).length >= 20);
  clearInterval(timer);
  await until("the last message", () => hasLeft() || host.received.at(-1) === sent - 1);
  // Neither the first nor the last few: they may be queued by the SDK, or on their way when the hook returns.
  const heard = meanwhile.slice(5, -5).filter((n) => host.received.includes(n));
  const after = host.received.filter((n) => n >= admittedAt);
  const result = {
    client: [...events],
    server: [...host.events],
    passedBy: meanwhile.length >= load.count,
    heard,
    afterIsWhole: after.length >= 20 && after.every((n, i) => n === admittedAt + i),
  };
  if (!hasLeft()) await room.leave();
  return result;
}

describe.each(SIDES)("by %s, a player who goes on sending", (side) => {
  test.each(loads)("%s while a slow onReconnect admits it plays on", async (_name, load) => {
    const tearDown = (_room: SdkRoom, { ref }: Client) => (ref as unknown as { terminate(): void }).terminate();
    const [reference, ours] = await Promise.all([
      sendWhileComingBack("ws-transport", "onReconnect", load, tearDown),
      sendWhileComingBack(side, "onReconnect", load, tearDown),
    ]);
    expect(reference).toEqual({
      client: ["onDrop 1006", "onReconnect"],
      server: ["onDrop", "onReconnect"],
      passedBy: true,
      heard: [],
      afterIsWhole: true,
    });
    expect(ours).toEqual(reference);
  });

  test.each(loads.slice(1))("%s while a slow onDrop ends its stale connection plays on", async (_name, load) => {
    const changeNetwork = (room: SdkRoom, { ref }: Client) => {
      (ref as unknown as { pause(): void }).pause(); // the server does not hear that this socket ends
      room.connection.close(4010);
    };
    const [reference, ours] = await Promise.all([
      sendWhileComingBack("ws-transport", "onDrop", load, changeNetwork),
      sendWhileComingBack(side, "onDrop", load, changeNetwork),
    ]);
    expect(reference).toEqual({
      client: ["onDrop 4010", "onReconnect"],
      server: ["onDrop", "onReconnect"],
      passedBy: true,
      heard: [],
      afterIsWhole: true,
    });
    expect(ours).toEqual(reference);
  });
});

const inputMessage = (n: number, bytes = 1): Uint8Array =>
  getMessageBytes.raw(Protocol.ROOM_DATA, "input", [n, "x".repeat(bytes)] satisfies Input);
const JOIN_ROOM = Uint8Array.of(Protocol.JOIN_ROOM);

/** A client without an SDK, whose join waits for the room's release(). */
async function comeSlowly(side: Side, slow: Hook) {
  const seat = await newSeat("slow", { slow });
  const raw = connect({ url: urlOf(servers, side) }, `${pathOf(seat)}${side === "ws-transport" ? "" : "&fec=1"}`);
  await once({ once: (opened: () => void) => void raw.socket.once("open", opened) });
  let gone: { code: number; reason: string } | undefined;
  void raw.closed.then((end) => (gone = end));
  let sequence = 0;
  return {
    ...raw,
    host: serverRoom<SlowRoom>({ roomId: seat.roomId } as SdkRoom),
    gone: () => gone,
    isJoined: () => raw.records.some((record) => record[side === "ws-transport" ? 0 : 6] === Protocol.JOIN_ROOM),
    send: (message: Uint8Array) => raw.socket.send(side === "ws-transport" ? message : symbol(sequence++, message)),
  };
}

describe("a client that sends before its first join is through", () => {
  const floods: [name: string, count: number, bytes: number][] = [
    ["100 messages", 100, 1],
    ["3000 messages", 3000, 1],
    ["120 KB", 40, 3000],
  ];
  const hooks: Hook[] = ["onAuth", "onJoin"];
  test.each(floods.flatMap((flood) => hooks.map((hook) => [...flood, hook] as const)))(
    "%s (%d of %d bytes) into a slow %s is let in, and heard from there on",
    async (_name, count, bytes, hook) => {
      const flood = async (side: Side) => {
        const client = await comeSlowly(side, hook);
        for (const n of range(0, count)) client.send(inputMessage(n, bytes));
        await untilRead(client);
        client.host.release();
        await until("the join", () => client.gone() ?? client.isJoined());
        client.send(JOIN_ROOM);
        client.send(inputMessage(count));
        await until("the message after the join", () => client.gone() ?? client.host.received.includes(count));
        const result = { gone: client.gone(), received: client.host.received };
        client.socket.terminate();
        return result;
      };
      const reference = await flood("ws-transport");
      expect(reference).toEqual({ gone: undefined, received: [count] });
      expect(await flood("WebSocket")).toEqual(reference);
    },
  );

  test("and leaves a gap has no more than 64 KiB held, or is closed with 1002", async () => {
    const client = await comeSlowly("WebSocket", "onJoin");
    const [count, bytes] = [200, 3000];
    for (const n of range(1, count)) client.socket.send(symbol(n, inputMessage(n, bytes)));
    await untilRead(client);
    client.host.release();
    await until("the join, or the end", () => client.gone() ?? client.isJoined());
    // What was held comes out as soon as the gap is filled.
    client.socket.send(symbol(0, JOIN_ROOM));
    await untilRead(client);
    if (client.gone() !== undefined) expect([1002, 1008]).toContain(client.gone()!.code);
    else expect(client.socket.readyState).toBe(WebSocket.OPEN);
    expect(client.host.received.length * bytes).toBeLessThanOrEqual(64 * 1024);
    client.socket.terminate();
  });
});

describe.each(SIDES)("by %s, 200 messages between the new socket's opening and the server's first message", (side) => {
  /** Reconnects through a relay that passes on at once what the client says, and what the server says only when asked to. */
  async function sendEarly(as: Side) {
    const relay = await startHoldingRelay(urlOf(servers, as));
    const room = await joinAs(servers, as, "slow");
    const host = serverRoom<SlowRoom>(room);
    const end = Promise.race([
      once(room.onReconnect).then(() => "back"),
      once(room.onLeave).then(([code, reason]) => `${code} ${reason}`),
    ]);
    const dropped = once(room.onDrop);
    room.connection.url = room.connection.url!.replace(/:\d+\//, `:${relay.port}/`);
    (serverClient(room).ref as unknown as { terminate(): void }).terminate();
    await dropped;
    await until("an open socket", () => room.connection.isOpen);
    const errors: string[] = [];
    for (const n of range(0, 200)) {
      try {
        room.send("input", [n, ""]);
      } catch (error) {
        errors.push((error as Error).message);
      }
    }
    await until("the server's first message", () => relay.heldCount > 0);
    relay.release();
    expect(await end).toBe("back");
    room.send("input", [200, ""]);
    await until("the message after", () => host.received.includes(200));
    await room.leave();
    await relay.stop();
    return { errors: errors.slice(0, 3), received: host.received };
  }

  test("do not throw, and the session goes on", async () => {
    const reference = await sendEarly("ws-transport");
    expect(reference.errors).toEqual([]);
    const ours = await sendEarly(side);
    expect(ours.errors).toEqual([]);
    expect(ours.received).toEqual([...ours.received].sort((a, b) => a - b));
  });

  test("all arrive where core listened by then", async () => {
    const reference = await sendEarly("ws-transport");
    expect(reference.received).toEqual(range(0, 201));
    const ours = await sendEarly(side);
    expect(ours.received.length).toBe(201);
    expect(ours.received).toEqual(reference.received);
  });
});
