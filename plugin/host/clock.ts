/**
 * The clock and timers that all of the package runs on; a test gives its own.
 * Works in Node and in browsers.
 */

import { TIMER_MS_MAX } from "./limits.js";

export interface Clock {
  /** Milliseconds; never jumps. */
  now(): number;
  setTimeout(run: () => void, delayMs: number): unknown;
  clearTimeout(timer: unknown): void;
  /**
   * Runs after what has arrived by now was handled, as far as the platform can tell; in a microtask where it cannot.
   */
  defer(run: () => void): void;
}

/** performance.now and timers that do not keep a Node process alive: the session's WebSocket does that. */
export const systemClock: Clock = {
  now: () => performance.now(),
  setTimeout: (run, delayMs) => {
    const timer: unknown = setTimeout(run, delayMs);
    if (isUnrefable(timer)) timer.unref();
    return timer;
  },
  clearTimeout: (timer) => clearTimeout(timer as ReturnType<typeof setTimeout>),
  // Browsers have no setImmediate; where a page adds one, it is a timer or a message, and as good.
  defer: (run) => void (typeof setImmediate === "function" ? setImmediate(run) : queueMicrotask(run)),
};

/**
 * One timer for a deadline that moves often. Moved later, or forgotten, it is left to fire early and arms itself again:
 * most deadlines of a link move with every datagram, and a timer is not set and cleared as often.
 */
export class DeadlineTimer {
  readonly #clock: Clock;
  readonly #onDue: () => void;
  #deadlineMs = Infinity;
  #armedMs = Infinity;
  #timer: unknown;

  /** onDue is called once per deadline, at it or after it; the deadline is then forgotten. */
  constructor(clock: Clock, onDue: () => void) {
    this.#clock = clock;
    this.#onDue = onDue;
  }

  /** The deadline, ms on the clock; Infinity = none. */
  get deadlineMs(): number {
    return this.#deadlineMs;
  }

  /** Sets the deadline, ms on the clock; Infinity = none. */
  set(deadlineMs: number): void {
    this.#deadlineMs = deadlineMs;
    if (deadlineMs < this.#armedMs) this.#arm(deadlineMs);
  }

  /** Forgets the deadline and frees the timer. */
  cancel(): void {
    this.#deadlineMs = Infinity;
    this.#armedMs = Infinity;
    this.#clock.clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  #arm(deadlineMs: number): void {
    const delayMs = Math.min(Math.max(0, Math.ceil(deadlineMs - this.#clock.now())), TIMER_MS_MAX);
    this.#clock.clearTimeout(this.#timer);
    this.#armedMs = deadlineMs;
    this.#timer = this.#clock.setTimeout(() => this.#fire(), delayMs);
  }

  #fire(): void {
    this.#armedMs = Infinity;
    this.#timer = undefined;
    if (this.#deadlineMs === Infinity) return;
    if (this.#clock.now() < this.#deadlineMs) {
      this.#arm(this.#deadlineMs);
      return;
    }
    this.#deadlineMs = Infinity;
    this.#onDue();
  }
}

function isUnrefable(timer: unknown): timer is { unref(): void } {
  return typeof timer === "object" && timer !== null && "unref" in timer;
}
