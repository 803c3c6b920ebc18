/** How a session ends that the server ends while UDP is open, compared with ws-transport and the stock SDK: how soon, and what the room still hears. */

import { Room } from "@colyseus/core";
import type { Room as SdkRoom } from "@colyseus/sdk";
import { linkStats } from "colyseus-fec/client";
import { afterEach, beforeEach, expect, test } from "vitest";
import { once, serverClient, serverRoom, until } from "./harness.js";
import { joinAs, startBoth, type BothServers, type Side } from "./reference.js";

class BusyRoom extends Room {
  /** Messages that the handler got. */
  heard = 0;

  override onCreate(options: { maxMessagesPerSecond?: number }): void {
    this.maxMessagesPerSecond = options.maxMessagesPerSecond ?? Infinity;
    this.onMessage("input", () => void this.heard++);
  }
}

let servers: BothServers;

beforeEach(async () => {
  servers = await startBoth({ busy: BusyRoom });
});

afterEach(() => servers.stop());

const joinAll = (count: number, side: Side) =>
  Promise.all(Array.from({ length: count }, () => joinAs(servers, side, "busy")));

/** From leave() on the server to onLeave on the client, ms. */
async function leaveMs(room: SdkRoom): Promise<number> {
  const left = once(room.onLeave);
  const startMs = performance.now();
  serverClient(room).leave(4050);
  expect((await left)[0]).toBe(4050);
  return performance.now() - startMs;
}

async function medianLeaveMs(side: Side): Promise<number> {
  const times: number[] = [];
  for (const room of await joinAll(9, side)) times.push(await leaveMs(room));
  return times.sort((a, b) => a - b)[4]!;
}

test("client.leave() over open UDP ends a session before the wait for a client that does not answer is over", async () => {
  const reference = await medianLeaveMs("ws-transport");
  const ours = await medianLeaveMs("UDP");
  console.info(`median of 9 closes: ws-transport ${reference.toFixed(1)} ms, over open UDP ${ours.toFixed(1)} ms`);
  expect(reference).toBeLessThan(60);
  // Not a speed: the wait is 100 ms.
  expect(ours).toBeLessThan(60);
});

test("a client that answers no CONTROL record gets its close frame after about 100 ms, within a second", async () => {
  const room = await joinAs(servers, "UDP", "busy");
  const { ws } = room.connection.transport as unknown as { ws: { onmessage: (event: unknown) => void } };
  let records = 0;
  ws.onmessage = () => records++; // the client does not hear what comes by WebSocket
  expect(linkStats(room).path).toBe("udp");
  const ms = await leaveMs(room);
  expect(records).toBeGreaterThan(0);
  expect(ms).toBeGreaterThan(80);
  expect(ms).toBeLessThan(1000);
});

/** Sends every 5 ms until it has left; resolves with the close code. */
async function sendUntilLeft(room: SdkRoom): Promise<number> {
  const timer = setInterval(() => room.send("input", 1), 5);
  const [code] = await once(room.onLeave);
  clearInterval(timer);
  return code;
}

test("a room hears no more of a client after leave() over open UDP than over ws-transport, two messages at the most", async () => {
  /** Messages after leave(), the most of 5 clients. */
  const heardAfter = async (side: Side) => {
    const counts = (await joinAll(5, side)).map(async (room) => {
      const host = serverRoom<BusyRoom>(room);
      const left = sendUntilLeft(room);
      await until("messages", () => host.heard >= 10);
      const before = host.heard;
      serverClient(room).leave(4050);
      expect(await left).toBe(4050);
      return host.heard - before;
    });
    return Math.max(...(await Promise.all(counts)));
  };
  expect(await heardAfter("ws-transport")).toBeLessThanOrEqual(2);
  expect(await heardAfter("UDP")).toBeLessThanOrEqual(2);
});

test("a client over maxMessagesPerSecond is ended over open UDP with the code of ws-transport, and heard no further", async () => {
  const exceed = async (side: Side) => {
    const room = await joinAs(servers, side, "busy", { maxMessagesPerSecond: 20 });
    const host = serverRoom<BusyRoom>(room);
    const code = await sendUntilLeft(room);
    return { code, heard: host.heard };
  };
  const reference = await exceed("ws-transport");
  expect(reference.code).toBe(4002);
  expect(reference.heard).toBeGreaterThanOrEqual(20);
  const ours = await exceed("UDP");
  expect(ours.code).toBe(reference.code);
  expect(ours.heard).toBeGreaterThanOrEqual(20);
  expect(ours.heard).toBeLessThanOrEqual(reference.heard + 2);
});
