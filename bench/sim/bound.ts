/**
 * What no scheme can beat on tick-aligned sends at any overhead (FEC.md section 6): every datagram repeats everything that is not acknowledged, so a patch
 * is there, in order, with the first datagram of its own or a later tick that arrives. The loss model and the seed are the cell's; as a scheme draws as many
 * random numbers as it sends datagrams, its outages are like these, not these.
 */
import { Impairment } from "colyseus-fec/netem";
import { FRAGMENT_BYTES, linkOf, type Cell } from "./cell.js";
import { EMPTY_RESULT, distribution, type Result } from "./statistics.js";
import { Workload, tickMs, warmupPatches } from "./workload.js";

/** Where a scheme sends a repair on its own, so long after the patch, ms: the Link's separate repairs. */
export const SEPARATE_MS = 7;

/** @param separate true: a second datagram 7 ms after each tick repeats everything as well: no longer tick-aligned. */
export function runBound(cell: Cell, separate: boolean): Result {
  const netem = new Impairment(linkOf(cell), cell.seed * 2 + 1);
  const workload = new Workload(cell),
    total = cell.patches + warmupPatches(cell),
    offsetsMs = separate ? [0, SEPARATE_MS] : [0];
  const arrivals = new Float64Array(total).fill(Infinity);
  let sent = 0;
  for (let i = 0; i < total; i++) {
    // A tick of several fragments is lost only with all of them: with enough repair any of its datagrams could stand for the whole.
    const copies = Math.max(1, Math.round(workload.nextBytes() / FRAGMENT_BYTES));
    for (const offsetMs of offsetsMs) {
      for (let copy = 0; copy < copies; copy++) {
        arrivals[i] = Math.min(arrivals[i]!, passMs(netem, tickMs(cell, i) + offsetMs, cell));
        sent++;
      }
    }
  }
  return {
    ...EMPTY_RESULT,
    ...distribution(extraDelays(cell, arrivals).subarray(total - cell.patches)),
    dropped: netem.stats.lost / sent,
  };
}

/** In-order delay beyond half a round trip of each patch, ms. @param arrivals when the datagrams of each tick arrive, Infinity if none does. */
export function extraDelays(cell: Pick<Cell, "hz" | "rttMs">, arrivals: Float64Array): Float64Array {
  const extra = new Float64Array(arrivals.length);
  // After the last patch the game goes on: a datagram one tick later would arrive.
  let first = tickMs(cell, arrivals.length) + cell.rttMs / 2;
  for (let i = arrivals.length - 1; i >= 0; i--) {
    first = Math.min(first, arrivals[i]!);
    extra[i] = first - tickMs(cell, i) - cell.rttMs / 2;
  }
  return extra;
}

const PROBE = new Uint8Array(1);

/** When a datagram sent at `sentMs` arrives; Infinity if it is lost. */
function passMs(netem: Impairment, sentMs: number, { jitterMs, rttMs }: Cell): number {
  netem.push(PROBE, sentMs);
  const dueMs = netem.nextTimeMs();
  // In-order jitter adds up over close datagrams; half a minute is beyond what it can.
  return netem.poll(sentMs + rttMs + jitterMs + 30_000) ? dueMs : Infinity;
}
