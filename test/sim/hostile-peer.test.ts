/** A peer that is let in and lies: what it can make the other end send, store and do. */
import { DatagramReader, DatagramWriter, Link, type Feedback } from "colyseus-fec/core";
import { SeededRandom } from "colyseus-fec/netem";
import { describe, expect, it } from "vitest";
import { patchSize, randomMessage } from "./random.js";

/** Feedback that acknowledges these datagrams, and no symbol ever. */
function lie(largest: number, bitmap: readonly number[], ackDelayMs: number): Feedback {
  return {
    largest,
    bitmapBytes: bitmap.length,
    bitmap: Uint8Array.from(bitmap),
    ackDelayMs,
    queueDelayMs: 0,
    next: 0,
    symbolBytes: 0,
    symbolBitmap: new Uint8Array(0),
  };
}

interface Game {
  hz: number;
  patchBytes: number;
  /** Time between two datagrams of the attacker, ms. */
  everyMs: number;
  ackDelayMs: number;
  /** True: acknowledges only what holds no source, so that every symbol looks lost. */
  denySources: boolean;
  /** It says nothing for a second and a half out of so many ms, so that the path is suspended and resumed; 0: never. */
  silentEveryMs?: number;
}

/** Plays ten seconds; returns bytes sent by datagram over bytes of the patches. */
function amplification({ hz, patchBytes, everyMs, ackDelayMs, denySources, silentEveryMs = 0 }: Game): number {
  const link = new Link(),
    reader = new DatagramReader(),
    writer = new DatagramWriter(1176),
    random = new SeededRandom(1);
  link.openPath({ mtuBytes: 1176, overheadBytes: 52 }, 0);
  const came: boolean[] = [];
  let sent = 0,
    patches = 0,
    patch = 0,
    number = 0;
  for (let nowMs = 0; nowMs < 10_000; nowMs++) {
    if ((nowMs * hz) / 1000 >= patches) {
      patches++;
      patch += patchBytes;
      link.send(randomMessage(random, patches, patchBytes));
    }
    if (link.pollTimeout() <= nowMs) link.handleTimeout(nowMs);
    for (let datagram = link.pollDatagram(nowMs); datagram; datagram = link.pollDatagram(nowMs)) {
      sent += datagram.length;
      const read = reader.read(datagram);
      if (typeof read === "string") throw new Error(read);
      came.push(!denySources || read.frames.every((frame) => frame.kind !== "source"));
    }
    while (link.pollReliable());
    const silent = silentEveryMs > 0 && nowMs % silentEveryMs < 1500;
    if (silent || nowMs % everyMs !== 0 || !came.includes(true)) continue;
    const largest = came.lastIndexOf(true);
    const bitmap = Array.from({ length: 8 }, (_, byte) =>
      Array.from({ length: 8 }, (_, bit) => (came[largest - 1 - 8 * byte - bit] ? 1 << bit : 0)).reduce(
        (a, b) => a | b,
        0,
      ),
    );
    writer.begin(number++, nowMs);
    writer.feedback(lie(largest, bitmap, ackDelayMs));
    writer.ping();
    link.handleDatagram(writer.end(), nowMs);
  }
  return sent / patch;
}

describe("a peer that acknowledges datagrams and no symbol", () => {
  it.each<Game>([
    { hz: 20, patchBytes: 165, everyMs: 30, ackDelayMs: 255, denySources: false },
    { hz: 60, patchBytes: 1100, everyMs: 30, ackDelayMs: 255, denySources: false },
    { hz: 20, patchBytes: 4000, everyMs: 10, ackDelayMs: 255, denySources: false },
    { hz: 60, patchBytes: 165, everyMs: 2, ackDelayMs: 0, denySources: true },
    { hz: 20, patchBytes: 4000, everyMs: 20, ackDelayMs: 0, denySources: true },
    { hz: 20, patchBytes: 165, everyMs: 2, ackDelayMs: 0, denySources: true, silentEveryMs: 2000 },
  ])("is sent no more than a few times the game's bytes: %o", (game) => {
    // Eight rides, their headers, and feedback.
    expect(amplification(game)).toBeLessThan(10);
  });
});

describe("the reliable path's bound on a record", () => {
  it("holds for a message that a datagram carried first", () => {
    const random = new SeededRandom(2),
      recordPayloadMax = 1000,
      link = new Link({ recordPayloadMax });
    link.openPath({ mtuBytes: 1176, overheadBytes: 52 }, 0);
    for (let i = 0; i < 20; i++) link.send(randomMessage(random, i, 980 + 2 * i + patchSize(random)));
    while (link.pollDatagram(1));
    link.closePath();
    let records = 0;
    for (let record = link.pollReliable(); record; record = link.pollReliable(), records++)
      expect(record.length).toBeLessThanOrEqual(recordPayloadMax + 8);
    expect(records).toBeGreaterThan(20);
  });
});
