/**
 * The server's close of a session whose datagram channel is open: the client is told first, so that it gives to the
 * WebSocket what datagrams may not bring, and the close frame follows its answer, or a short time. (A browser answers
 * the frame by itself, before the page has read what came ahead of it.) The answer stands for that to the close frame:
 * what comes after it is not delivered.
 */

import type { Clock } from "../host/clock.js";
import { CLOSE_DELAY_MS } from "./limits.js";

type State =
  | { readonly kind: "open" }
  | { readonly kind: "waiting"; readonly timer: unknown; sendFrame(): void }
  | { readonly kind: "over" };

export class ClosingHandshake {
  readonly #clock: Clock;
  #state: State = { kind: "open" };
  #hurried = false;
  #asked = false;
  #answered = false;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** A close frame waits for the client. */
  get waiting(): boolean {
    return this.#state.kind === "waiting";
  }

  /** The client has answered. */
  get answered(): boolean {
    return this.#answered;
  }

  /**
   * The client was asked for its answer. Sends the close frame later; false if it may not wait, and is to go at once.
   */
  begin(sendFrame: () => void): boolean {
    this.#asked = true;
    if (this.#hurried || this.#state.kind !== "open") return false;
    this.#state = { kind: "waiting", timer: this.#clock.setTimeout(() => this.#finish(), CLOSE_DELAY_MS), sendFrame };
    return true;
  }

  /** The client's answer came, perhaps after the close frame went. No effect if it was not asked for. */
  onAnswer(): void {
    if (!this.#asked) return;
    this.#answered = true;
    this.#finish();
  }

  /** The process may end at once: a close frame that waits is sent, and no later one waits. */
  hurry(): void {
    this.#hurried = true;
    this.#finish();
  }

  /** The socket is closed. */
  cancel(): void {
    if (this.#state.kind === "waiting") this.#clock.clearTimeout(this.#state.timer);
    this.#state = { kind: "over" };
  }

  #finish(): void {
    if (this.#state.kind !== "waiting") return;
    const { sendFrame } = this.#state;
    this.cancel();
    sendFrame();
  }
}
