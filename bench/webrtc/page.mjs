// The clients of bench/webrtc in a browser's page; worked by chromium.mjs.
import { FecClient, linkStats } from "colyseus-fec/client";
import { play } from "./workload.mjs";

let recording = false;
let offsetMs = 0;
const players = [];

window.bench = {
  now: () => performance.now(),
  start: async (url, rooms, clockOffsetMs) => {
    offsetMs = clockOffsetMs;
    let id = 0;
    const joins = rooms.flatMap((room) =>
      Array.from({ length: room.clients }, () =>
        play(
          new FecClient(url),
          room,
          ++id,
          () => performance.now() + offsetMs,
          () => recording,
        ),
      ),
    );
    players.push(...(await Promise.all(joins)));
  },
  record: (on) => {
    recording = on;
  },
  freeze: (rooms) => {
    for (const { stop } of players) stop();
    for (const { name } of rooms) players.find(({ record }) => record.room === name).room.send("freeze");
  },
  frozen: () => players.every(({ record }) => record.frozenAt > 0),
  results: () => players.map(({ room, record }) => ({ ...record, link: linkStats(room) })),
};
