/** One cell of the simulation bench: a game, a link, a seed; and the schemes that carry the game over it. Plain data, so that worker processes can be given it. */
import type { RepairOption } from "colyseus-fec/core";
import type { ImpairmentOptions, LossOptions } from "colyseus-fec/netem";

export interface Cell {
  /** Patches a second. */
  hz: number;
  rttMs: number;
  /** Share of datagrams lost in each direction, 0..1. */
  loss: number;
  /** Mean outage in patch intervals (Gilbert, by time); 0: every datagram is lost independently. */
  burstTicks: number;
  /** Mean outage in ms instead, where above 0. */
  burstMs: number;
  /** Largest random delay on top, each direction, ms. */
  jitterMs: number;
  /** Whether jitter lets datagrams overtake each other. */
  reorder: boolean;
  /** Share of ticks that carry 2..6 fragments of 1100 bytes. */
  fragments: number;
  /** Headers of a datagram beyond the protocol's own 10 bytes, bytes: UDP channel over IPv4 52. FEC.md counts 90 in all. */
  overheadBytes: number;
  /** Bottleneck downstream, kbit/s and bytes of queue; 0: none. */
  rateKbps: number;
  queueBytes: number;
  /** A greedy TCP flow shares the bottleneck. */
  crossFlow: boolean;
  /** Patches measured, after a warm-up of 10 s. */
  patches: number;
  seed: number;
}

export const DEFAULT_CELL: Cell = {
  hz: 60,
  rttMs: 100,
  loss: 0.05,
  burstTicks: 0,
  burstMs: 0,
  jitterMs: 0,
  reorder: false,
  fragments: 0,
  overheadBytes: 52,
  rateKbps: 0,
  queueBytes: 16_000,
  crossFlow: false,
  patches: 20_000,
  seed: 1,
};

/** Bytes of a fragment of a tick that carries several. */
export const FRAGMENT_BYTES = 1100;

export const WARMUP_MS = 10_000;

/** Who carries the patches: the real Link, the TCP model, or the oracle that no scheme can beat. */
export type Scheme =
  | { name: string; kind: "link"; repair: RepairOption }
  | { name: string; kind: "tcp"; congestion: "cubic" | "none" }
  | { name: string; kind: "bound"; separate: boolean };

export const SCHEMES = {
  off: { name: "off", kind: "link", repair: "off" },
  xor: { name: "XOR generations of 4", kind: "link", repair: { schedule: "generation", groupSize: 4 } },
  slidingHalf: { name: "sliding 0.5", kind: "link", repair: { schedule: "sliding", codeRate: 0.5 } },
  slidingOne: { name: "sliding 1", kind: "link", repair: { schedule: "sliding", codeRate: 1 } },
  slidingHalfSeparate: {
    name: "sliding 0.5 separate",
    kind: "link",
    repair: { schedule: "sliding", codeRate: 0.5, separate: true },
  },
  slidingOneSeparate: {
    name: "sliding 1 separate",
    kind: "link",
    repair: { schedule: "sliding", codeRate: 1, separate: true },
  },
  adaptive: { name: "adaptive", kind: "link", repair: "adaptive" },
  tcp: { name: "TCP (cubic)", kind: "tcp", congestion: "cubic" },
  tcpUnlimited: { name: "TCP (no cwnd limit)", kind: "tcp", congestion: "none" },
  bound: { name: "bound", kind: "bound", separate: false },
  boundSeparate: { name: "bound, 7 ms too", kind: "bound", separate: true },
} as const satisfies Record<string, Scheme>;

/** Adaptive repair with a cap on its wire bytes over the sources'. @param overheadMax above 0 to 1. */
export function capped(overheadMax: number): Scheme {
  return {
    name: `adaptive, cap ${Math.round(100 * overheadMax)} %`,
    kind: "link",
    repair: { schedule: "adaptive", overheadMax },
  };
}

/** A scheme by its name, or by a repair option as JSON. @throws RangeError if there is none. */
export function schemeOf(text: string): Scheme {
  if (text.startsWith("{")) return { name: text, kind: "link", repair: JSON.parse(text) as RepairOption };
  const cap = /^cap(?:ped)?[ :=]?(0?\.\d+|1)$/.exec(text);
  if (cap) return capped(+cap[1]!);
  const found = Object.entries(SCHEMES).find(([key, { name }]) => key === text || name === text);
  if (!found)
    throw new RangeError(
      `"scheme" expected one of ${Object.keys(SCHEMES).join(", ")}, cap:0.3, or a repair option as JSON, got "${text}"`,
    );
  return found[1];
}

/** The impairment of each direction, the bottleneck left out. */
export function linkOf(cell: Cell): ImpairmentOptions {
  const meanBurstMs = cell.burstMs > 0 ? cell.burstMs : (cell.burstTicks * 1000) / cell.hz;
  const loss: number | LossOptions =
    meanBurstMs > 0 && cell.loss > 0 ? { kind: "gilbert-elliott-time", lossRatio: cell.loss, meanBurstMs } : cell.loss;
  return { delayMs: cell.rttMs / 2, jitterMs: cell.jitterMs, reorder: cell.reorder, loss };
}

/** The same with the bottleneck, if there is one. @param overheadBytes what the rate counts on top of what netem is given. */
export function downLinkOf(cell: Cell, overheadBytes: number): ImpairmentOptions {
  const link = linkOf(cell);
  return cell.rateKbps > 0 ? { ...link, rateKbps: cell.rateKbps, queueBytes: cell.queueBytes, overheadBytes } : link;
}

/** A cell in words. */
export function describeCell(cell: Cell): string {
  const burst = cell.burstMs > 0 ? `${cell.burstMs} ms` : `${cell.burstTicks} ticks`;
  return [
    `${cell.hz} Hz`,
    `RTT ${cell.rttMs} ms`,
    `loss ${+(100 * cell.loss).toFixed(2)} %${cell.loss > 0 && (cell.burstMs > 0 || cell.burstTicks > 0) ? ` in outages of ${burst}` : ""}`,
    ...(cell.jitterMs > 0 ? [`jitter ${cell.jitterMs} ms${cell.reorder ? " that reorders" : ""}`] : []),
    ...(cell.fragments > 0 ? [`${+(100 * cell.fragments).toFixed(1)} % of ticks fragmented`] : []),
    ...(cell.rateKbps > 0 ? [`${cell.rateKbps} kbit/s`, `queue ${cell.queueBytes} B`] : []),
    ...(cell.crossFlow ? ["a competing flow"] : []),
  ].join(", ");
}
