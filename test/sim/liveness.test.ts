/**
 * Two links over a simulated network: that the datagram path is used, comes back, stays cheap and bounded. Each was found by
 * a review of the protocol; that everything arrives is link.test.ts.
 */
import {
  DatagramWriter,
  Link,
  encodeSymbolRecord,
  encodeUnreliableRecord,
  makeSymbol,
  type RepairOption,
} from "colyseus-fec/core";
import { SeededRandom } from "colyseus-fec/netem";
import { describe, expect, it } from "vitest";
import { randomMessage } from "./random.js";
import { World, expectOrdered, expectUnreliableAtMostOnce } from "./world.js";

/** Plays 60 Hz patches down and unreliable inputs up. */
function play(world: World, ms: number, patchBytes = 165): void {
  const random = new SeededRandom(1);
  world.play(60, ms, (i) => {
    world.server.send(randomMessage(random, i, patchBytes));
    world.client.sendUnreliable(randomMessage(random, i, 20));
  });
}

/** Source symbols that the server sent by datagram while `act` ran. */
function symbolsByDatagram(world: World, act: () => void): number {
  const before = world.server.link.stats(world.nowMs).counters.symbolsSent;
  act();
  return world.server.link.stats(world.nowMs).counters.symbolsSent - before;
}

describe("the datagram path", () => {
  it("falls silent with the game: feedback never answers feedback, whatever is reordered", () => {
    const link = { delayMs: 30, jitterMs: 30, reorder: true };
    const world = new World({ up: link, down: link });
    world.openPath();
    play(world, 5000);
    world.run(1000);
    const before = world.server.datagrams + world.client.datagrams;
    world.run(60_000);
    expect(world.server.datagrams + world.client.datagrams - before).toBeLessThan(30);
  });

  it("is used again after more messages in one tick than the ordered window holds", () => {
    const world = new World({ up: { delayMs: 50 }, down: { delayMs: 50 } });
    world.openPath();
    play(world, 500);
    for (let i = 0; i < 300; i++) world.server.send(new Uint8Array(20));
    world.drain();
    play(world, 1000);
    expect(symbolsByDatagram(world, () => play(world, 5000))).toBe(300);
  });

  it("is used again after both paths were out for seconds", () => {
    const world = new World({ up: { delayMs: 50 }, down: { delayMs: 50 } });
    world.openPath();
    play(world, 1000);
    for (const end of world.ends) end.out.blackout(true);
    const heldFrom = world.nowMs;
    play(world, 6000);
    for (const end of world.ends) end.out.blackout(false);
    for (const end of world.ends)
      for (const record of end.records) record.dueMs = Math.max(record.dueMs, heldFrom + 8000);
    play(world, 5000);
    expect(symbolsByDatagram(world, () => play(world, 5000))).toBe(300);
    world.settle();
    expectOrdered(world.server, world.client);
  });

  it.each([30_000, 40_000, 70_000, 200_000])(
    "is used after %i symbols by the reliable path: 16-bit numbers do not mislead",
    (count) => {
      const world = new World({ up: { delayMs: 20 }, down: { delayMs: 20 } });
      world.openPath();
      play(world, 300);
      world.closePath();
      for (let i = 0; i < count; i += 100) {
        for (let j = 0; j < 100; j++) world.server.send(new Uint8Array(0));
        world.drain();
        world.run(1);
      }
      world.run(1000);
      world.openPath();
      play(world, 1000);
      expect(symbolsByDatagram(world, () => play(world, 2000))).toBe(120);
    },
  );

  it(
    "takes no feedback for newer than it is when the reliable path holds back more than 65,536 symbols",
    { timeout: 180_000 },
    () => {
      const world = new World({ up: { delayMs: 20 }, down: { delayMs: 20 }, reliableDelayMs: 30_000 });
      world.openPath();
      world.run(300);
      // More at once than the ordered window holds: the reliable path carries, and stands still. From then on every message asks for room.
      for (let i = 0; i < 67_000; i++) {
        world.server.send(new Uint8Array([i, i >> 8, i >> 16]));
        if (i < 300 || i % 130 !== 129) continue;
        world.drain();
        world.run(50);
      }
      world.settle(40_000);
      expectOrdered(world.server, world.client);
    },
  );

  it(
    "takes no symbol for another when a datagram is held back while 65,536 symbols go by the reliable path",
    { timeout: 180_000 },
    () => {
      const held: Uint8Array[] = [];
      const world = new World({
        up: { delayMs: 20 },
        down: { delayMs: 20 },
        onDatagram: (from, datagram) => {
          if (from === "server") held.push(datagram.slice());
        },
      });
      world.openPath();
      play(world, 300);
      for (const end of world.ends) end.out.blackout(true);
      held.length = 0;
      play(world, 2000);
      const sent = world.server.sent.length;
      const firstHeld = sent - 120;
      for (let i = sent; i < firstHeld + 65_536 - 20; i++) {
        world.server.send(new Uint8Array([1, 2, 3]));
        if (i % 128 !== 0) continue;
        world.drain();
        world.run(60);
      }
      world.run(1000);
      for (const datagram of held) world.client.link.handleDatagram(datagram, world.nowMs);
      for (const end of world.ends) end.out.blackout(false);
      play(world, 3000);
      world.settle();
      expectOrdered(world.server, world.client);
    },
  );

  it.each([100, 200, 300, 400, 600])(
    "is left by both ends when one direction dies at RTT %i ms, and messages keep coming",
    (rttMs) => {
      const world = new World({ up: { delayMs: rttMs / 2 }, down: { delayMs: rttMs / 2 }, reliableDelayMs: rttMs / 2 });
      world.openPath();
      play(world, 3000);
      world.client.out.blackout(true);
      play(world, 5000);
      const before = world.server.delivered.length;
      play(world, 5000);
      expect(world.client.link.path).toBe("reliable");
      expect(world.server.delivered.length - before).toBeGreaterThan(290);
      world.client.out.blackout(false);
      play(world, 4000);
      expect(world.client.link.path).toBe("datagram");
      expect(world.server.link.path).toBe("datagram");
    },
  );

  it("is not left for one lost message of a sparse unreliable stream", () => {
    const link = { delayMs: 40, loss: 0.05 };
    const world = new World({ up: link, down: link });
    world.openPath();
    world.play(0.5, 300_000, (i) => world.client.sendUnreliable(randomMessage(new SeededRandom(i), i, 20)));
    expect(world.client.link.stats(world.nowMs).counters.suspensions).toBeLessThan(3);
  });

  it("costs less than 5 % where nothing is lost, inputs and their feedback included", () => {
    for (const hz of [20, 60]) {
      const world = new World({ up: { delayMs: 20 }, down: { delayMs: 20 } });
      world.openPath();
      const random = new SeededRandom(2);
      world.play(60, 10_000, (i) => {
        world.client.sendUnreliable(randomMessage(random, i, 20));
        if (i % (60 / hz) === 0) world.server.send(randomMessage(random, i, 165));
      });
      expect(world.server.link.stats(world.nowMs).sendOverhead).toBeLessThan(hz === 60 ? 0.03 : 0.25);
    }
  });

  it("starts without blame for what an earlier path lost", () => {
    const world = new World({ up: { delayMs: 100 }, down: { delayMs: 100 } });
    world.openPath();
    play(world, 3000);
    world.closePath();
    play(world, 1000);
    world.openPath();
    play(world, 5000);
    expect(world.server.link.stats(world.nowMs)).toMatchObject({ sendLossRatio: 0, codeRate: 0 });
  });

  it("opens anew over itself with a smaller MTU and loses nothing", () => {
    const world = new World({ up: { delayMs: 20 }, down: { delayMs: 20 } });
    world.openPath();
    world.server.send(new Uint8Array(1000));
    world.server.link.openPath({ mtuBytes: 256, overheadBytes: 52 }, world.nowMs);
    world.drain();
    world.settle(1000);
    expectOrdered(world.server, world.client);
  });
});

describe("adaptive repair", () => {
  const run = (repair: RepairOption, factor: number, loss = 0): number => {
    // 60 Hz x 230 bytes on the wire, times the factor; a queue of about 70 ms.
    const down = { delayMs: 30, rateKbps: ((60 * 230 * 8) / 1000) * factor, queueBytes: 4000, overheadBytes: 52, loss };
    const world = new World({ up: { delayMs: 30 }, down, serverLink: { repair } });
    world.openPath();
    play(world, 60_000);
    const before = world.server.wireBytes;
    play(world, 60_000);
    return world.server.wireBytes - before;
  };

  it.each([0.8, 1, 1.2])(
    "sends hardly more than repair off into a bottleneck of %d times the game's rate",
    (factor) => {
      expect(run("adaptive", factor)).toBeLessThan(1.2 * run("off", factor));
    },
  );

  it("adds hardly any delay where a bottleneck has room for the game but not for repair", () => {
    const p99 = (repair: RepairOption): number => {
      const down = { delayMs: 50, loss: 0.02, rateKbps: 132, queueBytes: 16_000, overheadBytes: 52 };
      const world = new World({ up: { delayMs: 50 }, down, serverLink: { repair } });
      world.openPath();
      play(world, 180_000);
      world.settle();
      const took = world.client.delivered
        .map((message, i) => message.atMs - world.server.sent[i]!.atMs)
        .sort((a, b) => a - b);
      return took[Math.floor(0.99 * took.length)]!;
    };
    expect(p99("adaptive")).toBeLessThan(1.5 * p99("off"));
  });

  it("does not take jitter for congestion", () => {
    const link = { delayMs: 30, jitterMs: 60, loss: 0.05 };
    const world = new World({ up: link, down: link });
    world.openPath();
    play(world, 20_000);
    expect(world.server.link.stats(world.nowMs).codeRate).toBeGreaterThan(0.2);
  });

  it("keeps the repairs of fragments within its byte budget", () => {
    const link = { delayMs: 50, loss: 0.1 };
    const world = new World({ up: link, down: link });
    world.openPath();
    play(world, 10_000, 8 * 1100);
    const { repairsSent } = world.server.link.stats(world.nowMs).counters;
    // 256 kbit/s for ten seconds, a second's burst, and repairs of about 1.1 kB.
    expect(repairsSent).toBeLessThan((11 * 32_000) / 1000);
  });
});

describe("bounds against an authenticated peer", () => {
  it("a message of endless empty or tiny fragments ends the session or stays within the message's bound", () => {
    const link = new Link({ messageBytesMax: 4096 });
    for (let i = 0; i < 10_000 && !link.failure; i++)
      link.handleReliable(encodeSymbolRecord(i, i === 0, false, new Uint8Array(0)), 0);
    expect(link.failure?.code).toBe(1002);
    const other = new Link({ messageBytesMax: 4096 });
    for (let i = 0; i < 10_000 && !other.failure; i++)
      other.handleReliable(encodeSymbolRecord(i, i === 0, false, new Uint8Array(1)), 0);
    expect(other.failure?.code).toBe(1009);
  });

  it("an unreliable message above the bound ends the session by either path", () => {
    const link = new Link({ messageBytesMax: 4096 });
    link.handleReliable(encodeUnreliableRecord(1000, new Uint8Array(4096)), 0);
    expect(link.failure).toBeUndefined();
    link.handleReliable(encodeUnreliableRecord(1000, new Uint8Array(4097)), 0);
    expect(link.failure?.code).toBe(1009);
  });

  it("of many FEEDBACK frames in one datagram the first is worked on", () => {
    const link = new Link(),
      writer = new DatagramWriter(1176);
    link.openPath({ mtuBytes: 1176, overheadBytes: 52 }, 0);
    for (let i = 0; i < 20; i++) {
      link.send(new Uint8Array(9));
      link.pollDatagram(i);
    }
    writer.begin(0, 30);
    const feedback = {
      bitmapBytes: 0,
      bitmap: new Uint8Array(8),
      ackDelayMs: 0,
      queueDelayMs: 0,
      symbolBytes: 0,
      symbolBitmap: new Uint8Array(0),
    };
    // Each would call one more datagram lost, and its symbol would be sent again.
    for (let i = 0; i < 20; i++) writer.feedback({ ...feedback, largest: i, next: 0 });
    link.handleDatagram(writer.end(), 30);
    let sent = 0;
    while (link.pollDatagram(30)) sent++;
    expect(sent).toBe(0);
  });

  it("repairs beyond what an honest peer sends are counted and not worked on", () => {
    const link = new Link();
    link.openPath({ mtuBytes: 1176, overheadBytes: 52 }, 0);
    const random = new SeededRandom(1);
    const writer = new DatagramWriter(1176);
    for (let n = 0; n < 200; n++) {
      writer.begin(n, n);
      for (let i = 0; i < 15; i++) {
        const bytes = randomMessage(random, i, 60);
        writer.repair(0, {
          row: 1 + random.int(127),
          base: 1,
          span: 32,
          bitmap: new Uint8Array(16).fill(255, 0, 4),
          members: 32,
          bytes,
        });
      }
      link.handleDatagram(writer.end(), n);
    }
    // 3000 in 0.2 s; an honest peer sends some hundreds a second.
    expect(link.stats(200).counters.framesIgnored).toBeGreaterThan(2500);
  });

  it("an unreliable message that lost its head is not delivered as another", () => {
    const world = new World({ up: { delayMs: 20 }, down: { delayMs: 20 } });
    world.openPath();
    world.run(100);
    world.client.sendUnreliable(randomMessage(new SeededRandom(1), 1, 3000));
    world.client.link.pollDatagram(world.nowMs);
    world.closePath();
    for (let i = 0; i < 40; i++) world.client.sendUnreliable(randomMessage(new SeededRandom(i), i, 3000));
    world.settle(1000);
    expectUnreliableAtMostOnce(world.client, world.server);
  });

  it("thousands of unreliable messages in one tick do not silence the stream", () => {
    const world = new World({ up: { delayMs: 20 }, down: { delayMs: 20 } });
    world.openPath();
    for (let i = 0; i < 40_000; i++) world.client.sendUnreliable(new Uint8Array([i]));
    world.drain();
    const before = world.server.delivered.length;
    play(world, 3000);
    world.settle(1000);
    expect(world.server.delivered.length - before).toBeGreaterThan(170);
  });

  it("a source symbol may be repeated in many frames of a datagram and is delivered once", () => {
    const link = new Link();
    link.openPath({ mtuBytes: 1176, overheadBytes: 52 }, 0);
    const writer = new DatagramWriter(1176);
    writer.begin(0, 0);
    for (let i = 0; i < 100; i++) writer.source(0, 0, makeSymbol(new Uint8Array(3), 0, 3, true, true), false);
    link.handleDatagram(writer.end(), 0);
    expect(link.pollMessage()).toBeDefined();
    expect(link.pollMessage()).toBeUndefined();
  });
});
