// The clients of bench/webrtc in Node, over one transport: LAB_NAME (ws, udp or webrtc) and URL. Writes LAB_DIR/client.NAME.json.
import { writeFileSync } from "node:fs";
import { Client } from "@colyseus/sdk";
import { FecClient, linkStats } from "colyseus-fec/client";
import { nowMs, play, roomsOf } from "./workload.mjs";

const { WARM_S, MEASURE_S, ROOMS, LAB_DIR, LAB_NAME, URL } = process.env;
const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
const rooms = roomsOf(ROOMS);
const client = () => (LAB_NAME === "ws" ? new Client(URL) : new FecClient(URL, { channels: [LAB_NAME] }));
let recording = false,
  id = 0;

const players = await Promise.all(
  rooms.flatMap((room) =>
    Array.from({ length: room.clients }, () => play(client(), room, ++id, nowMs, () => recording)),
  ),
);
await sleep(WARM_S * 1000);
recording = true;
const start = nowMs();
await sleep(MEASURE_S * 1000);
recording = false;
const end = nowMs();
for (const { stop } of players) stop();
for (const { name } of rooms) players.find(({ record }) => record.room === name).room.send("freeze");
while (!players.every(({ record }) => record.frozenAt > 0) && nowMs() - end < 20_000) await sleep(50);
writeFileSync(
  `${LAB_DIR}/client.${LAB_NAME}.json`,
  JSON.stringify({ start, end, clients: players.map(({ room, record }) => ({ ...record, link: linkStats(room) })) }),
);
process.exit(0);
