/**
 * When the host is about to end: a Node process that exits by itself, by process.exit() or by an uncaught error, or a page that goes away.
 * Not when it is killed: no code runs then.
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

/** Calls `run`, which must not wait for anything, each time that the host is about to end; until what this returns is called. */
export function onHostEnd(run: () => void): () => void {
  if (runs.size === 0) listen();
  runs.add(run);
  return () => {
    if (runs.delete(run) && runs.size === 0) stopListening();
  };
}

const onEnd = (): void => {
  for (const run of [...runs]) {
    try {
      run();
    } catch (error) {
      // The others' turn. A host that goes on after all hears of it.
      rethrowLater(error);
    }
  }
};

function listen(): void {
  host.process?.on?.("beforeExit", onEnd);
  host.process?.on?.("exit", onEnd);
  host.addEventListener?.("pagehide", onEnd);
}

function stopListening(): void {
  host.process?.off?.("beforeExit", onEnd);
  host.process?.off?.("exit", onEnd);
  host.removeEventListener?.("pagehide", onEnd);
}
