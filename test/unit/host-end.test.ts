import { afterEach, expect, test, vi } from "vitest";

// A copy of its own, for which nobody waits yet.
vi.resetModules();
const { onHostEnd, onHostExit } = await import("../../plugin/host/host-end.js");

const EVENTS = ["beforeExit", "exit"] as const;
const before = EVENTS.map((event) => process.listenerCount(event));
const forget: (() => void)[] = [];

afterEach(() => {
  for (const each of forget.splice(0)) each();
  expect(EVENTS.map((event) => process.listenerCount(event))).toEqual(before);
});

/** Calls what listens for the process's exit, without an exit. */
function exit(): void {
  const [listener] = process.listeners("exit").slice(-1);
  (listener as () => void)();
}

test("everyone who waits for the host's end is called, though one throws, and all hold one listener", async () => {
  const uncaught: unknown[] = [];
  const others = process.listeners("uncaughtException");
  process.removeAllListeners("uncaughtException");
  process.on("uncaughtException", (error) => uncaught.push(error));
  const runs = [vi.fn(), vi.fn(() => fail()), vi.fn()];
  for (const run of runs) forget.push(onHostEnd(run));
  expect(EVENTS.map((event) => process.listenerCount(event))).toEqual(before.map((count) => count + 1));
  exit();
  expect(runs.map((run) => run.mock.calls.length)).toEqual([1, 1, 1]);
  forget.shift()!();
  exit();
  expect(runs.map((run) => run.mock.calls.length)).toEqual([1, 2, 2]);
  await new Promise((resolve) => setImmediate(resolve));
  process.removeAllListeners("uncaughtException");
  for (const listener of others) process.on("uncaughtException", listener);
  expect(uncaught.map(String)).toEqual(["Error: a bug of one", "Error: a bug of one"]);
});

test("who waits for the exit alone comes last, and not where the host may go on", () => {
  const calls: string[] = [];
  forget.push(
    onHostExit(() => calls.push("exit")),
    onHostEnd(() => calls.push("end")),
  );
  (process.listeners("beforeExit").at(-1) as () => void)();
  expect(calls).toEqual(["end"]);
  exit();
  expect(calls).toEqual(["end", "end", "exit"]);
});

function fail(): never {
  throw new Error("a bug of one");
}
