/**
 * The server of bench:hostile, in a process of its own: one room at 60 Hz on 127.0.0.1. TRANSPORT is "fec" or "plain" (ws-transport), LIMIT the room's
 * maxMessagesPerSecond or "". Tells its port, answers "sample" with a ServerSample, and ends with the process that started it.
 */
import type { AddressInfo } from "node:net";
import { Room, Server } from "@colyseus/core";
import { schema, t } from "@colyseus/schema";
import { WebSocketTransport } from "@colyseus/ws-transport";
import { FecTransport } from "colyseus-fec";
import { MESSAGE_TYPE, MESSAGE_TYPE_LONG, nowMs, type ServerSample } from "./protocol.js";

const { TRANSPORT, LIMIT } = process.env;
const PATCH_HZ = 60;
const BODIES = 8;

/** Longest life of this process, ms, should nobody end it. */
const LIFE_MS = 60_000;

const Body = schema({ x: t.float32(), y: t.float32() }, "Body");
const Arena = schema({ tick: t.uint32(), bodies: t.map(Body) }, "Arena");

let messages = 0;
let left: ServerSample["left"];

class ArenaRoom extends Room {
  declare state: InstanceType<typeof Arena>;

  override onCreate(): void {
    this.state = new Arena().assign({ tick: 0 });
    for (let i = 0; i < BODIES; i++) this.state.bodies.set(`b${i}`, new Body().assign({ x: i, y: i }));
    if (LIMIT) this.maxMessagesPerSecond = Number(LIMIT);
    this.onMessage(MESSAGE_TYPE, () => void messages++);
    this.onMessage(MESSAGE_TYPE_LONG, () => void messages++);
    this.patchRate = 1000 / PATCH_HZ;
  }

  override onBeforePatch(): void {
    const tick = ++this.state.tick;
    let i = 0;
    for (const [, body] of this.state.bodies) {
      body.x = Math.fround(1000 * Math.cos(0.02 * tick + ++i));
      body.y = Math.fround(1000 * Math.sin(0.03 * tick + i));
    }
  }

  override onLeave(_client: unknown, code?: number): void {
    left ??= { atMs: nowMs(), code: code ?? 0, messages };
  }
}

const fec = TRANSPORT === "fec" ? new FecTransport({ webrtc: {} }) : undefined;
const transport = fec ?? new WebSocketTransport();
const server = new Server({ transport, greet: false, gracefullyShutdown: false });
server.define("arena", ArenaRoom);
await server.listen(0, "127.0.0.1");

process.on("message", () => {
  const { user, system } = process.cpuUsage();
  const sample: ServerSample = {
    atMs: nowMs(),
    cpuUs: user + system,
    messages,
    left,
    udp: fec?.udpStats,
    webrtc: fec?.webrtcStats,
  };
  process.send!({ bench: sample });
});
process.on("disconnect", () => process.exit());
setTimeout(() => process.exit(1), LIFE_MS).unref();
process.send!({ bench: { port: (transport.server!.address() as AddressInfo).port } });
