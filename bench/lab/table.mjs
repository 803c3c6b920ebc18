// Reads "name {json}" lines of shared/lab/workload/summary.mjs on standard input; prints a table.
import { createInterface } from "node:readline";

const cell = (v, width) => (v == null ? "-" : typeof v === "number" ? v.toFixed(1) : String(v)).padStart(width);
const row = cells => console.log(cells.map((c, i) => cell(c, i < 2 ? 5 : 8)).join(" "));

row(["path", "Hz", "p50", "p90", "p99", "p99.9", "max", "age p99", "input99", "missed", "wrong", "unfin.", "stall"]);
for await (const line of createInterface({ input: process.stdin })) {
  const at = line.indexOf(" ");
  const r = JSON.parse(line.slice(at + 1));
  const x = r.extra;
  row([line.slice(0, at), r.hz, x.p50, x.p90, x.p99, x.p999, x.max, r.age.p99, r.input?.p99, `${r.missed}`, `${r.wrong}`, `${r.unfinished}`, r.stall]);
}
