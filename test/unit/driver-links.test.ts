import { describe, expect, test } from "vitest";
import { LinkDriver } from "../../plugin/session/driver.js";
import { impairChannel } from "../../plugin/channels/impaired/impaired-channel.js";
import { createMemoryChannelPair } from "../../plugin/channels/memory-channel.js";
import { Link } from "../../plugin/core/link.js";
import { FakeClock } from "../compliance/fake-clock.js";
import { HandChannel } from "../compliance/recording-link.js";

async function microtasks(): Promise<void> {
  for (let i = 0; i < 10; i++) await Promise.resolve();
}

/** Two real links, a WebSocket by hand (in order, 20 ms), and an impaired memory channel, all on one clock. */
describe("two drivers", () => {
  test("deliver everything in order over a channel that loses, delays, and ends half-way", async () => {
    const clock = new FakeClock();
    const drivers: LinkDriver[] = [];
    const received: number[][] = [[], []];
    const failures: string[] = [];
    for (const side of [0, 1]) {
      drivers.push(
        new LinkDriver(
          new Link(),
          {
            sendReliable: (record) => clock.setTimeout(() => drivers[1 - side]!.handleReliable(record), 20),
            onMessage: (bytes) => received[side]!.push(bytes[0]! * 256 + bytes[1]!),
            onFailure: ({ kind, reason }) => void failures.push(`${kind} ${reason}`),
          },
          clock,
        ),
      );
    }
    const [a, b] = createMemoryChannelPair();
    drivers[0]!.attach(
      impairChannel(a, { loss: 0.2, delayMs: 20, jitterMs: 10, reorder: true, corrupt: 0.01, seed: 3 }, clock),
    );
    drivers[1]!.attach(b);
    const count = 300;
    const paths = new Set<string>();
    for (let i = 0; i < count; i++) {
      for (const end of drivers) end.send(Uint8Array.of(i >> 8, i & 255));
      for (let step = 0; step < 16; step++) {
        await microtasks();
        clock.advance(1);
      }
      paths.add(drivers[0]!.path);
      if (i === 200) a.close();
      if (i === 205) b.close();
    }
    for (let step = 0; step < 2000; step++) {
      await microtasks();
      clock.advance(1);
    }
    const all = Array.from({ length: count }, (_, i) => i);
    expect(failures).toEqual([]);
    expect(received[0]).toEqual(all);
    expect(received[1]).toEqual(all);
    expect(paths).toEqual(new Set(["websocket", "memory"]));
    for (const end of drivers) end.close();
    clock.advance(1000);
    expect(clock.timerCount).toBe(0);
  });
});

const ONE_WAY_MS = 40;

/** A channel over what queues unseen and keeps the order, as SCTP does: `heldMs` is how much longer what is sent now waits there. */
class QueueingChannel extends HandChannel {
  peer!: QueueingChannel;
  override queuesUnseen = true;
  #dueMs = 0;

  constructor(
    private readonly clock: FakeClock,
    private readonly heldMs: (nowMs: number) => number,
  ) {
    super();
    this.state = "open";
  }

  override send(datagram: Uint8Array): boolean {
    const copy = datagram.slice(),
      nowMs = this.clock.now();
    this.#dueMs = Math.max(this.#dueMs, nowMs + this.heldMs(nowMs) + ONE_WAY_MS);
    this.clock.setTimeout(() => this.peer.ondatagram?.(copy), this.#dueMs - nowMs);
    return true;
  }
}

/** Plays patches of 200 bytes over a channel that queues unseen, with a WebSocket as fast as it, for 20 s; gives the age of each on delivery, ms, the path at the end, and how many datagrams the WebSocket carried in the last 5 s. */
async function playQueueing(
  hz: number,
  heldMs: (nowMs: number) => number,
): Promise<{ ages: number[]; path: string; carriedLate: number }> {
  const clock = new FakeClock();
  const sentMs: number[] = [],
    ages: number[] = [];
  const links = [new Link(), new Link()];
  const drivers: LinkDriver[] = links.map(
    (link, side) =>
      new LinkDriver(
        link,
        {
          sendReliable: (record) => clock.setTimeout(() => drivers[1 - side]!.handleReliable(record), ONE_WAY_MS),
          onMessage: (bytes) => side === 1 && ages.push(clock.now() - sentMs[bytes[0]! * 256 + bytes[1]!]!),
          onFailure: ({ kind, reason }) => expect.unreachable(`${kind} ${reason}`),
        },
        clock,
      ),
  );
  const channels = [new QueueingChannel(clock, heldMs), new QueueingChannel(clock, () => 0)];
  for (const side of [0, 1]) {
    channels[side]!.peer = channels[1 - side]!;
    drivers[side]!.attach(channels[side]!);
  }
  let carried = 0;
  for (let ms = 0; ms < 20_000; ms++) {
    if (ms % Math.round(1000 / hz) === 0) {
      const patch = new Uint8Array(200);
      patch.set([sentMs.length >> 8, sentMs.length & 255]);
      sentMs.push(clock.now());
      drivers[0]!.send(patch);
    }
    if (ms % 50 === 10) drivers[1]!.send(Uint8Array.of(1));
    if (ms === 15_000) carried = links[0]!.stats(clock.now()).counters.datagramsCarried;
    await microtasks();
    clock.advance(1);
  }
  const result = {
    ages,
    path: drivers[0]!.path,
    carriedLate: links[0]!.stats(clock.now()).counters.datagramsCarried - carried,
  };
  for (const driver of drivers) driver.close();
  return result;
}

describe("two drivers over a channel that queues unseen", () => {
  for (const hz of [20, 60]) {
    test(`go on by the WebSocket in stalls of 600 ms, for however long they come every second, at ${hz} Hz`, async () => {
      const { ages } = await playQueueing(hz, (nowMs) => (nowMs < 4000 ? 0 : Math.max(0, 600 - (nowMs % 1000))));
      const late = ages.slice(Math.round(ages.length * 0.4));
      expect(late.length).toBeGreaterThan(11 * hz);
      // 72 and 74 ms. Where stalls are bridged for 3 s only, 117 and 124.
      expect(late.reduce((sum, ms) => sum + ms, 0) / late.length).toBeLessThan(95);
    });
  }

  for (const longerMs of [120, 300]) {
    test(`go on by the channel when the way has become ${longerMs} ms longer for good`, async () => {
      const { path, carriedLate } = await playQueueing(60, (nowMs) => (nowMs < 4000 ? 0 : longerMs));
      expect([path, carriedLate]).toEqual(["memory", 0]);
    });
  }
});
