/**
 * Reads the logs of one run: delays by shared/lab's own summary, wire bytes of both directions by the link's per-flow counters
 * (IP packets, headers included; ours are its WebSocket's and its datagrams'), processor time, kernel TCP counters.
 */

import { spawnSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";

export interface Percentiles {
  n: number;
  p50: number;
  p90: number;
  p99: number;
  p999: number;
  max: number;
}

/** One transport and patch rate in one run. Delays are ms beyond the link's constant delay. */
export interface RunRow {
  transport: "ws" | "fec";
  hz: number;
  extra: Percentiles;
  /** 99th percentile of the age of the shown state, ms. */
  ageP99: number;
  inputP99: number;
  /** Share of the inputs that the room never had, 0..1: they are sent unreliably. */
  inputsMissed: number;
  /** Patches missing or differing, and clients that did not end with the last state, were dropped or left. */
  wrong: number;
  /** Wire bytes per second and client, both ways. */
  wireBytes: number;
  /** Processor share of server and client, all patch rates together. */
  cpu: number;
  tcp: TcpCounters;
  /** Longest time that a process of this transport could not run, or the link was late, ms. */
  stallMs: number;
}

/** Of both namespaces, from their beginning; both transports' connections, of which the WebSocket's carry nearly all. */
export interface TcpCounters {
  retransmitted: number;
  timeouts: number;
  tailProbes: number;
  lostRetransmissions: number;
}

interface Flow {
  proto: string;
  srv: number;
  cli: number;
  bytes: number;
}
interface LinkLine {
  event: string;
  t_ns: number;
  down: { flows: Flow[] };
  up: { flows: Flow[] };
}
interface ClientLog {
  start: number;
  end: number;
  clients: { room: string; ports: (number | number[])[] }[];
}

/** Rows of one transport, one for each patch rate. @throws Error if the logs are incomplete. */
export function summarize(dir: string, transport: RunRow["transport"], workload: string): RunRow[] {
  const run = spawnSync(process.execPath, ["summary.mjs", dir, transport], {
    cwd: workload,
    encoding: "utf8",
    maxBuffer: 1 << 26,
  });
  if (run.status !== 0) throw new Error(`summary.mjs ${dir} ${transport}: ${run.stderr}`);
  const client = readJson<ClientLog>(join(dir, `client.${transport}.json`));
  const bytesOf = wireCounter(dir, client);
  const tcp = tcpCounters(dir);
  return run.stdout
    .trim()
    .split("\n")
    .map((line) => {
      const r = JSON.parse(line);
      const members = client.clients.filter((c) => c.room === `arena${r.hz}`);
      const ports = members.map((c) => c.ports.flat());
      const expected = transport === "ws" ? 1 : 2;
      if (ports.some((own) => own.length < expected))
        throw new Error(`${dir}: a client of ${transport} without its ${expected} port(s): ${JSON.stringify(ports)}`);
      return {
        transport,
        hz: r.hz,
        extra: r.extra,
        ageP99: r.age.p99,
        inputP99: r.input?.p99 ?? NaN,
        inputsMissed: r.input ? r.input.missed / (r.input.n + r.input.missed) : NaN,
        wrong: r.missed + r.wrong + r.unfinished + r.differs + r.drops + r.gone,
        wireBytes: bytesOf(ports.flat()) / ((client.end - client.start) / 1000) / members.length,
        cpu: r.usage.server.cpu + r.usage.client.cpu,
        tcp,
        stallMs: r.stall,
      };
    });
}

/** Bytes of the flows with these client ports over the measured time, both ways. */
function wireCounter(dir: string, { start, end }: ClientLog): (ports: number[]) => number {
  const snapshots = readFileSync(join(dir, "link.jsonl"), "utf8")
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as LinkLine)
    .filter((line) => line.event === "snapshot");
  const nearest = (ms: number): LinkLine =>
    snapshots.reduce((a, b) => (Math.abs(a.t_ns / 1e6 - ms) <= Math.abs(b.t_ns / 1e6 - ms) ? a : b));
  const total = (snapshot: LinkLine, ports: number[]): number =>
    [...snapshot.down.flows, ...snapshot.up.flows]
      .filter((f) => ports.includes(f.cli))
      .reduce((sum, f) => sum + f.bytes, 0);
  return (ports) => total(nearest(end), ports) - total(nearest(start), ports);
}

function tcpCounters(dir: string): TcpCounters {
  const sides = ["srv", "cli"]
    .map((side) => join(dir, `nstat-${side}.json`))
    .map((file) => (existsSync(file) ? readJson<{ kernel: Record<string, number> }>(file).kernel : {}));
  const sum = (name: string): number => sides.reduce((total, kernel) => total + (kernel[name] ?? 0), 0);
  return {
    retransmitted: sum("TcpRetransSegs"),
    timeouts: sum("TcpExtTCPTimeouts"),
    tailProbes: sum("TcpExtTCPLossProbes"),
    lostRetransmissions: sum("TcpExtTCPLostRetransmit"),
  };
}

function readJson<T>(file: string): T {
  return JSON.parse(readFileSync(file, "utf8")) as T;
}
