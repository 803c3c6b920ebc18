import { describe, expect, test } from "vitest";
import { LinkDriver } from "../../plugin/channels/driver.js";
import { impairChannel } from "../../plugin/channels/impaired-channel.js";
import { createMemoryChannelPair } from "../../plugin/channels/memory-channel.js";
import { Link } from "../../plugin/core/link.js";
import { FakeClock } from "../compliance/fake-clock.js";

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
      drivers.push(new LinkDriver(new Link(), {
        sendReliable: (record) => clock.setTimeout(() => drivers[1 - side]!.handleReliable(record), 20),
        onMessage: (bytes) => received[side]!.push(bytes[0]! * 256 + bytes[1]!),
        onFailure: (code, reason) => failures.push(`${code} ${reason}`),
      }, clock));
    }
    const [a, b] = createMemoryChannelPair();
    drivers[0]!.attach(impairChannel(a, { loss: 0.2, delayMs: 20, jitterMs: 10, reorder: true, corrupt: 0.01, seed: 3 }, clock));
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
