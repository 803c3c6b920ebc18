/** Runs one scheme over one cell: a pure function of both, wherever it runs. */
import { runBound } from "./bound.js";
import type { Cell, Scheme } from "./cell.js";
import { runLink } from "./run-link.js";
import { runTcp } from "./run-tcp.js";
import type { Result } from "./statistics.js";

export interface CellJob {
  kind: "cell";
  cell: Cell;
  scheme: Scheme;
}

export function runCell({ cell, scheme }: CellJob): Result {
  if (scheme.kind === "link") return runLink(cell, scheme);
  return scheme.kind === "tcp" ? runTcp(cell, scheme) : runBound(cell, scheme.separate);
}
