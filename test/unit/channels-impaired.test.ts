import { describe, expect, test } from "vitest";
import { DeadlineTimer, type Clock } from "../../plugin/host/clock.js";
import { appendCrc32, crc32, stripCrc32 } from "../../plugin/channels/impaired/crc32.js";
import { impairChannel } from "../../plugin/channels/impaired/impaired-channel.js";
import { createMemoryChannelPair } from "../../plugin/channels/memory-channel.js";
import type { DirectionalImpairment } from "../../plugin/netem/index.js";
import { FakeClock } from "../compliance/fake-clock.js";

async function pair(impairment: DirectionalImpairment, clock: Clock) {
  const [inner, peer] = createMemoryChannelPair();
  const channel = impairChannel(inner, impairment, clock);
  await microtasks();
  const received = { here: [] as number[], there: [] as number[] };
  channel.ondatagram = (datagram) => received.here.push(datagram[0]!);
  peer.ondatagram = (datagram) => received.there.push(datagram[0]!);
  return { channel, peer: peer, received };
}

async function microtasks(): Promise<void> {
  for (let i = 0; i < 10; i++) await Promise.resolve();
}

describe("the impaired channel", () => {
  test("delays each direction by its own delay", async () => {
    const clock = new FakeClock();
    const { channel, peer, received } = await pair({ send: { delayMs: 30 }, receive: { delayMs: 10 } }, clock);
    channel.send(Uint8Array.of(1));
    peer.send(Uint8Array.of(2));
    await microtasks();
    clock.advance(9);
    await microtasks();
    expect(received).toEqual({ here: [], there: [] });
    clock.advance(1);
    await microtasks();
    expect(received).toEqual({ here: [2], there: [] });
    clock.advance(20);
    await microtasks();
    expect(received).toEqual({ here: [2], there: [1] });
    expect(clock.timerCount).toBe(0);
  });

  test("loses everything in a blackout, both ways, and recovers", async () => {
    const clock = new FakeClock();
    const { channel, peer, received } = await pair({}, clock);
    channel.blackout(true);
    channel.send(Uint8Array.of(1));
    peer.send(Uint8Array.of(2));
    await microtasks();
    expect(received).toEqual({ here: [], there: [] });
    channel.blackout(false);
    channel.send(Uint8Array.of(3));
    peer.send(Uint8Array.of(4));
    await microtasks();
    expect(received).toEqual({ here: [4], there: [3] });
    expect(channel.stats.send).toMatchObject({ offered: 2, lost: 1, delivered: 1 });
  });

  test("takes other options while it runs", async () => {
    const clock = new FakeClock();
    const { channel, received } = await pair({}, clock);
    channel.configure({ loss: 1 });
    expect(channel.send(Uint8Array.of(1))).toBe(true);
    channel.configure("clean");
    channel.send(Uint8Array.of(2));
    await microtasks();
    expect(received.there).toEqual([2]);
    expect(() => channel.configure({ loss: 2 })).toThrow(RangeError);
  });

  test("tells when the channel in it goes another way", async () => {
    const [inner] = createMemoryChannelPair();
    const channel = impairChannel(inner, {}, new FakeClock());
    let told = 0;
    channel.onmoved = () => told++;
    inner.onmoved!();
    expect(told).toBe(1);
  });

  test("loses what is damaged: no changed byte is ever handed on", async () => {
    const clock = new FakeClock();
    const { channel, received } = await pair({ send: { corrupt: 1 } }, clock);
    for (let i = 0; i < 50; i++) channel.send(Uint8Array.of(i, 1, 2, 3));
    await microtasks();
    expect(received.there).toEqual([]);
    expect(channel.stats.send.corrupted).toBe(50);
  });

  test("frees its timer and drops what is in flight when it closes", async () => {
    const clock = new FakeClock();
    const { channel, received } = await pair({ delayMs: 10 }, clock);
    channel.send(Uint8Array.of(1));
    channel.close();
    expect(clock.timerCount).toBe(0);
    clock.advance(100);
    await microtasks();
    expect(received.there).toEqual([]);
  });
});

describe("CRC-32", () => {
  test("gives the check value of the standard, and finds damage", () => {
    expect(crc32(Buffer.from("123456789"))).toBe(0xcbf43926);
    const checked = appendCrc32(Uint8Array.of(1, 2, 3));
    expect(stripCrc32(checked)).toEqual(Uint8Array.of(1, 2, 3));
    for (let bit = 0; bit < checked.length * 8; bit++) {
      const damaged = checked.slice();
      damaged[bit >> 3]! ^= 1 << (bit & 7);
      expect(stripCrc32(damaged)).toBeUndefined();
    }
    expect(stripCrc32(Uint8Array.of(1))).toBeUndefined();
  });
});

describe("the deadline timer", () => {
  test("is armed anew only for an earlier deadline, and fires once, not before it", () => {
    const clock = new FakeClock();
    const fired: number[] = [];
    const timer = new DeadlineTimer(clock, () => fired.push(clock.now()));
    timer.set(100);
    for (let deadline = 101; deadline <= 200; deadline++) timer.set(deadline);
    expect(clock.armedCount).toBe(1);
    timer.set(150);
    clock.advance(149);
    expect(fired).toEqual([]);
    clock.advance(500);
    expect(fired).toEqual([150]);
    expect(clock.armedCount).toBe(2);
    timer.set(700);
    timer.set(Infinity);
    clock.advance(1000);
    expect(fired).toEqual([150]);
  });
});
