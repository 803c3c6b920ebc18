import { afterEach, expect, test, vi } from "vitest";
import { onHostEnd } from "../../plugin/host/host-end.js";

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

test("everyone who waits for the host's end is called, though one throws, and holds one listener in all", () => {
  const runs = [vi.fn(), vi.fn(() => assertNever()), vi.fn()];
  for (const run of runs) forget.push(onHostEnd(run));
  expect(EVENTS.map((event) => process.listenerCount(event))).toEqual(before.map((count) => count + 1));
  exit();
  expect(runs.map((run) => run.mock.calls.length)).toEqual([1, 1, 1]);
  forget.shift()!();
  exit();
  expect(runs.map((run) => run.mock.calls.length)).toEqual([1, 2, 2]);
});

function assertNever(): never {
  throw new Error("never heard of");
}
