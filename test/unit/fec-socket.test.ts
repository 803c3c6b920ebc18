/** FecSocket and its session over a socket made by hand: what it takes from a client, and how much of a ws socket it is. */

import { EventEmitter } from "node:events";
import { Protocol } from "@colyseus/core";
import { beforeEach, describe, expect, test } from "vitest";
import type { WebSocket } from "ws";
import { LiveImpairment } from "../../plugin/channels/impaired/live-impairment.js";
import { createMemoryChannelPair, type MemoryChannel } from "../../plugin/channels/memory-channel.js";
import { FecSocket } from "../../plugin/server/fec-socket.js";
import { FakeClock } from "../compliance/fake-clock.js";
import { CLOSE_DELAY_MS, FAILED_CLOSE_MS, UNHEARD_PAUSE_MS } from "../../plugin/server/limits.js";
import type { ChannelKeeper } from "../../plugin/server/server-session.js";
import type { SocketEvent } from "../../plugin/server/socket-facade.js";

class FakeSocket extends EventEmitter {
  readyState = 1;
  readonly bufferedAmount = 0;
  readonly protocol = "p";
  readonly url = "u";
  readonly extensions = "e";
  readonly binaryType = "nodebuffer";
  readonly _socket = { remoteAddress: "192.0.2.1" };
  isPaused = false;
  closed: [code: number, reason: string] | undefined;

  sent = 0;
  closes = 0;

  send(): void {
    this.sent++;
  }

  close(code: number, reason: Buffer | string): void {
    this.readyState = 2;
    this.closes++;
    this.closed ??= [code, String(reason)];
  }

  terminated = 0;

  terminate(): void {
    this.terminated++;
  }

  pause(): void {
    this.isPaused = true;
  }

  resume(): void {
    this.isPaused = false;
  }
}

let socket: FakeSocket;
let clock: FakeClock;
let ref: FecSocket;
let messages: Buffer[];

beforeEach(() => {
  socket = new FakeSocket();
  clock = new FakeClock();
  ref = new FecSocket(socket as unknown as WebSocket, () => {}, {
    messageBytesMax: 100_000,
    fragmentBytes: 99_994,
    channels: [],
    clock,
    repair: "off",
    impairment: new LiveImpairment(undefined),
  });
  messages = [];
  ref.on("message", (message: Buffer) => messages.push(message));
});

function receive(record: Uint8Array, count = 1): void {
  for (let i = 0; i < count; i++) socket.emit("message", Buffer.from(record), true);
}

/** A whole message as one SYMBOL record. */
function symbol(sequence: number, payload: Uint8Array = Uint8Array.of(10)): Buffer {
  const record = Buffer.alloc(6 + payload.length);
  record.writeUInt16LE(0x031e, 0);
  record.writeUInt32LE(sequence, 2);
  record.set(payload, 6);
  return record;
}

/** An unreliable message that waits for the ordered symbols before `barrier`. */
function unreliable(barrier: number): Buffer {
  const record = Buffer.alloc(6);
  record[0] = 0x1d;
  record.writeUInt32LE(barrier, 1);
  record[5] = 10;
  return record;
}

function keeper(handlers: Partial<ChannelKeeper>): ChannelKeeper {
  const none = () => {};
  return { onChannelOpen: none, onChannelClose: none, onPeerClose: none, onWebRtcRequest: none, ...handlers };
}

async function openChannel(): Promise<MemoryChannel> {
  const channel = createMemoryChannelPair()[0];
  ref.session.attach(channel);
  await Promise.resolve();
  expect(channel.state).toBe("open");
  return channel;
}

const control = (json: string): Buffer => Buffer.concat([Buffer.of(0x1f), Buffer.from(json)]);

describe("a FecSocket", () => {
  test("before the join takes what comes in order, however much, and holds nothing of it", () => {
    for (let i = 0; i < 5000; i++) receive(symbol(i, new Uint8Array(100)));
    receive(unreliable(5000));
    expect([messages.length, socket.closed]).toEqual([5001, undefined]);
  });

  test.each([
    ["a symbol ahead of a gap", () => symbol(1)],
    ["a symbol for the second time", () => symbol(0xffff_ffff)],
    ["an unreliable message that waits for a symbol", () => unreliable(1)],
    ["a datagram, though there is no channel yet", () => Buffer.from("1c010000000040", "hex")],
  ])("before the join closes with 1002 for %s", (_, record) => {
    receive(record());
    expect([messages.length, socket.closed]).toEqual([0, [1002, "a record out of order before the join"]]);
  });

  test("before the join reads no more than 2000 records at once of what nobody listens to, and goes on after a pause", () => {
    ref.removeAllListeners("message");
    for (let i = 0; i < 2000; i++) receive(symbol(i));
    expect(socket.isPaused).toBe(false);
    // ws hands on what it has read already.
    for (let i = 2000; i < 2010; i++) receive(symbol(i));
    expect([socket.isPaused, clock.timerCount, socket.closed]).toEqual([true, 1, undefined]);
    clock.advance(UNHEARD_PAUSE_MS);
    expect(socket.isPaused).toBe(false);
    receive(symbol(2010));
    ref.on("message", (message: Buffer) => messages.push(message));
    receive(symbol(2011, Uint8Array.of(10, 7)));
    expect(messages.map((message) => message[1])).toEqual([7]);
  });

  test("gives up the channel of a client that core has dropped: nobody listens to it any more", async () => {
    ref.session.admit();
    const channel = await openChannel();
    receive(symbol(0));
    expect(channel.state).toBe("open");
    ref.removeAllListeners("message");
    receive(symbol(1));
    expect([channel.state, socket.closed]).toEqual(["closed", undefined]);
  });

  test("of a client that broke a rule reads nothing more, and waits a second for its answer", () => {
    receive(Buffer.from("1b", "hex"));
    expect(socket.closed).toEqual([1002, "malformed record"]);
    for (let i = 0; i < 5000; i++) receive(symbol(i));
    expect([messages.length, socket.closes, socket.terminated]).toEqual([0, 1, 0]);
    clock.advance(FAILED_CLOSE_MS);
    expect(socket.terminated).toBe(1);
    socket.emit("close", 1006, Buffer.from(""));
    expect(clock.timerCount).toBe(0);
  });

  test("closes with 1002 for a text record", () => {
    socket.emit("message", control('{"t":"close"}'), false);
    expect(socket.closed).toEqual([1002, "text record"]);
  });

  test.each([
    ["has left", () => receive(symbol(0, Uint8Array.of(Protocol.LEAVE_ROOM))), [4000, ""]],
    ["has not, whatever the code,", () => {}, undefined],
  ])("the close of a client that %s waits for its answer only if it may have more to say", async (_, act, closed) => {
    ref.session.admit();
    await openChannel();
    act();
    ref.close(4000);
    expect(socket.closed).toEqual(closed);
  });

  test("while a channel is only offered, its close frame waits as well: the client may use it already", () => {
    ref.session.attach(createMemoryChannelPair()[0]);
    ref.close(4002);
    expect(socket.closed).toBeUndefined();
    clock.advance(CLOSE_DELAY_MS);
    expect(socket.closed).toEqual([4002, ""]);
  });

  test("after the join takes records ahead of a gap", () => {
    receive(symbol(0));
    ref.session.admit();
    receive(symbol(2));
    expect([messages.length, socket.closed]).toEqual([1, undefined]);
    receive(symbol(1));
    expect(messages).toHaveLength(3);
  });

  test("after the join, leaves the count of messages to core", () => {
    ref.session.admit();
    for (let i = 0; i < 5000; i++) receive(symbol(i));
    expect(messages).toHaveLength(5000);
    expect(socket.closed).toBeUndefined();
  });

  test("closes with 1008 for control records without end", () => {
    ref.session.admit();
    let closes = 0;
    ref.session.channelKeeper = keeper({ onPeerClose: () => closes++ });
    receive(control('{"t":"close"}'), 50);
    expect([closes, socket.closed]).toEqual([50, undefined]);
    receive(control('{"t":"close"}'), 50);
    expect(socket.closed).toEqual([1008, "too many control records"]);
    expect(closes).toBeLessThan(60);
  });

  test("reads control records of at most 256 bytes", () => {
    receive(control('{"t":"later"}'.padEnd(255)));
    expect(socket.closed).toBeUndefined();
    receive(control('{"t":"later"}'.padEnd(256)));
    expect(socket.closed).toEqual([1009, "control record too long"]);
  });

  test("closes with 1008 for copies of a symbol without end, and not for 2000 of them", () => {
    ref.session.admit();
    receive(symbol(0), 2001);
    expect(socket.closed).toBeUndefined();
    receive(symbol(0), 8000);
    expect(socket.closed).toEqual([1008, "too many records that deliver nothing"]);
    expect(messages).toHaveLength(1);
  });

  test("takes messages and no control records while it is closing, and sends nothing", () => {
    ref.session.admit();
    let closes = 0;
    ref.session.channelKeeper = keeper({ onPeerClose: () => closes++ });
    ref.close(4000);
    receive(symbol(0));
    receive(control('{"t":"close"}'));
    expect([messages.length, closes]).toEqual([1, 0]);
    const { sent } = socket;
    ref.send(Uint8Array.of(1));
    expect(socket.sent).toBe(sent);
  });

  test("while datagrams pass, its close frame waits", async () => {
    await openChannel();
    ref.close(4002, "why");
    expect([socket.closed, ref.readyState]).toEqual([undefined, ref.CLOSING]);
    ref.session.hurryClose();
    expect([socket.closed, ref.readyState]).toEqual([[4002, "why"], ref.CLOSING]);
  });

  test("its close frame follows the client's answer; what came before that is delivered, and nothing after", async () => {
    await openChannel();
    ref.session.admit();
    ref.close(4002);
    receive(symbol(0, Uint8Array.of(10, 1)));
    expect(socket.closed).toBeUndefined();
    receive(control('{"t":"end"}'));
    expect(socket.closed).toEqual([4002, ""]);
    receive(symbol(1, Uint8Array.of(10, 2)));
    expect(messages.map((message) => message[1])).toEqual([1]);
  });

  test("an answer that nobody waits for changes nothing", async () => {
    await openChannel();
    ref.session.admit();
    receive(control('{"t":"end"}'));
    receive(symbol(0));
    expect([socket.closed, messages.length]).toEqual([undefined, 1]);
    ref.close(4002);
    expect(socket.closed).toBeUndefined();
  });

  test("its close frame does not wait once it was hurried, and goes once", async () => {
    await openChannel();
    ref.session.hurryClose();
    expect(socket.closed).toBeUndefined();
    ref.close(4002);
    expect(socket.closed).toEqual([4002, ""]);
    ref.session.hurryClose();
    expect(socket.closes).toBe(1);
  });

  test("has the properties of the socket below", () => {
    expect(ref).toMatchObject({
      protocol: "p",
      url: "u",
      extensions: "e",
      binaryType: "nodebuffer",
      isPaused: false,
      readyState: ref.OPEN,
    });
    expect(ref._socket.remoteAddress).toBe("192.0.2.1");
    ref.pause();
    expect([ref.isPaused, socket.isPaused]).toEqual([true, true]);
    ref.resume();
    expect(ref.isPaused).toBe(false);
    expect([ref.CONNECTING, ref.OPEN, ref.CLOSING, ref.CLOSED]).toEqual([0, 1, 2, 3]);
    expect([FecSocket.CONNECTING, FecSocket.OPEN, FecSocket.CLOSING, FecSocket.CLOSED]).toEqual([0, 1, 2, 3]);
  });

  test("has listeners in the way of the DOM: added once, removed, called once where that is asked for", () => {
    const events: SocketEvent[] = [];
    const listener = (event: SocketEvent) => events.push(event);
    const object = { handleEvent: (event: SocketEvent) => events.push(event) };
    ref.addEventListener("message", listener);
    ref.addEventListener("message", listener);
    ref.addEventListener("message", object, { once: true });
    ref.addEventListener("close", listener);
    ref.addEventListener("error", listener);
    receive(symbol(0, Uint8Array.of(10, 1)));
    receive(symbol(1, Uint8Array.of(10, 2)));
    ref.removeEventListener("message", listener);
    receive(symbol(2));
    socket.emit("error", new Error("broken"));
    socket.emit("close", 1006, Buffer.from("gone"));
    expect(events.map(({ type }) => type)).toEqual(["message", "message", "message", "error", "close"]);
    expect(events.map(({ data }) => data?.[1])).toEqual([1, 1, 2, undefined, undefined]);
    expect(events[3]).toMatchObject({ message: "broken", target: ref });
    expect(events[4]).toMatchObject({ code: 1006, reason: "gone", wasClean: false });
    expect(ref.listenerCount("message")).toBe(1);
  });
});
