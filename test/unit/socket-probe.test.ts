import { describe, expect, test } from "vitest";
import { SocketProbe } from "../../plugin/server/socket-probe.js";

const pings: Uint8Array[] = [];
function newProbe(): SocketProbe {
  pings.length = 0;
  return new SocketProbe((payload) => pings.push(payload));
}

describe("a probe of a WebSocket", () => {
  test("pings with the first record and then every 250 ms of writing, not in silence", () => {
    const probe = newProbe();
    for (let ms = 0; ms < 1000; ms += 10) probe.onWritten(100, 0, ms);
    expect(pings.length).toBe(4);
    expect(new Set(pings.map(String)).size).toBe(4);
    probe.onWritten(1, 0, 60_000);
    expect(pings.length).toBe(5);
  });

  test("tells how long the oldest unanswered ping has waited, beyond the least round trip, and what was written since the last answered one", () => {
    const probe = newProbe();
    probe.onWritten(100, 0, 0);
    expect([probe.behindMs(400), probe.waitingBytes]).toEqual([0, 0]); // nothing was ever answered
    probe.onPong(pings[0]!, 50);
    probe.onWritten(100, 0, 1000);
    probe.onWritten(100, 0, 1300);
    expect(probe.waitingBytes).toBe(200);
    expect(probe.behindMs(1400)).toBe(350);
    expect(probe.behindMs(3000)).toBe(1950);
    probe.onPong(pings[1]!, 3000);
    expect(probe.behindMs(3000)).toBe(1650); // the one of 1300
    expect(probe.waitingBytes).toBe(100);
    probe.onPong(pings[2]!, 3100);
    expect([probe.behindMs(9000), probe.waitingBytes]).toEqual([0, 0]);
  });

  test("takes one pong for all pings before it, and leaves other pongs to others", () => {
    const probe = newProbe();
    for (let ms = 0; ms < 1000; ms += 250) probe.onWritten(100, 0, ms);
    expect(probe.onPong(Uint8Array.of(), 1000)).toBe(false);
    expect(probe.onPong(Uint8Array.of(1, 2, 3, 4, 5), 1000)).toBe(false);
    expect(probe.onPong(pings[2]!, 1000)).toBe(true);
    expect(probe.waitingBytes).toBe(100);
    expect(probe.onPong(pings[0]!, 1100)).toBe(true); // late: changes nothing
    expect(probe.waitingBytes).toBe(100);
    probe.onPong(pings[3]!, 1200);
    expect(probe.behindMs(5000)).toBe(0);
  });

  test("learns the least round trip from a pong that comes after datagrams have brought all", () => {
    const probe = newProbe();
    probe.onWritten(10, 1, 0);
    probe.onArrived(1);
    probe.onPong(pings[0]!, 50);
    probe.onWritten(10, 2, 1000);
    expect(probe.behindMs(1500)).toBe(450);
  });

  test("counts what datagrams brought as arrived, though the ping behind it waits in TCP", () => {
    const probe = newProbe();
    probe.onWritten(10, 1, 0);
    probe.onPong(pings[0]!, 50);
    for (let ms = 1000; ms < 2000; ms += 250) probe.onWritten(100, ms / 10, ms);
    expect([probe.behindMs(3000), probe.waitingBytes]).toEqual([1950, 400]);
    probe.onArrived(149);
    expect([probe.behindMs(3000), probe.waitingBytes]).toEqual([1450, 200]);
    probe.onArrived(175);
    expect([probe.behindMs(3000), probe.waitingBytes]).toEqual([0, 0]);
    // The pongs come all the same: later ones still tell.
    for (const ping of pings) expect(probe.onPong(ping, 4000)).toBe(true);
    probe.onWritten(100, 2000, 5000);
    expect(probe.behindMs(6000)).toBe(950);
  });

  test("concludes nothing where pings are never answered, and stops after 128", () => {
    const probe = newProbe();
    for (let ms = 0; ms < 100_000; ms += 250) probe.onWritten(10, 0, ms);
    expect([probe.behindMs(100_000), probe.waitingBytes, pings.length]).toEqual([0, 0, 128]);
  });
});
