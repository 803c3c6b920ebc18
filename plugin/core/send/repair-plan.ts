/**
 * What a plan of repair is: when, and over what, repairs of one stream go out. A repair travels with the next source
 * datagram, before the sources, or on its own when its time has come; it is computed when it is sent, so what is
 * acknowledged by then costs nothing.
 */
import type { RepairDemand } from "../fec/generation-schedule.js";
import type { Seq } from "../seq.js";
import type { RepairSymbol } from "../symbol.js";

/** A source symbol that was just sent for the first time. */
export interface SentSource {
  seq: Seq;
  bytes: number;
  /** Which fragment of its message it is, from 0, and of how many. */
  fragment: number;
  fragments: number;
}

export interface RepairPlan {
  /** @param intervalMs usual time between two patches. */
  onSource(source: SentSource, intervalMs: number, nowMs: number): void;
  /** The symbol was sent again. */
  onResent(seq: Seq, nowMs: number): void;
  /** The symbol is acknowledged, or too old to be worth repair. */
  onGone(seq: Seq): void;
  /** The repair that the next source datagram should carry. Valid until the next call. */
  peek(nowMs: number): RepairSymbol | undefined;
  /** The repair of `peek` or `due` is on its way. */
  onSent(repair: RepairSymbol): void;
  /** The repair of `peek` did not fit: it goes out on its own at once. */
  defer(nowMs: number): void;
  /** The repair whose time has come. Valid until the next call. */
  due(nowMs: number): RepairSymbol | undefined;
  /** When `due` may have something to give, ms. */
  readonly dueMs: number;
}

/**
 * Time between a source symbol and its separate repair, ms: far enough apart that two losses are nearly independent.
 */
export const SEPARATE_DELAY_MS = 7;

/** A repair that waits for the next patch goes out on its own after this many patch intervals, within bounds in ms. */
const TAIL_INTERVALS = 1.25;
const TAIL_MS_MIN = 8;
const TAIL_MS_MAX = 60;

/** How long a repair waits for the next patch before it goes out on its own, ms. */
export function tailMs(intervalMs: number): number {
  return Math.min(TAIL_MS_MAX, Math.max(TAIL_MS_MIN, TAIL_INTERVALS * intervalMs));
}

/** The demand for a repair over the last `fragments` symbols, of which `last` is the last. */
export function fragmentDemand(last: Seq, fragments: number): RepairDemand {
  return { first: (last - fragments + 1) >>> 0, count: fragments, row: "cauchy" };
}
