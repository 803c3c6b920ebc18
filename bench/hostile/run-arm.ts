/** One arm of bench:hostile: a server, a hostile client and, in this process, an honest one in the same room; idle first, then under attack. Everything ends with the arm. */
import { fork, type ChildProcess } from "node:child_process";
import { subscribe } from "node:diagnostics_channel";
import type { Socket } from "node:dgram";
import { once } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";
import { FecClient } from "colyseus-fec/client";
import { nowMs, type Attack, type Order, type ServerSample, type Way } from "./protocol.js";

export interface Arm {
  readonly way: Way;
  readonly attack: Attack;
  /** Datagrams a second; of no meaning for messages by WebSocket. */
  readonly rate: number;
  /** The room's maxMessagesPerSecond. */
  readonly limit?: number;
}

export interface ArmTimes {
  /** From the joins to the idle measurement, from the attack's start to its measurement, and both measurements, s. */
  readonly warmSeconds: number;
  readonly idleSeconds: number;
  readonly seconds: number;
}

/** Time between two patches at the honest client, ms. */
export interface Gaps {
  readonly p50: number;
  readonly p99: number;
  readonly max: number;
}

export interface ArmResult {
  /** Of the hostile client, by the server's counters. NaN where there are none (a WebSocket). */
  readonly receivedPerSecond: number;
  readonly acceptedPerSecond: number;
  readonly messagesPerSecond: number;
  /** Of a core, above idle. */
  readonly cpuShare: number;
  readonly idleShare: number;
  readonly gaps: Gaps;
  readonly idleGaps: Gaps;
  /** The server closed the hostile client: ms after the attack began, code, and the messages that the room got until then. */
  readonly closed: { readonly afterMs: number; readonly code: number; readonly messages: number } | undefined;
}

const WARM_JOIN_MS = 1500;

/** Connection ids of this process's UDP sockets, by what they are sent. */
let heardId: number | undefined;
subscribe("udp.socket", (message) => {
  const { socket } = message as { socket: Socket };
  socket.on("message", (packet) => (heardId = packet.readUInt32LE(0)));
});

export async function runArm(arm: Arm, times: ArmTimes): Promise<ArmResult> {
  const children: ChildProcess[] = [];
  try {
    return await measure(arm, times, children);
  } finally {
    for (const child of children) await end(child);
  }
}

async function measure(
  { way, attack, rate, limit }: Arm,
  times: ArmTimes,
  children: ChildProcess[],
): Promise<ArmResult> {
  const start = (file: string, env: Record<string, string> = {}): ChildProcess => {
    const child = fork(new URL(file, import.meta.url), { env: { ...process.env, ...env } });
    children.push(child);
    return child;
  };
  const server = start("server.ts", {
    TRANSPORT: way === "plain" ? "plain" : "fec",
    LIMIT: limit === undefined ? "" : String(limit),
  });
  const { port } = await heard<{ port: number }>(server);
  const sample = async (): Promise<ServerSample> => {
    server.send("sample");
    return heard<ServerSample>(server);
  };

  const patches: number[] = [];
  const room = await new FecClient(`ws://127.0.0.1:${port}`).joinOrCreate("arena");
  room.onStateChange(() => void patches.push(nowMs()));
  const attacker = start("attacker.ts");
  await sleep(WARM_JOIN_MS);
  attacker.send({ port, way, attack, rate, connectionId: heardId ?? 0 } satisfies Order);
  await heard(attacker);

  await sleep(times.warmSeconds * 1000);
  const before = await sample();
  await sleep(times.idleSeconds * 1000);
  const idle = await sample();
  const idleGaps = gaps(patches, before.atMs, idle.atMs);
  attacker.send("go");
  await sleep(times.warmSeconds * 1000);
  const first = await sample();
  await sleep(times.seconds * 1000);
  const last = await sample();
  const attackedGaps = gaps(patches, first.atMs, last.atMs);
  room.reconnection.enabled = false;
  room.connection.close();

  const share = (from: ServerSample, to: ServerSample): number =>
    (to.cpuUs - from.cpuUs) / ((to.atMs - from.atMs) * 1000);
  const idleShare = share(before, idle);
  const perSecond = (count: (of: ServerSample) => number): number =>
    Math.max(0, ((count(last) - count(first)) / (last.atMs - first.atMs)) * 1000);
  const datagrams = way === "udp";
  // The honest client's few are in the idle measurement.
  const idleRate = (count: (of: ServerSample) => number): number =>
    ((count(idle) - count(before)) / (idle.atMs - before.atMs)) * 1000;
  const above = (count: (of: ServerSample) => number): number =>
    datagrams ? Math.max(0, perSecond(count) - idleRate(count)) : NaN;
  return {
    receivedPerSecond: above((of) => of.udp?.received ?? 0),
    acceptedPerSecond: above((of) => of.udp?.accepted ?? 0),
    messagesPerSecond: perSecond((of) => of.messages),
    cpuShare: share(first, last) - idleShare,
    idleShare,
    gaps: attackedGaps,
    idleGaps,
    closed: last.left && { afterMs: last.left.atMs - idle.atMs, code: last.left.code, messages: last.left.messages },
  };
}

/** What the child next tells the bench: core's own are for process managers. Rejects when the child ends before. */
function heard<Message>(child: ChildProcess): Promise<Message> {
  return new Promise((resolve, reject) => {
    const onExit = (): void => reject(new Error("a process of the bench ended"));
    const onMessage = (message: unknown): void => {
      if (typeof message !== "object" || message === null || !("bench" in message)) return;
      child.off("message", onMessage).off("exit", onExit);
      resolve(message.bench as Message);
    };
    child.on("message", onMessage).once("exit", onExit);
  });
}

/** Of those that this arm started. */
function end(child: ChildProcess): Promise<unknown> | undefined {
  if (child.exitCode !== null || child.signalCode !== null) return undefined;
  const ended = once(child, "exit");
  child.kill("SIGKILL");
  return ended;
}

/** Of patches in this period, whose end ends the last gap. */
function gaps(patches: readonly number[], fromMs: number, toMs: number): Gaps {
  const times = [...patches.filter((atMs) => atMs >= fromMs && atMs < toMs), toMs];
  const sorted = times.map((atMs, i) => atMs - (times[i - 1] ?? fromMs)).sort((a, b) => a - b);
  const at = (share: number): number => sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? NaN;
  return { p50: at(0.5), p99: at(0.99), max: at(1) };
}
