/** One run of one network: shared/lab's link and namespaces, and in them a server for each transport and their clients, at the same time. Everything ends with the run. */

import { spawn } from "node:child_process";
import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { labFolder } from "../lab/run-cell.js";
import { summarize, type Row, type Transport } from "./summary.js";

/** One network, the same both ways. */
export interface Cell {
  /** One way, ms. */
  delayMs: number;
  /** Percent. */
  loss: number;
}

export interface RunOptions {
  /** Whose WebRTC and WebSocket are measured. */
  client: "chromium" | "node";
  /** As workload.mjs reads it. */
  rooms: string;
  /** Time from the joins to the measurement, s. */
  warmSeconds: number;
  seconds: number;
  seed: number;
  /** Congestion control of the WebSockets' TCP. */
  cc: string;
  /** Further options of shared/lab's run. */
  extra: string[];
}

const PORTS: Record<Transport, number> = { ws: 2567, udp: 2568, webrtc: 2569 };
const TRANSPORTS = Object.keys(PORTS) as Transport[];
const here = fileURLToPath(new URL(".", import.meta.url));

/** Until clients have joined and opened their channels, losses would only delay the start, s. */
const GRACE_S = 8;
/** Time for starting, joining and the last state, s. */
const TIMEOUT_S = 100;

/** Runs a cell once. Returns a row for each transport and room, and the folder of the raw logs. @throws Error with the logs if a process failed. */
export async function runCell(
  { delayMs, loss }: Cell,
  { client, rooms, warmSeconds, seconds, seed, cc, extra }: RunOptions,
): Promise<{ rows: Row[]; dir: string }> {
  const dir = mkdtempSync(join(tmpdir(), "bench-webrtc-"));
  const url = (transport: Transport): string => `ws://10.77.0.1:${PORTS[transport]}`;
  const node = (transport: Transport): string =>
    `LAB_NAME=${transport} URL=${url(transport)} "$NODE" ${here}node-client.mjs &`;
  const browser = `CLIENTS="ws ${url("ws")},webrtc ${url("webrtc")}" "$NODE" ${here}chromium.mjs &`;
  const clients = client === "node" ? TRANSPORTS.map(node) : [node("udp"), browser];
  const args = [
    "--dir",
    dir,
    "--port",
    String(PORTS.webrtc),
    "--timeout",
    String(warmSeconds + seconds + TIMEOUT_S),
    "--cc",
    cc,
    "--grace",
    String(GRACE_S),
    "--seed",
    String(seed),
    "--delay",
    String(delayMs),
    "--loss",
    String(loss),
    ...extra,
    "--",
    "bash",
    "-c",
    `${TRANSPORTS.map((transport) => `LAB_NAME=${transport} PORT=${PORTS[transport]} "$NODE" ${here}server.mjs &`).join(" ")} wait`,
    "---",
    "bash",
    "-c",
    `${clients.join(" ")} wait`,
  ];
  const env = {
    ...process.env,
    WARM_S: String(warmSeconds),
    MEASURE_S: String(seconds),
    ROOMS: rooms,
    NODE: process.execPath,
  };
  const child = spawn(join(labFolder, "run"), args, { env, stdio: ["ignore", "pipe", "pipe"] });
  let output = "";
  child.stdout.on("data", (data) => (output += data));
  child.stderr.on("data", (data) => (output += data));
  const code = await new Promise((resolve) => child.on("close", resolve));
  if (code !== 0) throw new Error(`lab/run ended with ${String(code)} (logs in ${dir}):\n${output}`);
  return { rows: TRANSPORTS.flatMap((transport) => summarize(dir, transport, delayMs)), dir };
}
