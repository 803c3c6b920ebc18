// The server of bench/webrtc: one room for each patch rate and size, named "60x200". LAB_NAME is its transport (ws, udp or webrtc), PORT its port.
// On SIGTERM writes LAB_DIR/server.NAME.json: of every room the hash of each tick's state, and when which message of a client came.
import { writeFileSync } from "node:fs";
import { Room, Server, matchMaker } from "@colyseus/core";
import { schema, t } from "@colyseus/schema";
import { WebSocketTransport } from "@colyseus/ws-transport";
import { FecTransport, linkStats } from "colyseus-fec";
import { hashState, inputType, nowMs, roomsOf } from "./workload.mjs";

const { PORT, ROOMS, LAB_DIR, LAB_NAME } = process.env;

const Entity = schema({ x: t.float32(), y: t.float32(), hp: t.uint8() }, "Entity");
const Arena = schema({ tick: t.uint32(), t: t.float64(), frozen: t.boolean(), entities: t.map(Entity) }, "Arena");
/** Patches of about this many bytes come of so many entities. */
const ENTITIES = { 200: 10, 1000: 52 };

const logs = {};

class ArenaRoom extends Room {
  onCreate({ hz, bytes }) {
    this.autoDispose = false;
    this.maxClients = Infinity;
    this.log = logs[this.roomName] = { hashes: [], final: 0, ups: {}, links: [] };
    this.state = new Arena().assign({ tick: 0, t: 0, frozen: false });
    for (let i = 0; i < ENTITIES[bytes]; i++)
      this.state.entities.set(`e${i}`, new Entity().assign({ x: i, y: -i, hp: 100 }));
    this.onMessage(inputType, (_, { id, seq, t: sentMs }) => (this.log.ups[id] ??= []).push([seq, sentMs, nowMs()]));
    this.onMessage("freeze", () => {
      this.freeze = true;
      this.log.links = this.clients.map((client) => linkStats(client));
    });
    this.patchRate = 1000 / hz;
  }

  onBeforePatch(state) {
    if (state.frozen) return;
    state.frozen = this.freeze === true;
    const tick = ++state.tick;
    let i = 0;
    for (const [, entity] of state.entities) {
      const angle = tick * 0.02 + i * 0.4;
      entity.x = Math.fround(1000 * Math.cos(angle));
      entity.y = Math.fround(1000 * Math.sin(angle * 1.3));
      if ((tick + i * 7) % 60 === 0) entity.hp = (entity.hp + 99) % 101;
      i++;
    }
    this.log.hashes[tick] = hashState(state);
    this.log.final = tick;
    state.t = nowMs();
  }
}

const transports = {
  ws: () => new WebSocketTransport(),
  udp: () => new FecTransport({ webrtc: false }),
  webrtc: () => new FecTransport({ udp: false, webrtc: {} }),
};
const server = new Server({ transport: transports[LAB_NAME](), greet: false, gracefullyShutdown: false });
for (const { name, hz, bytes } of roomsOf(ROOMS)) server.define(name, ArenaRoom, { hz, bytes });
await server.listen(+PORT);
for (const { name } of roomsOf(ROOMS)) await matchMaker.createRoom(name, {});

process.on("SIGTERM", () => {
  writeFileSync(`${LAB_DIR}/server.${LAB_NAME}.json`, JSON.stringify(logs));
  process.exit(0);
});
