/**
 * What the terminal shows: one aligned line per second, and the verdict at the end. Text only; nothing is printed here.
 */
import type { BotResult } from "../bots/bot.js";
import type { SequenceFaults } from "../protocol/sequence-check.js";
import type { Second } from "./second.js";

/** The header comes back after this many lines. */
export const HEADER_EVERY = 20;

interface Column {
  readonly title: string;
  readonly width: number;
  show(second: Second, elapsedS: number): string;
}

/** Symbols are per second over all bots; delay = added by repair; age = server to applied. */
const COLUMNS: readonly Column[] = [
  { title: "s", width: 4, show: (_, elapsedS) => `${elapsedS}` },
  { title: "players", width: 7, show: ({ players }) => `${players}` },
  { title: "patches/s", width: 9, show: ({ patches }) => patches.toFixed(0) },
  { title: "lost/s", width: 6, show: ({ lost }) => lost.toFixed(0) },
  { title: "recov/s", width: 7, show: ({ recovered }) => recovered.toFixed(0) },
  { title: "retrans/s", width: 9, show: ({ retransmitted }) => retransmitted.toFixed(0) },
  { title: "tcp/s", width: 5, show: ({ carried }) => carried.toFixed(0) },
  { title: "overhead", width: 8, show: ({ overhead }) => percent(overhead, 0) },
  {
    title: "delay p50/p99 ms",
    width: 16,
    show: ({ onUdp, delayP50Ms, delayP99Ms }) => (onUdp === 0 ? "-" : pair(delayP50Ms, delayP99Ms)),
  },
  { title: "age p50/p99 ms", width: 14, show: ({ ageP50Ms, ageP99Ms }) => pair(ageP50Ms, ageP99Ms) },
  { title: "RTT ms", width: 6, show: ({ rttMs }) => rttMs.toFixed(0) },
  { title: "loss", width: 6, show: ({ lossRatio }) => percent(lossRatio, 1) },
  { title: "path", width: 18, show: ({ onUdp, onWebSocket }) => `udp ${onUdp}/websocket ${onWebSocket}` },
];

/** What the columns mean, shown once. */
export const LEGEND = [
  "symbols per second over all bots: lost = not recovered or not yet; recov = solved from repair; retrans = sent again; tcp = brought by the WebSocket",
  "overhead = wire bytes to the bots beyond the patches' own datagrams; delay = behind the fastest datagram, last 1024 messages of each bot; age = server to applied, this second",
];

export function headerLine(): string {
  return COLUMNS.map(({ title, width }) => title.padStart(width)).join("  ");
}

export function secondLine(second: Second, elapsedS: number): string {
  return COLUMNS.map(({ width, show }) => show(second, elapsedS).padStart(width)).join("  ");
}

/** Chat lines from the bots, as the server saw them. */
export interface ChatCheck extends SequenceFaults {
  readonly sent: number;
}

export interface Verdict {
  readonly right: boolean;
  readonly lines: string[];
}

/** Right = nothing missing, doubled, out of order, different, dropped or in error, at any bot, in either direction. */
export function judge(bots: readonly BotResult[], chat: ChatCheck): Verdict {
  const total = (pick: (bot: BotResult) => number): number => bots.reduce((sum, bot) => sum + pick(bot), 0);
  const faults = {
    missing: total((bot) => bot.missing),
    doubled: total((bot) => bot.doubled),
    outOfOrder: total((bot) => bot.outOfOrder),
  };
  const unequal = bots.filter((bot) => !bot.finalEqual).length;
  const different = total((bot) => bot.checksDifferent);
  const ticksBack = total((bot) => bot.ticksBack);
  const drops = total((bot) => bot.drops);
  const errors = bots.flatMap((bot) => bot.errors.map((error) => `${bot.sessionId}: ${error}`));
  const wrong = [faults, chat].some(hasFaults) || unequal + different + ticksBack + drops + errors.length > 0;
  return {
    right: !wrong,
    lines: [
      `feed, server to bots:  ${total((bot) => bot.feedEntries)} messages, ${describeFaults(faults)}`,
      `chat, bots to server:  ${chat.sent} messages, ${describeFaults(chat)}`,
      `states during the run: ${total((bot) => bot.checksCompared)} compared, ${different} different, ${ticksBack} ticks back`,
      `final states equal:    ${unequal === 0 ? "yes" : `no, ${unequal} of ${bots.length} bots differ`}`,
      `connections dropped:   ${drops}`,
      ...errors.map((error) => `error:                 ${error}`),
      wrong ? "WRONG" : bots.length === 0 ? "no bots: nothing was checked" : "all right: every message and every state",
    ],
  };
}

function hasFaults({ missing, doubled, outOfOrder }: SequenceFaults): boolean {
  return missing !== 0 || doubled !== 0 || outOfOrder !== 0;
}

function describeFaults({ missing, doubled, outOfOrder }: SequenceFaults): string {
  return `${missing} missing, ${doubled} doubled, ${outOfOrder} out of order`;
}

function percent(ratio: number, digits: number): string {
  return `${(ratio * 100).toFixed(digits)} %`;
}

function pair(a: number, b: number): string {
  return `${a.toFixed(1)} / ${b.toFixed(1)}`;
}
