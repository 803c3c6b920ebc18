/** A room that sends one client a patch each tick over a link of a rate, with a real BacklogMonitor between them. */

import { BacklogMonitor, type LinkBehindReport } from "../../plugin/server/backlog-monitor.js";

const PATCH_BYTES = 300;

/** 20 Hz at first; rate is the link's, bytes per second, and stateBytes what a full state takes. */
export class World {
  nowMs = 0;
  tickMs = 50;
  rate: number;
  readonly reports: (LinkBehindReport & { atMs: number })[] = [];
  readonly states: { atMs: number; delayMs: number }[] = [];
  sheds = 0;
  readonly #queue: { bytes: number; sentMs: number }[] = [];
  readonly monitor: BacklogMonitor;

  constructor(
    rate: number,
    readonly stateBytes: number,
    resyncAfterMs = 2000,
    canResync = true,
  ) {
    this.rate = rate;
    this.monitor = new BacklogMonitor(resyncAfterMs, () => canResync);
    this.sendState();
  }

  sendState(): void {
    this.monitor.onFullState(this.stateBytes);
    this.#queue.push({ bytes: this.stateBytes, sentMs: this.nowMs });
  }

  run(ms: number): void {
    for (const endMs = this.nowMs + ms; this.nowMs < endMs;) this.tick();
  }

  /** Sends what a tick sends, after what the link moved in one. */
  tick(): void {
    for (let left = (this.rate * this.tickMs) / 1000; left > 0 && this.#queue.length > 0;) {
      const first = this.#queue[0]!;
      const part = Math.min(left, first.bytes);
      first.bytes -= part;
      left -= part;
      if (first.bytes <= 0) this.#queue.shift();
    }
    const behindMs = this.#queue.length === 0 ? 0 : this.nowMs - this.#queue[0]!.sentMs;
    const report = this.monitor.update(
      this.nowMs,
      behindMs,
      this.#queue.reduce((sum, { bytes }) => sum + bytes, 0),
    );
    if (report) this.reports.push({ ...report, atMs: this.nowMs });
    const shed = this.monitor.state === "shedding";
    if (this.monitor.drained) {
      this.states.push({ atMs: this.nowMs, delayMs: behindMs });
      this.sendState();
    } else if (shed) {
      this.sheds++;
    } else {
      this.#queue.push({ bytes: PATCH_BYTES, sentMs: this.nowMs });
    }
    this.monitor.onMessage(PATCH_BYTES, !shed);
    this.nowMs += this.tickMs;
  }
}
