/** A clock and timers that stand still until a test moves them. */

import type { Clock } from "../../plugin/host/clock.js";

/** Microtasks that one event starts one after another, at most: a flush, what it defers, and an error thrown again. */
const MICROTASK_DEPTH = 4;

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
    while (this.#runNext(endMs));
    this.#nowMs = endMs;
  }

  /** As {@link advance}, but what a timer leaves to microtasks runs before the next timer, as in an event loop. */
  async run(ms: number): Promise<void> {
    const endMs = this.#nowMs + ms;
    do {
      for (let i = 0; i < MICROTASK_DEPTH; i++) await Promise.resolve();
    } while (this.#runNext(endMs));
    this.#nowMs = endMs;
  }

  /** Runs the timer that is due first, if that is by endMs; of those due together, the one that was set first. */
  #runNext(endMs: number): boolean {
    let firstId = 0;
    let firstMs = Infinity;
    for (const [id, { dueMs }] of this.#timers) if (dueMs < firstMs) [firstId, firstMs] = [id, dueMs];
    if (firstMs > endMs) return false;
    const { run } = this.#timers.get(firstId)!;
    this.#timers.delete(firstId);
    this.#nowMs = Math.max(this.#nowMs, firstMs);
    run();
    return true;
  }
}
