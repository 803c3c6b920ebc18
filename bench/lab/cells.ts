/**
 * The cells of the comparison with the WebSocket transport, and what is wanted in each (the project's bars, against TCP cubic).
 * A cell is one network; each run of it carries rooms at 20 and 60 Hz over both transports.
 */

/** One network, both ways. */
export interface Cell {
  /** One way, ms. */
  delayMs: number;
  /** Percent. */
  loss: number;
  /** Mean length of an outage, ms; 0 = every packet is lost or not by itself. */
  burstMs: number;
  jitterMs: number;
  /** Congestion control of the WebSocket's TCP. */
  cc: "cubic" | "bbr";
}

/** What is wanted of our extra apply delay and bytes; undefined = no bar for this. */
export interface Bar {
  /** Our p50 and p99 are at most so far above the WebSocket's, ms. */
  levelMs?: number;
  /** The WebSocket's p99 is at least so many times ours. */
  p99Ratio?: number;
  /** Our wire bytes are at most so many times the WebSocket's. */
  bytesRatio?: number;
}

const PLAIN = { burstMs: 0, jitterMs: 0, cc: "cubic" } as const;

/** Every cell: 50 and 20 ms, losses, bursts and jitter, under cubic and bbr. */
export function fullGrid(): Cell[] {
  const cells: Cell[] = [];
  for (const cc of ["cubic", "bbr"] as const) {
    for (const delayMs of [50, 20]) {
      for (const loss of [0, 1, 2, 5, 10, 20]) cells.push({ ...PLAIN, cc, delayMs, loss });
      cells.push(
        { ...PLAIN, cc, delayMs, loss: 5, burstMs: 50 },
        { ...PLAIN, cc, delayMs, loss: 0, jitterMs: 5 },
        { ...PLAIN, cc, delayMs, loss: 5, jitterMs: 5 },
      );
    }
  }
  return cells;
}

/** The part that matters most: all of 50 ms under cubic, bbr at 5 %, and 20 ms at 0, 2 and 5 %. */
export function shortGrid(): Cell[] {
  return fullGrid().filter((c) =>
    c.cc === "bbr"
      ? c.delayMs === 50 && c.loss === 5 && c.jitterMs === 0
      : c.delayMs === 50 || (c.burstMs === 0 && c.jitterMs === 0 && [0, 2, 5].includes(c.loss)),
  );
}

/** The bar of a cell at this patch rate. */
export function barOf({ loss, burstMs, jitterMs, cc }: Cell, hz: number): Bar {
  if (cc !== "cubic" || jitterMs > 0) return {};
  if (loss === 0) return { levelMs: 1 };
  const bytesRatio = 1.8;
  if (burstMs > 0) return { p99Ratio: 3, bytesRatio };
  if (loss <= 2) return { p99Ratio: 4, bytesRatio };
  if (loss <= 5) return { p99Ratio: hz >= 60 ? 8 : 5, bytesRatio };
  return loss <= 10 ? { p99Ratio: 8, bytesRatio } : {};
}

/** A cell in a few words: "50 ms, 5 % in bursts of 50 ms, cubic". */
export function nameOf({ delayMs, loss, burstMs, jitterMs, cc }: Cell): string {
  return `${delayMs} ms, ${loss} %${burstMs > 0 ? ` in bursts of ${burstMs} ms` : ""}${jitterMs > 0 ? `, jitter ${jitterMs} ms` : ""}, ${cc}`;
}
