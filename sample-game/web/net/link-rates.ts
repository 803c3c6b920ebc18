/**
 * What a link did of late, from snapshots of its running totals: rates per second, shares, overhead.
 * Computing only; needs no DOM and no link.
 */

/** The running totals that rates are made of: LinkStats.counters has them all. */
export interface LinkTotals {
  readonly symbolsReceived: number;
  readonly symbolsRecovered: number;
  readonly symbolsRetransmitted: number;
  readonly symbolsLost: number;
  readonly symbolsCarried: number;
  readonly wireBytesReceived: number;
  readonly sourceBytesReceived: number;
  readonly wireBytesSent: number;
  readonly sourceBytesSent: number;
}

/** Incoming symbols per second by fate, and ratios, over the meter's interval. NaN where nothing was counted. */
export interface LinkRates {
  readonly received: number;
  readonly recovered: number;
  readonly retransmitted: number;
  readonly lost: number;
  readonly carried: number;
  /** Share of the symbols that came by datagram which did not come by themselves, 0..1. */
  readonly lossBefore: number;
  /** Share of them that repair did not bring either: retransmitted or lost, 0..1. */
  readonly lossAfter: number;
  /** Wire bytes beyond those of the patches alone, as a share of these: incoming, outgoing. */
  readonly overheadDown: number;
  readonly overheadUp: number;
  readonly kbitsDown: number;
  readonly kbitsUp: number;
}

interface Snapshot {
  readonly timeMs: number;
  readonly totals: LinkTotals;
}

export class RateMeter {
  readonly #intervalMs: number;
  readonly #snapshots: Snapshot[] = [];

  /** intervalMs: what a rate is taken over; the snapshots kept are those of this long. */
  constructor(intervalMs: number) {
    this.#intervalMs = intervalMs;
  }

  /** Takes a snapshot; the rates since the one `intervalMs` ago, or the oldest; undefined for the first. */
  measure(totals: LinkTotals, timeMs: number): LinkRates | undefined {
    const last = this.#snapshots.at(-1);
    // A reconnection begins a new link, whose totals start again.
    if (
      last !== undefined &&
      (totals.wireBytesReceived < last.totals.wireBytesReceived || totals.wireBytesSent < last.totals.wireBytesSent)
    )
      this.#snapshots.length = 0;
    this.#snapshots.push({ timeMs, totals });
    while (this.#snapshots.length > 2 && this.#snapshots[1]!.timeMs <= timeMs - this.#intervalMs)
      this.#snapshots.shift();
    const first = this.#snapshots[0]!;
    return first.timeMs < timeMs ? ratesBetween(first, this.#snapshots.at(-1)!) : undefined;
  }
}

function ratesBetween(from: Snapshot, to: Snapshot): LinkRates {
  const seconds = (to.timeMs - from.timeMs) / 1000;
  const grown = (name: keyof LinkTotals): number => to.totals[name] - from.totals[name];
  const [received, recovered, retransmitted, lost, carried] = [
    grown("symbolsReceived"),
    grown("symbolsRecovered"),
    grown("symbolsRetransmitted"),
    grown("symbolsLost"),
    grown("symbolsCarried"),
  ];
  const byDatagram = received + recovered + retransmitted + lost;
  const beyond = (all: number, source: number): number => (source === 0 ? NaN : all / source - 1);
  return {
    received: received / seconds,
    recovered: recovered / seconds,
    retransmitted: retransmitted / seconds,
    lost: lost / seconds,
    carried: carried / seconds,
    lossBefore: share(recovered + retransmitted + lost, byDatagram),
    lossAfter: share(retransmitted + lost, byDatagram),
    overheadDown: beyond(grown("wireBytesReceived"), grown("sourceBytesReceived")),
    overheadUp: beyond(grown("wireBytesSent"), grown("sourceBytesSent")),
    kbitsDown: (grown("wireBytesReceived") * 8) / 1000 / seconds,
    kbitsUp: (grown("wireBytesSent") * 8) / 1000 / seconds,
  };
}

function share(part: number, whole: number): number {
  return whole === 0 ? NaN : part / whole;
}
