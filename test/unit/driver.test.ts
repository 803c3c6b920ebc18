import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { LinkDriver, type LinkDriverHandlers } from "../../plugin/session/driver.js";
import {
  ANSWER_LATE_MS,
  CHANNEL_POLL_MS,
  CHANNEL_PROBE_MS,
  CHANNEL_STALL_MS,
  CHANNEL_UNANSWERED_FOR_MS,
} from "../../plugin/core/limits.js";
import { DRIVER_BATCH_MAX } from "../../plugin/session/limits.js";
import { FakeClock } from "../compliance/fake-clock.js";
import { HandChannel, RecordingLink } from "../compliance/recording-link.js";

let link: RecordingLink;
let clock: FakeClock;
let events: string[];
let driver: LinkDriver;

function makeDriver(overrides: Partial<LinkDriverHandlers> = {}): LinkDriver {
  driver = new LinkDriver(
    link,
    {
      sendReliable: (record) => events.push(`record ${record[0]}`),
      onMessage: (bytes) => events.push(`message ${bytes[0]}`),
      onFailure: (failure) => events.push(`failure ${failure.kind} ${failure.reason}`),
      onChannelOpen: () => events.push("channel open"),
      onChannelClose: (_channel, reason) => events.push(`channel close ${reason}`),
      ...overrides,
    },
    clock,
  );
  return driver;
}

async function microtasks(): Promise<void> {
  for (let i = 0; i < 10; i++) await Promise.resolve();
}

beforeEach(() => {
  link = new RecordingLink();
  clock = new FakeClock();
  events = [];
  makeDriver();
});

afterEach(() => driver.close());

describe("the link driver", () => {
  test("flushes once for all that is sent in one synchronous run", async () => {
    const channel = new HandChannel();
    driver.attach(channel);
    channel.open();
    for (const value of [1, 2, 3]) driver.send(Uint8Array.of(value));
    driver.sendUnreliable(Uint8Array.of(4));
    expect(channel.sent).toEqual([]);
    await microtasks();
    expect(channel.sent).toEqual([1, 2, 3]);
    expect(link.calls).toEqual(["openPath 1000 50", "send 1", "send 2", "send 3", "sendUnreliable 4"]);
  });

  test("sends in the call what rides the WebSocket: without a channel, before one is open, and bulk beside one", async () => {
    link.send = (message) => void link.records.push(message.slice());
    driver.send(Uint8Array.of(1));
    expect(events).toEqual(["record 1"]);
    const channel = new HandChannel();
    driver.attach(channel);
    driver.send(Uint8Array.of(2));
    expect(events.slice(1)).toEqual(["record 2"]);
    channel.open();
    driver.send(Uint8Array.of(3));
    expect(events.slice(2)).toEqual(["channel open", "record 3"]);
    await microtasks();
    channel.close();
    driver.send(Uint8Array.of(4));
    expect(events.slice(4)).toEqual(["channel close closed", "record 4"]);
    // A channel that is open and whose path is suspended.
    driver.attach(new HandChannel());
    link.path = "reliable";
    driver.send(Uint8Array.of(5));
    expect(events.at(-1)).toBe("record 5");
  });

  test("keeps the order of records when sending one brings another", () => {
    link.send = (message) => void link.records.push(message.slice());
    makeDriver({
      sendReliable: (record) => {
        if (record[0] === 1) driver.send(Uint8Array.of(2));
        events.push(`record ${record[0]}`);
      },
    });
    driver.send(Uint8Array.of(1));
    expect(events).toEqual(["record 1", "record 2"]);
  });

  test("flush sends at once", () => {
    const channel = new HandChannel();
    driver.attach(channel);
    channel.open();
    driver.send(Uint8Array.of(1));
    driver.flush();
    expect(channel.sent).toEqual([1]);
  });

  test("delivers what arrived before the call returns, in order", () => {
    const channel = new HandChannel();
    driver.attach(channel);
    channel.open();
    driver.handleReliable(Uint8Array.of(1, 2));
    channel.ondatagram?.(Uint8Array.of(3));
    expect(events).toEqual(["channel open", "message 1", "message 2", "message 3"]);
  });

  test("keeps the order when a handler calls back in", () => {
    makeDriver({
      onMessage: (bytes) => {
        events.push(`message ${bytes[0]}`);
        if (bytes[0] === 1) driver.handleReliable(Uint8Array.of(3));
        driver.send(Uint8Array.of(9));
      },
    });
    driver.handleReliable(Uint8Array.of(1, 2));
    expect(events).toEqual(["message 1", "message 2", "message 3"]);
  });

  test("stops delivering when a handler closes it", () => {
    makeDriver({
      onMessage: (bytes) => {
        events.push(`message ${bytes[0]}`);
        driver.close();
      },
    });
    driver.handleReliable(Uint8Array.of(1, 2));
    expect(events).toEqual(["message 1"]);
  });

  test("a handler that throws loses no message, and its error comes out as an uncaught one", async () => {
    const uncaught: unknown[] = [];
    const others = process.listeners("uncaughtException");
    process.removeAllListeners("uncaughtException");
    process.on("uncaughtException", (error) => uncaught.push(error));
    try {
      makeDriver({
        onMessage: (bytes) => {
          events.push(`message ${bytes[0]}`);
          throw new Error(`host ${bytes[0]}`);
        },
      });
      driver.handleReliable(Uint8Array.of(1, 2));
      driver.handleReliable(Uint8Array.of(3));
      expect(events).toEqual(["message 1", "message 2", "message 3"]);
      await new Promise((resolve) => setImmediate(resolve));
    } finally {
      process.removeAllListeners("uncaughtException");
      for (const listener of others) process.on("uncaughtException", listener);
    }
    expect(uncaught.map(String)).toEqual(["Error: host 1", "Error: host 2", "Error: host 3"]);
  });

  test("calls the link's timeout when it is due, and re-arms only for an earlier one", async () => {
    link.timeoutMs = 100;
    driver.send(Uint8Array.of(1));
    await microtasks();
    for (let i = 0; i < 20; i++) {
      link.timeoutMs = 120 + i;
      driver.send(Uint8Array.of(1));
      await microtasks();
    }
    expect(clock.armedCount).toBe(1);
    clock.advance(138);
    expect(link.calls.filter((call) => call.startsWith("timeout"))).toEqual([]);
    clock.advance(1);
    expect(link.calls.at(-1)).toBe("timeout 139");
    clock.advance(10_000);
    expect(clock.timerCount).toBe(0);
  });

  test("counts datagrams that the channel does not take, and goes on", async () => {
    const channel = new HandChannel();
    driver.attach(channel);
    channel.open();
    channel.full = true;
    driver.send(Uint8Array.of(1));
    await microtasks();
    expect(driver.droppedDatagrams).toBe(1);
    channel.full = false;
    driver.send(Uint8Array.of(2));
    await microtasks();
    expect(channel.sent).toEqual([2]);
  });

  test("asks for no datagram while the channel takes none, and goes on when it tells", async () => {
    const channel = new HandChannel();
    driver.attach(channel);
    channel.open();
    channel.writable = false;
    driver.send(Uint8Array.of(1));
    await microtasks();
    expect([channel.sent, driver.droppedDatagrams, link.datagrams.length]).toEqual([[], 0, 1]);
    channel.writable = true;
    channel.onwritable?.();
    expect(channel.sent).toEqual([1]);
    clock.advance(1000);
    expect(clock.timerCount).toBe(0);
  });

  test("gives to the reliable path what a channel has not taken for a while, until it takes again, whether it tells or not", async () => {
    const channel = new HandChannel();
    driver.attach(channel);
    channel.open();
    channel.writable = false;
    link.timeoutMs = clock.now(); // overdue as long as nothing leaves
    driver.send(Uint8Array.of(1));
    await microtasks();
    clock.advance(CHANNEL_STALL_MS - 1);
    expect([events, driver.path]).toEqual([["channel open"], "memory"]);
    clock.advance(CHANNEL_POLL_MS);
    expect([events, driver.path]).toEqual([["channel open", "record 28"], "websocket"]);
    driver.send(Uint8Array.of(2));
    await microtasks();
    expect(events).toHaveLength(3);
    channel.writable = true;
    link.datagrams.push(Uint8Array.of(3));
    clock.advance(CHANNEL_POLL_MS);
    expect([channel.sent, events.length, driver.path]).toEqual([[3], 3, "memory"]);
    // It has to stand still anew.
    channel.writable = false;
    driver.send(Uint8Array.of(4));
    await microtasks();
    expect(events).toHaveLength(3);
  });

  test("gives to the reliable path what a channel with a hidden queue leaves unanswered, and a datagram to the channel now and then", async () => {
    const channel = new HandChannel();
    channel.queuesUnseen = true;
    driver.attach(channel);
    channel.open();
    link.unanswered = ANSWER_LATE_MS - 1;
    driver.send(Uint8Array.of(1));
    await microtasks();
    expect(channel.sent).toEqual([1]);
    link.unanswered = ANSWER_LATE_MS;
    link.carries = 1;
    for (const value of [2, 3, 4]) driver.send(Uint8Array.of(value));
    await microtasks();
    expect([channel.sent, events, link.datagrams.length]).toEqual([[1, 3], ["channel open", "record 28"], 1]);
    clock.advance(CHANNEL_PROBE_MS - 1);
    expect(channel.sent).toEqual([1, 3]);
    clock.advance(CHANNEL_POLL_MS);
    expect(channel.sent).toEqual([1, 3, 4]);
    link.unanswered = -Infinity;
    driver.send(Uint8Array.of(5));
    await microtasks();
    expect(channel.sent).toEqual([1, 3, 4, 5]);
  });

  test("goes on by a channel whose answers have come late for seconds: the way has become longer", async () => {
    const channel = new HandChannel();
    channel.queuesUnseen = true;
    driver.attach(channel);
    channel.open();
    link.unanswered = ANSWER_LATE_MS;
    link.carries = 0;
    driver.send(Uint8Array.of(1));
    await microtasks();
    clock.advance(CHANNEL_UNANSWERED_FOR_MS);
    expect(driver.path).toBe("memory");
    channel.sent.length = 0;
    for (const value of [2, 3, 4]) driver.send(Uint8Array.of(value));
    await microtasks();
    expect(channel.sent).toEqual([2, 3, 4]);
    // What the WebSocket brought is acknowledged at once: that nothing is late for a moment says nothing of the channel.
    link.unanswered = 0;
    driver.send(Uint8Array.of(5));
    await microtasks();
    clock.advance(CHANNEL_UNANSWERED_FOR_MS);
    link.unanswered = ANSWER_LATE_MS;
    driver.send(Uint8Array.of(5));
    await microtasks();
    expect(channel.sent).toEqual([2, 3, 4, 5, 5]);
    // An answer in time by the channel itself, and the next that is late counts anew.
    link.unanswered = 0;
    link.answeredInTimeMs = clock.now();
    driver.send(Uint8Array.of(5));
    await microtasks();
    link.unanswered = ANSWER_LATE_MS;
    for (const value of [6, 7, 8]) driver.send(Uint8Array.of(value));
    await microtasks();
    expect(channel.sent).toEqual([2, 3, 4, 5, 5, 5, 6]);
  });

  test("does not judge a channel without such a queue by its answers", async () => {
    const channel = new HandChannel();
    driver.attach(channel);
    channel.open();
    link.unanswered = 10_000;
    driver.send(Uint8Array.of(1));
    await microtasks();
    expect([channel.sent, events]).toEqual([[1], ["channel open"]]);
  });

  test("tells of every datagram that comes, before what it brings", () => {
    makeDriver({ onHeard: () => events.push("heard") });
    const channel = new HandChannel();
    driver.attach(channel);
    channel.open();
    channel.ondatagram?.(Uint8Array.of(1));
    driver.handleReliable(Uint8Array.of(2));
    expect(events).toEqual(["channel open", "heard", "message 1", "message 2"]);
  });

  test("moves at most a batch in one go, and the rest after other events had their turn", async () => {
    for (let i = 0; i < DRIVER_BATCH_MAX + 10; i++) link.records.push(Uint8Array.of(i & 255));
    driver.send(Uint8Array.of(1));
    await microtasks();
    expect(events).toHaveLength(DRIVER_BATCH_MAX);
    clock.advance(1);
    expect(events).toHaveLength(DRIVER_BATCH_MAX + 10);
    events.length = 0;
    driver.handleReliable(new Uint8Array(DRIVER_BATCH_MAX + 5));
    expect(events).toHaveLength(DRIVER_BATCH_MAX);
    await microtasks();
    clock.advance(1);
    expect(events).toHaveLength(DRIVER_BATCH_MAX + 5);
    expect(link.calls.filter((call) => call.startsWith("timeout"))).toEqual([]);
  });

  test("reports a failure of the link once, with the messages before it, and closes", () => {
    const channel = new HandChannel();
    driver.attach(channel);
    channel.open();
    link.failure = { code: 1002, reason: "bad record" };
    driver.handleReliable(Uint8Array.of(1));
    driver.handleReliable(Uint8Array.of(2));
    expect(events).toEqual(["channel open", "message 1", "failure protocol bad record"]);
    expect(channel.state).toBe("closed");
    expect(clock.timerCount).toBe(0);
  });

  test("an error inside the link ends the session, not the process", () => {
    link.fault = new Error("assertion");
    driver.handleReliable(Uint8Array.of(1));
    expect(events).toEqual(["failure internal assertion"]);
  });

  test("opens and closes the path with the channel, and tells", async () => {
    const channel = new HandChannel();
    driver.attach(channel);
    expect([driver.path, link.calls]).toEqual(["websocket", []]);
    channel.open();
    expect(driver.path).toBe("memory");
    link.path = "reliable"; // suspended
    expect(driver.path).toBe("websocket");
    link.path = "datagram";
    channel.close("timeout");
    expect(driver.path).toBe("websocket");
    expect(link.calls).toEqual(["openPath 1000 50", "closePath"]);
    expect(events).toEqual(["channel open", "channel close timeout"]);
  });

  test("tells the link when the attached channel goes another way, and answers for it", async () => {
    const channel = new HandChannel();
    driver.attach(channel);
    channel.open();
    clock.advance(7);
    link.datagrams.push(Uint8Array.of(9));
    const { onmoved } = channel;
    onmoved!();
    await microtasks();
    expect([link.calls, channel.sent]).toEqual([["openPath 1000 50", "movePath 7"], [9]]);
    driver.detach();
    expect(channel.onmoved).toBeNull();
  });

  test("attach replaces the channel; nothing of the old one counts any more", () => {
    const [first, second] = [new HandChannel(), new HandChannel()];
    driver.attach(first);
    first.open();
    const stale = first.ondatagram;
    second.state = "open";
    driver.attach(second);
    expect(first.state).toBe("closed");
    expect(first.ondatagram).toBeNull();
    expect(stale).not.toBeNull();
    expect(link.calls).toEqual(["openPath 1000 50", "closePath", "openPath 1000 50"]);
    expect(events).toEqual(["channel open", "channel open"]);
    driver.attach(second);
    expect(second.state).toBe("open");
  });

  test("close hands out the last records first, closes the channel, and is silent from then on", async () => {
    const channel = new HandChannel();
    driver.attach(channel);
    channel.open();
    driver.send(Uint8Array.of(1));
    link.records.push(Uint8Array.of(7), Uint8Array.of(8));
    link.timeoutMs = 50;
    driver.close();
    driver.close();
    expect(events).toEqual(["channel open", "record 7", "record 8"]);
    expect(link.calls.at(-1)).toBe("closePath");
    expect(channel.state).toBe("closed");
    await microtasks();
    clock.advance(1000);
    driver.send(Uint8Array.of(2));
    driver.handleReliable(Uint8Array.of(3));
    const late = new HandChannel();
    driver.attach(late);
    expect(late.state).toBe("closed");
    expect(events).toHaveLength(3);
    expect(link.calls).toHaveLength(3);
  });
});
