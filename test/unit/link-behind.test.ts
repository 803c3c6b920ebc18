import { describe, expect, test } from "vitest";
import { Link } from "../../plugin/core/link.js";

const PATH = { mtuBytes: 1200, overheadBytes: 0 };

/** Moves all datagrams of one link to the other. */
function move(from: Link, to: Link, nowMs: number): number {
  let count = 0;
  for (let datagram = from.pollDatagram(nowMs); datagram; datagram = from.pollDatagram(nowMs), count++)
    to.handleDatagram(datagram.slice(), nowMs);
  return count;
}

describe("what a link tells of its backlog", () => {
  test("is the age of the oldest unacknowledged message beyond the least round trip, and the bytes that are unacknowledged", () => {
    const [a, b] = [new Link({ repair: "off" }), new Link({ repair: "off" })];
    for (const link of [a, b]) link.openPath(PATH, 0);
    // A round trip of 40 ms, once.
    a.send(new Uint8Array(100));
    const first = a.pollDatagram(0)!.slice();
    b.handleDatagram(first, 20);
    b.handleTimeout(45);
    move(b, a, 45);
    expect([a.behindMs(45), a.unacknowledgedBytes]).toEqual([0, 0]);
    const least = a.stats(45).minRttMs;
    expect(least).toBeGreaterThan(0);

    a.send(new Uint8Array(100));
    expect(a.behindMs(1000)).toBe(0); // not even sent
    a.pollDatagram(1000);
    a.send(new Uint8Array(3000));
    while (a.pollDatagram(1100));
    expect(a.behindMs(1000 + least)).toBe(0);
    expect(a.behindMs(1500)).toBeCloseTo(500 - least);
    expect(a.stats(1500).behindMs).toBe(a.behindMs(1500));
    expect(a.unacknowledgedBytes).toBeGreaterThanOrEqual(3100);
    expect(a.unacknowledgedBytes).toBeLessThan(3120);
    // The reliable path takes it over: nothing waits by datagram.
    a.closePath();
    expect([a.behindMs(2000), a.unacknowledgedBytes]).toEqual([0, 0]);
  });

  test("comes back to nothing after thousands of messages, some lost", () => {
    const [a, b] = [new Link(), new Link()];
    for (const link of [a, b]) link.openPath(PATH, 0);
    let nowMs = 0;
    for (let i = 0; i < 3000; i++, nowMs += 10) {
      if (i < 2900) a.send(new Uint8Array((i * 37) % 2500));
      for (const [from, to] of [
        [a, b],
        [b, a],
      ] as const) {
        for (let n = 0, datagram = from.pollDatagram(nowMs); datagram; datagram = from.pollDatagram(nowMs)) {
          if ((i * 7 + n++) % 11 !== 0) to.handleDatagram(datagram.slice(), nowMs);
        }
        for (let record = from.pollReliable(); record; record = from.pollReliable()) to.handleReliable(record, nowMs);
        if (from.pollTimeout() <= nowMs) from.handleTimeout(nowMs);
        while (from.pollMessage());
      }
    }
    expect(b.stats(nowMs).counters.messagesReceived).toBe(2900);
    expect([a.behindMs(nowMs), a.unacknowledgedBytes]).toEqual([0, 0]);
  });
});
