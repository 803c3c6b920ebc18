/** A clock and timers that stand still until a test moves them. */

import type { Clock } from "../../plugin/host/clock.js";

export class FakeClock implements Clock {
  /** Timers set so far. */
  armedCount = 0;

  #nowMs = 0;
  #nextId = 1;
  readonly #timers = new Map<number, { dueMs: number; run: () => void }>();

  /** Timers that wait. */
  get timerCount(): number {
    return this.#timers.size;
  }

  now(): number {
    return this.#nowMs;
  }

  setTimeout(run: () => void, delayMs: number): unknown {
    this.armedCount++;
    const id = this.#nextId++;
    this.#timers.set(id, { dueMs: this.#nowMs + Math.max(1, delayMs), run });
    return id;
  }

  clearTimeout(timer: unknown): void {
    this.#timers.delete(timer as number);
  }

  defer(run: () => void): void {
    queueMicrotask(run);
  }

  /** Moves on, and runs what comes due on the way, in order. A timer of 0 ms takes 1 ms, as in Node. */
  advance(ms: number): void {
    const endMs = this.#nowMs + ms;
    for (;;) {
      const due = [...this.#timers].filter(([, t]) => t.dueMs <= endMs).sort((a, b) => a[1].dueMs - b[1].dueMs)[0];
      if (due === undefined) break;
      const [id, timer] = due;
      this.#timers.delete(id);
      this.#nowMs = Math.max(this.#nowMs, timer.dueMs);
      timer.run();
    }
    this.#nowMs = endMs;
  }
}
