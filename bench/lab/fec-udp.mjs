/**
 * TRANSPORT_MODULE of shared/lab/workload: FecTransport and FecClient over UDP. REPAIR as in FecTransport's option (JSON or a word),
 * RESYNC_AFTER_MS too (ms or false).
 * Notes each room's UDP ports beside its WebSocket's, so that the link's counters can be told apart by room, and leaves
 * LAB_DIR/links.json: linkStats of every room at the end.
 */
import { AsyncLocalStorage } from "node:async_hooks";
import { subscribe } from "node:diagnostics_channel";
import { writeFileSync } from "node:fs";
import { FecTransport } from "colyseus-fec";
import { FecClient, linkStats } from "colyseus-fec/client";

const { REPAIR = "adaptive", RESYNC_AFTER_MS = "2000", LAB_DIR = "." } = process.env;
const repair = REPAIR.startsWith("{") ? JSON.parse(REPAIR) : REPAIR;

export const createServerTransport = () =>
  new FecTransport({ repair, webrtc: false, resyncAfterMs: JSON.parse(RESYNC_AFTER_MS) });
/** Repair covers inputs as well, so the ring of past inputs in each message (4 by default) need not be long. */
export const inputOptions = { mode: "unreliable", historySize: 2 };

const ownPorts = new AsyncLocalStorage();
const portsOf = new Map();

// A socket is made in the asynchronous context of the WebSocket message that offered it, and so of that room's join.
subscribe("udp.socket", ({ socket }) => {
  const ports = ownPorts.getStore();
  if (ports) socket.on("connect", () => ports.push(socket.address().port));
});

/** A FecClient as far as the workload uses one. */
export const createClient = (url) => ({
  async joinOrCreate(name) {
    const ports = [];
    const room = await ownPorts.run(ports, () => new FecClient(url, { repair, channels: ["udp"] }).joinOrCreate(name));
    portsOf.set(room, ports);
    return room;
  },
});

/** The workload keeps this with the room; as JSON it is the ports until then: the WebSocket's, then UDP's. */
export const localPort = (room) => {
  const webSocketPort = room.connection.transport.ws._socket?.localPort;
  return { toJSON: () => [webSocketPort, ...(portsOf.get(room) ?? [])] };
};

process.on("exit", () => {
  if (portsOf.size > 0)
    writeFileSync(
      `${LAB_DIR}/links.json`,
      JSON.stringify([...portsOf.keys()].map((room) => ({ room: room.name, ...linkStats(room) }))),
    );
});
