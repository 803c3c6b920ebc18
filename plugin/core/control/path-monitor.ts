/**
 * Whether the datagram path is alive: open, or suspended because nothing comes back, or closed. While it is suspended
 * the reliable path carries everything and probes ask, ever more rarely, whether datagrams pass again.
 */
import { seqDiff, type Seq } from "../seq.js";

/** Silence that suspends the path: this many probe timeouts, within bounds in ms. */
const SILENT_TIMEOUTS = 3;
const SILENCE_MS_MIN = 300;
const SILENCE_MS_MAX = 1500;

const PROBE_MS_MIN = 50;
/**
 * A path that was out for long is probed ever more rarely: each interval is at most this, or this share of the time
 * since; so days pass before datagram numbers wrap unheard.
 */
const PROBE_MS_MAX = 1000;
const PROBE_SHARE_OF_OUTAGE = 1 / 60;
const PROBE_MS_MAX_LATE = 30_000;

/** A path without traffic is kept open in middleboxes (RFC 8085 section 3.5: at most every 15 s), ms. */
const KEEPALIVE_MS = 15_000;

export type PathState =
  | { kind: "closed" }
  | { kind: "open" }
  | { kind: "suspended"; probeAtMs: number; probeIntervalMs: number; firstProbe: Seq; sinceMs: number };

export class PathMonitor {
  #state: PathState = { kind: "closed" };
  #heardMs = -Infinity;
  #progressMs = -Infinity;
  #spokeMs = -Infinity;

  get kind(): PathState["kind"] {
    return this.#state.kind;
  }

  open(nowMs: number): void {
    this.#state = { kind: "open" };
    this.#heardMs = this.#progressMs = this.#spokeMs = nowMs;
  }

  close(): void {
    this.#state = { kind: "closed" };
  }

  onHeard(nowMs: number): void {
    this.#heardMs = nowMs;
  }

  /** True if the path is open and nothing was heard for a while. */
  quiet(nowMs: number): boolean {
    return this.#state.kind === "open" && nowMs - this.#heardMs >= SILENCE_MS_MIN;
  }

  onSpoke(nowMs: number): void {
    this.#spokeMs = nowMs;
  }

  /**
   * When silence will suspend an open path, ms. @param oldestElicitingMs when the oldest datagram without an answer was
   * sent.
   */
  silentAtMs(oldestElicitingMs: number, probeTimeoutMs: number): number {
    if (this.#state.kind !== "open" || oldestElicitingMs === Infinity) return Infinity;
    const silenceMs = Math.min(SILENCE_MS_MAX, Math.max(SILENCE_MS_MIN, SILENT_TIMEOUTS * probeTimeoutMs));
    return Math.max(this.#progressMs, oldestElicitingMs) + silenceMs;
  }

  /** @param firstProbe number of the next datagram: only an acknowledgement of it or a later one proves the path. */
  suspend(firstProbe: Seq, nowMs: number): void {
    this.#state = { kind: "suspended", probeAtMs: nowMs, probeIntervalMs: PROBE_MS_MIN, firstProbe, sinceMs: nowMs };
  }

  /**
   * Notes that datagrams up to this one were newly acknowledged: only that proves both directions, whatever else is
   * heard. True if it brought a suspended path back.
   */
  onAcknowledged(number: Seq, nowMs: number): boolean {
    this.#progressMs = nowMs;
    if (this.#state.kind !== "suspended" || seqDiff(number, this.#state.firstProbe) < 0) return false;
    this.#state = { kind: "open" };
    return true;
  }

  /** When a probe or a keepalive is due, ms. */
  get pingAtMs(): number {
    if (this.#state.kind === "closed") return Infinity;
    return this.#state.kind === "suspended" ? this.#state.probeAtMs : this.#spokeMs + KEEPALIVE_MS;
  }

  /** The probe or keepalive that was due is on its way. */
  onPing(nowMs: number): void {
    this.#spokeMs = nowMs;
    if (this.#state.kind !== "suspended") return;
    this.#state.probeAtMs = nowMs + this.#state.probeIntervalMs;
    const mostMs = Math.min(
      PROBE_MS_MAX_LATE,
      Math.max(PROBE_MS_MAX, PROBE_SHARE_OF_OUTAGE * (nowMs - this.#state.sinceMs)),
    );
    this.#state.probeIntervalMs = Math.min(mostMs, 2 * this.#state.probeIntervalMs);
  }
}
