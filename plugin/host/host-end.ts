/**
 * When the host is about to end: a Node process (or worker) that exits by itself, by process.exit() or by an uncaught
 * error, or a page that goes away. Not when it is killed: no code runs then.
 */

import { rethrowLater } from "./host-call.js";

/** The part of Node's `process`, and of a page, that is used. */
interface Host {
  readonly process?: { on?(event: string, run: () => void): void; off?(event: string, run: () => void): void };
  addEventListener?(event: string, run: () => void): void;
  removeEventListener?(event: string, run: () => void): void;
}

const host = globalThis as Host;
const runs = new Set<() => void>();
const lastRuns = new Set<() => void>();

/**
 * Calls `run`, which must not wait for anything, each time that the host is about to end (it may go on after all);
 * until what this returns is called.
 */
export function onHostEnd(run: () => void): () => void {
  return register(runs, run);
}

/**
 * Calls `run` when a Node process or worker exits for certain, after all of {@link onHostEnd}; until what this returns
 * is called.
 */
export function onHostExit(run: () => void): () => void {
  return register(lastRuns, run);
}

function register(set: Set<() => void>, run: () => void): () => void {
  if (runs.size + lastRuns.size === 0) listen();
  set.add(run);
  return () => {
    if (set.delete(run) && runs.size + lastRuns.size === 0) stopListening();
  };
}

const onEnd = (): void => callAll(runs);

const onExit = (): void => {
  callAll(runs);
  callAll(lastRuns);
};

function callAll(set: ReadonlySet<() => void>): void {
  for (const run of [...set]) {
    try {
      run();
    } catch (error) {
      // The others' turn. A host that goes on after all hears of it.
      rethrowLater(error);
    }
  }
}

function listen(): void {
  host.process?.on?.("beforeExit", onEnd);
  host.process?.on?.("exit", onExit);
  host.addEventListener?.("pagehide", onEnd);
}

function stopListening(): void {
  host.process?.off?.("beforeExit", onEnd);
  host.process?.off?.("exit", onExit);
  host.removeEventListener?.("pagehide", onEnd);
}
