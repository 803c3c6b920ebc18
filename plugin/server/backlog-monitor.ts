/**
 * Whether one client keeps up with what its room sends: level, behind, or so far behind that its state patches are shed
 * until the backlog is through. Decides and counts; the time and the figures are arguments, nothing is sent here
 * (state-flow.ts).
 */

import {
  BEHIND_MS,
  BEHIND_REPORT_INTERVAL_MS,
  LEVEL_FOR_MS,
  LEVEL_MS,
  RATE_PERIODS,
  RATE_PERIOD_MS,
} from "./limits.js";

/**
 * "level": it keeps up. "behind": what it gets is late. "shedding": it gets room messages, but no state until the
 * backlog is through.
 */
export type BacklogState = "level" | "behind" | "shedding";

/** What a room is told about a client's link. */
export interface LinkBehindReport {
  readonly state: BacklogState;
  /** How much later than a round trip allows the client has what was sent to it, ms. */
  readonly behindMs: number;
  /**
   * What the room sends this client, state patches and messages, bytes per second over the last 2 s; patches that were
   * shed included.
   */
  readonly sentBytesPerSecond: number;
  /**
   * What of it arrives, as far as that is known: unreliable datagrams count as arrived. While the client is behind,
   * this is what its link carries: `sent / delivered` times the present patch interval would fit; for 2 s after a
   * change both still speak of the former one, too.
   */
  readonly deliveredBytesPerSecond: number;
}

interface Mark {
  readonly atMs: number;
  readonly offeredBytes: number;
  readonly deliveredBytes: number;
}

export class BacklogMonitor {
  readonly #resyncAfterMs: number;
  readonly #canResync: () => boolean;
  readonly #marks: Mark[] = [];
  #state: BacklogState = "level";
  #levelSinceMs = -Infinity;
  #reportedMs = -Infinity;
  #reported: BacklogState = "level";
  #behindMs = 0;
  #offeredBytes = 0;
  #acceptedBytes = 0;
  #deliveredBytes = 0;
  #fullStateBytes = 0;
  /** What was accepted up to the last full state, it included. */
  #fullStateEnd = 0;

  /** resyncAfterMs: Infinity = never shed; canResync is asked each time before shedding begins. */
  constructor(resyncAfterMs: number, canResync: () => boolean) {
    this.#resyncAfterMs = resyncAfterMs;
    this.#canResync = canResync;
  }

  get state(): BacklogState {
    return this.#state;
  }

  /** Shedding, and the backlog is through: the full state is due. */
  get drained(): boolean {
    return this.#state === "shedding" && this.#behindMs <= LEVEL_MS;
  }

  /** The room sent a message of so many bytes; accepted: it goes to the client. */
  onMessage(bytes: number, accepted: boolean): void {
    this.#offeredBytes += bytes;
    if (accepted) this.#acceptedBytes += bytes;
  }

  /** The full state goes to the client: on joining, or in place of what was shed. */
  onFullState(bytes: number): void {
    this.#acceptedBytes += bytes;
    this.#fullStateBytes = bytes;
    this.#fullStateEnd = this.#acceptedBytes;
    if (this.#state === "shedding") this.#state = "behind";
  }

  /** Takes the link's figures; returns what the room is to be told now, if anything. */
  update(nowMs: number, behindMs: number, waitingBytes: number): LinkBehindReport | undefined {
    this.#behindMs = behindMs;
    this.#deliveredBytes = Math.max(this.#deliveredBytes, this.#acceptedBytes - waitingBytes);
    const mark = this.#marks.at(-1);
    if (mark === undefined || nowMs - mark.atMs >= RATE_PERIOD_MS) this.#addMark(nowMs);
    this.#step(nowMs, waitingBytes);
    return this.#isReportDue(nowMs) ? this.#report(nowMs) : undefined;
  }

  figures(nowMs: number): Omit<LinkBehindReport, "state"> {
    const first = this.#marks[0];
    const seconds = first === undefined ? 0 : (nowMs - first.atMs) / 1000;
    const rate = (now: number, then: number | undefined) => (seconds > 0 ? (now - then!) / seconds : 0);
    return {
      behindMs: this.#behindMs,
      sentBytesPerSecond: rate(this.#offeredBytes, first?.offeredBytes),
      deliveredBytesPerSecond: rate(this.#deliveredBytes, first?.deliveredBytes),
    };
  }

  #step(nowMs: number, waitingBytes: number): void {
    if (this.#state === "level" && this.#behindMs >= BEHIND_MS) this.#state = "behind";
    if (this.#state !== "behind" || this.#behindMs > LEVEL_MS) this.#levelSinceMs = nowMs;
    if (this.#state !== "behind") return;
    if (this.#behindMs >= this.#resyncAfterMs && this.#isWorthResync(waitingBytes) && this.#canResync())
      this.#state = "shedding";
    else if (nowMs - this.#levelSinceMs >= LEVEL_FOR_MS) this.#state = "level";
  }

  /**
   * A full state must be the smaller part of what waits, the last full state itself not counted. Otherwise a client
   * that is behind because of a large state would get that state again, and again be behind because of it.
   */
  #isWorthResync(waitingBytes: number): boolean {
    return Math.min(waitingBytes, this.#acceptedBytes - this.#fullStateEnd) >= this.#fullStateBytes;
  }

  #isReportDue(nowMs: number): boolean {
    if (this.#state === "level") return this.#reported !== "level";
    return nowMs - this.#reportedMs >= BEHIND_REPORT_INTERVAL_MS;
  }

  #report(nowMs: number): LinkBehindReport {
    this.#reportedMs = nowMs;
    this.#reported = this.#state;
    return { state: this.#state, ...this.figures(nowMs) };
  }

  #addMark(nowMs: number): void {
    // A room that was silent for long has no rate but what it sends from here on.
    if (this.#marks.length > 0 && nowMs - this.#marks.at(-1)!.atMs > RATE_PERIODS * RATE_PERIOD_MS)
      this.#marks.length = 0;
    this.#marks.push({ atMs: nowMs, offeredBytes: this.#offeredBytes, deliveredBytes: this.#deliveredBytes });
    if (this.#marks.length > RATE_PERIODS) this.#marks.shift();
  }
}
