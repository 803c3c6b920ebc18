/**
 * One run of one cell: shared/lab's link and namespaces, and in them a server and a client process for each transport, at the same time.
 * shared/ may be read-only and the emulator builds beside itself, so it is copied to .lab first. Everything ends with the run.
 */

import { spawn, spawnSync } from "node:child_process";
import { chmodSync, cpSync, existsSync, mkdtempSync, readdirSync, statSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Cell } from "./cells.js";
import { summarize, type RunRow } from "./summary.js";

export type Transport = RunRow["transport"];

const root = fileURLToPath(new URL("../..", import.meta.url));
/** Where the emulator is copied to. */
export const labFolder = join(root, ".lab");
const workload = join(labFolder, "workload");

/** Server ports of the two transports. */
export const PORTS = { ws: 2567, fec: 2568 } as const;

export interface RunOptions {
  /** room:clients:inputs per second, comma-separated. */
  groups: string;
  /** Time from the joins to the measurement, s; losses begin 5 s after the start, at about the end of the first 5 s of it. */
  warmSeconds: number;
  /** Measured time, s. */
  seconds: number;
  seed: number;
  /** Repair option of both ends, as REPAIR in fec-udp.mjs. */
  repair: string;
  /** Both, side by side, unless one is to have the link for itself. */
  transports: readonly Transport[];
  /** Further options of shared/lab's run, such as ["--pcap", "1"]. */
  extra: string[];
}

/** Copies and builds the emulator. @throws Error where it, or the root that it needs, is missing. */
export function prepareLab(): void {
  if (process.getuid?.() !== 0) throw new Error("bench:lab makes network namespaces: it must run as root");
  const source = join(root, "../shared/lab");
  if (!existsSync(labFolder)) {
    if (!existsSync(source)) throw new Error("bench:lab needs the link emulator, shared/lab beside this repository");
    cpSync(source, labFolder, { recursive: true });
    makeWritable(labFolder);
  }
  if (!existsSync(join(workload, "node_modules")))
    symlinkSync(join(root, "node_modules"), join(workload, "node_modules"));
  if (existsSync(join(labFolder, "link"))) return;
  const built = spawnSync(join(labFolder, "build"), { encoding: "utf8" });
  if (built.status !== 0) throw new Error(`lab/build: ${built.stderr || String(built.error)}`);
}

/** Runs a cell once. Returns a row for each transport and patch rate, and the folder of the raw logs. */
export async function runCell(cell: Cell, options: RunOptions): Promise<{ rows: RunRow[]; dir: string }> {
  const dir = mkdtempSync(join(tmpdir(), "lab-"));
  const env = {
    ...process.env,
    WARM_S: String(options.warmSeconds),
    MEASURE_S: String(options.seconds),
    CLIENT_GROUPS: options.groups,
    REPAIR: options.repair,
    NODE: process.execPath,
    FEC: join(root, "bench/lab/fec-udp.mjs"),
  };
  const processes = (of: (transport: Transport) => string): string =>
    `${options.transports.map((t) => `LAB_NAME=${t} ${of(t)} &`).join(" ")} wait`;
  const module = (transport: Transport): string => (transport === "fec" ? "TRANSPORT_MODULE=$FEC " : "");
  const args = [
    "--dir",
    dir,
    "--port",
    String(PORTS.fec),
    "--timeout",
    String(options.warmSeconds + options.seconds + 60),
    "--cc",
    cell.cc,
    "--grace",
    "5",
    "--seed",
    String(options.seed),
    "--delay",
    String(cell.delayMs),
    "--loss",
    String(cell.loss),
    "--jitter",
    String(cell.jitterMs),
    ...(cell.burstMs > 0 ? ["--burst-ms", String(cell.burstMs)] : []),
    ...options.extra,
    "--",
    "bash",
    "-c",
    processes((t) => `PORT=${PORTS[t]} ${module(t)}"$NODE" server.mjs`),
    "---",
    "bash",
    "-c",
    processes((t) => `URL=ws://10.77.0.1:${PORTS[t]} ${module(t)}"$NODE" client.mjs`),
  ];
  const child = spawn(join(labFolder, "run"), args, { cwd: workload, env, stdio: ["ignore", "pipe", "pipe"] });
  let output = "";
  child.stdout.on("data", (data) => (output += data));
  child.stderr.on("data", (data) => (output += data));
  const code = await new Promise((resolve) => child.on("close", resolve));
  if (code !== 0) throw new Error(`lab/run ended with ${String(code)} (logs in ${dir}):\n${output}`);
  return { rows: options.transports.flatMap((transport) => summarize(dir, transport, workload)), dir };
}

function makeWritable(path: string): void {
  const stat = statSync(path);
  chmodSync(path, stat.mode | 0o200);
  if (stat.isDirectory()) for (const name of readdirSync(path)) makeWritable(join(path, name));
}
