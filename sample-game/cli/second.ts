/**
 * One second of the run as numbers: differences of running totals of both ends. Computing only; printing is summary.ts.
 */
import type { ClientLinkStats } from "colyseus-fec";
import type { BotReport } from "../bots/bot.js";

/** Ratios are 0..1; rates are per second, over all bots or clients. */
export interface Second {
  readonly players: number;
  readonly patches: number;
  /** Incoming symbols of the bots, by fate. */
  readonly lost: number;
  readonly recovered: number;
  readonly retransmitted: number;
  /** Symbols that came by WebSocket after all, or because the path was not open. */
  readonly carried: number;
  /** What the server sent to all clients beyond the datagrams of the source symbols alone. */
  readonly overhead: number;
  /** Delay that repair added: median over the bots of the p50, largest p99, ms, over the last 1024 messages. */
  readonly delayP50Ms: number;
  readonly delayP99Ms: number;
  /** From encoding at the server to applied at the bot, of this second's patches, ms. */
  readonly ageP50Ms: number;
  readonly ageP99Ms: number;
  /** Median over the bots. */
  readonly rttMs: number;
  /** Mean over the bots: loss before repair, over the last 10 s. */
  readonly lossRatio: number;
  /** Bots by what their next message rides. */
  readonly onUdp: number;
  readonly onWebSocket: number;
}

interface Totals {
  patches: number;
  lost: number;
  recovered: number;
  retransmitted: number;
  carried: number;
  wireBytes: number;
  sourceBytes: number;
}

export class SecondMeter {
  private before: Totals | undefined;
  private beforeMs = 0;

  /** @returns what happened since the last call; undefined at the first. */
  measure(
    players: number,
    bots: readonly BotReport[],
    clients: readonly ClientLinkStats[],
    nowMs: number,
  ): Second | undefined {
    const totals = addUp(bots, clients);
    const { before, beforeMs } = this;
    this.before = totals;
    this.beforeMs = nowMs;
    if (before === undefined) return undefined;
    // A client that left takes its totals with it: such a second may read 0, never less.
    const since = (name: keyof Totals): number => Math.max(0, totals[name] - before[name]);
    const perSecond = (name: keyof Totals): number => since(name) / ((nowMs - beforeMs) / 1000);
    const links = bots.flatMap(({ link }) => (link === undefined ? [] : [link]));
    const ages = bots.flatMap(({ agesMs }) => agesMs);
    const onUdp = links.filter(({ path }) => path === "udp").length;
    return {
      players,
      patches: perSecond("patches"),
      lost: perSecond("lost"),
      recovered: perSecond("recovered"),
      retransmitted: perSecond("retransmitted"),
      carried: perSecond("carried"),
      overhead: since("sourceBytes") === 0 ? 0 : since("wireBytes") / since("sourceBytes") - 1,
      delayP50Ms: quantile(
        links.map((link) => link.applyDelayMs.p50),
        0.5,
      ),
      delayP99Ms: quantile(
        links.map((link) => link.applyDelayMs.p99),
        1,
      ),
      ageP50Ms: quantile(ages, 0.5),
      ageP99Ms: quantile(ages, 0.99),
      rttMs: quantile(
        links.map((link) => link.rttMs),
        0.5,
      ),
      lossRatio: links.length === 0 ? 0 : links.reduce((sum, link) => sum + link.lossRatio, 0) / links.length,
      onUdp,
      onWebSocket: bots.length - onUdp,
    };
  }
}

/** The value that the share q of the values does not exceed; 0 of none. */
export function quantile(values: readonly number[], q: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(q * sorted.length))] ?? 0;
}

function addUp(bots: readonly BotReport[], clients: readonly ClientLinkStats[]): Totals {
  const totals: Totals = {
    patches: 0,
    lost: 0,
    recovered: 0,
    retransmitted: 0,
    carried: 0,
    wireBytes: 0,
    sourceBytes: 0,
  };
  for (const { patches, link } of bots) {
    totals.patches += patches;
    totals.lost += link?.symbols.lost ?? 0;
    totals.recovered += link?.symbols.recovered ?? 0;
    totals.retransmitted += link?.symbols.retransmitted ?? 0;
    totals.carried += link?.symbols.carried ?? 0;
  }
  for (const { counters } of clients) {
    totals.wireBytes += counters.wireBytesSent;
    totals.sourceBytes += counters.sourceBytesSent;
  }
  return totals;
}
