/** The clients of shared/lab's workload in a browser's page: joins, sends inputs, records when each patch is applied. Worked by chromium-client.mjs. */

import type { Room } from "@colyseus/sdk";
import { FecClient, linkStats } from "colyseus-fec/client";

interface Group {
  readonly room: string;
  readonly clients: number;
  readonly inputHz: number;
}

interface Recorded {
  room: string; inputHz: number; id: number; ports: never[]; ticks: number[]; hashes: number[]; sent: number[]; at: number[];
  dup: number; back: number; drops: number; last: number; lastHash: number; frozenAt: number; inputs: number;
}

const records: Recorded[] = [];
const rooms: Room[] = [];
let offsetMs = 0;
let recording = false;
/** Milliseconds of the clock that the server and the other clients use. */
const nowMs = (): number => performance.now() + offsetMs;

/** FNV-1a over everything that moves, as the server's. */
function hashState(state: any): number {
  let h = 0x811c9dc5;
  const f = new Float32Array(1), u = new Uint32Array(f.buffer);
  const add = (v: number): void => { f[0] = v; h = Math.imul(h ^ u[0]!, 0x01000193) >>> 0; };
  for (const [, e] of state.entities) { add(e.x); add(e.y); add(e.hp); }
  return h;
}

async function join(url: string, { room: name, inputHz }: Group, id: number): Promise<void> {
  const room = await new FecClient(url).joinOrCreate<any>(name);
  const r: Recorded = { room: name, inputHz, id, ports: [], ticks: [], hashes: [], sent: [], at: [], dup: 0, back: 0, drops: 0, last: 0, lastHash: 0, frozenAt: 0, inputs: 0 };
  room.onDrop(() => r.drops++);
  room.onStateChange((state: any) => {
    const now = nowMs();
    if (state.tick <= r.last) {
      if (recording) r[state.tick === r.last ? "dup" : "back"]++;
      return;
    }
    r.last = state.tick;
    r.lastHash = hashState(state);
    if (state.frozen) r.frozenAt = now;
    if (!recording) return;
    r.ticks.push(state.tick);
    r.hashes.push(r.lastHash);
    r.sent.push(state.t);
    r.at.push(now);
  });
  const input: any = (room as any).input({ mode: "unreliable" });
  let next = nowMs();
  setInterval(() => {
    for (const now = nowMs(); next <= now; next += 1000 / inputHz) {
      const seq = ++r.inputs;
      Object.assign(input.data, { id, seq, t: nowMs(), mx: ((seq * 7) % 255) - 127, my: ((seq * 5) % 255) - 127, buttons: (seq >> 3) & 3 });
      input.send();
    }
  }, 4);
  records.push(r);
  rooms.push(room);
}

Object.assign(window, {
  bench: {
    now: () => performance.now(),
    start: async (url: string, groups: Group[], offset: number) => {
      offsetMs = offset;
      let id = 0;
      await Promise.all(groups.flatMap((group) => Array.from({ length: group.clients }, () => join(url, group, ++id))));
    },
    record: (on: boolean) => { recording = on; },
    freeze: (groups: Group[]) => groups.forEach((group) => rooms[records.findIndex((r) => r.room === group.room)]!.send("freeze")),
    frozen: () => records.every((r) => r.frozenAt > 0),
    results: () => ({ records, paths: rooms.map((room) => linkStats(room).path) }),
  },
});
