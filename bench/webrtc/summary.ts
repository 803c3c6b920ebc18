/**
 * Reads the logs of one run: how much later than the link's constant delay each patch was applied and each message of a client arrived.
 * What was skipped (a patch that was shed, an unreliable message that was lost) counts as late as the newer one that came in its place.
 */

import { readFileSync } from "node:fs";
import { join } from "node:path";

export type Transport = "ws" | "udp" | "webrtc";

/** One transport, patch rate and size in one run; delays are ms, beyond the link's one-way delay. */
export interface Row {
  transport: Transport;
  hz: number;
  bytes: number;
  down: Delays;
  up: Delays;
  /** States that differ from the server's, and clients that went back in time, were dropped, or had not the last state 20 s after the end. */
  wrong: number;
  /** Datagrams that the channels did not take now, at the server and at the clients, of those that they were asked to take; 0..1. */
  refusedDown: number;
  refusedUp: number;
}

export interface Delays {
  count: number;
  /** Of them, superseded by a newer one that came first. */
  skipped: number;
  p50: number;
  p99: number;
}

interface LinkFigures {
  datagramsRefused: number;
  counters: { datagramsSent: number };
}
interface ClientRecord {
  room: string;
  id: number;
  ticks: number[];
  hashes: number[];
  sent: number[];
  at: number[];
  back: number;
  drops: number;
  last: number;
  lastHash: number;
  frozenAt: number;
  link: LinkFigures;
}
interface ClientLog {
  start: number;
  end: number;
  clients: ClientRecord[];
}
interface RoomLog {
  hashes: number[];
  final: number;
  ups: Record<string, [seq: number, sentMs: number, atMs: number][]>;
  links: LinkFigures[];
}

/** Rows of one transport, one for each room. @throws Error if a log is missing. */
export function summarize(dir: string, transport: Transport, delayMs: number): Row[] {
  const { start, end, clients } = readJson<ClientLog>(join(dir, `client.${transport}.json`));
  const rooms = readJson<Record<string, RoomLog>>(join(dir, `server.${transport}.json`));
  return Object.entries(rooms).map(([name, { hashes, final, ups, links }]) => {
    const [hz, bytes] = name.split("x").map(Number) as [number, number];
    const members = clients.filter((client) => client.room === name);
    const wrong = members.reduce(
      (sum, c) =>
        sum +
        c.hashes.filter((hash, i) => hash !== hashes[c.ticks[i]!]).length +
        c.back +
        c.drops +
        (c.last === final && c.lastHash === hashes[final] ? 0 : 1),
      0,
    );
    const down = members.map((c) =>
      arrivals(
        c.ticks.map((tick, i) => [tick, c.sent[i]!, c.at[i]!]),
        hz,
        start,
        end,
      ),
    );
    const up = members.map((c) => arrivals(ups[c.id] ?? [], hz, start, end));
    return {
      transport,
      hz,
      bytes,
      down: delays(down, delayMs),
      up: delays(up, delayMs),
      wrong,
      refusedDown: refused(links),
      refusedUp: refused(members.map(({ link }) => link)),
    };
  });
}

/** What is sent in the last part of the measurement is not counted, so that each delay up to this is seen, ms. */
const TAIL_MS = 5000;

interface Arrivals {
  ms: number[];
  skipped: number;
}

/**
 * Times from sending until that or a newer one arrived, of what was sent from start until some time before end. What nothing came for, because the
 * session ended or the path is behind, counts as if it had come at the end.
 */
function arrivals(
  log: readonly (readonly [seq: number, sentMs: number, atMs: number])[],
  hz: number,
  start: number,
  end: number,
): Arrivals {
  const result: Arrivals = { ms: [], skipped: 0 };
  let newest = log[0]?.[0] ?? 0,
    newestSentMs = log[0]?.[1] ?? start;
  const count = (sentMs: number, atMs: number, skipped: boolean): void => {
    if (sentMs < start || sentMs >= end - TAIL_MS) return;
    result.ms.push(Math.min(atMs, end) - sentMs);
    if (skipped) result.skipped++;
  };
  for (const [seq, sentMs, atMs] of log) {
    for (let number = newest + 1; number <= seq; number++)
      count(sentMs - (seq - number) * (1000 / hz), atMs, number < seq);
    if (seq > newest) newestSentMs = sentMs;
    newest = Math.max(newest, seq);
  }
  for (let sentMs = newestSentMs + 1000 / hz; sentMs < end; sentMs += 1000 / hz) count(sentMs, end, true);
  return result;
}

function delays(all: Arrivals[], delayMs: number): Delays {
  const sorted = Float64Array.from(all.flatMap(({ ms }) => ms)).sort();
  const at = (q: number): number =>
    (sorted[Math.min(sorted.length - 1, Math.floor(q * sorted.length))] ?? NaN) - delayMs;
  return {
    count: sorted.length,
    skipped: all.reduce((sum, { skipped }) => sum + skipped, 0),
    p50: at(0.5),
    p99: at(0.99),
  };
}

function refused(links: LinkFigures[]): number {
  const total = links.reduce((sum, { datagramsRefused }) => sum + datagramsRefused, 0),
    sent = links.reduce((sum, { counters }) => sum + counters.datagramsSent, 0);
  return sent === 0 ? 0 : total / sent;
}

function readJson<T>(file: string): T {
  return JSON.parse(readFileSync(file, "utf8")) as T;
}
