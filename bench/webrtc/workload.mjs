// What bench/webrtc's server and clients share, in Node and in the browser: names, the clock, and the hash that tells equal states.

/** Type of a client's message, and the bytes that it takes beside its filling. */
export const inputType = "up";
const INPUT_BYTES = 40;

/** Milliseconds of the clock that all processes of a machine share. */
export const nowMs = () => Number(process.hrtime.bigint()) / 1e6;

/** ROOMS, as "60x200:3": patches (and messages of a client) a second, bytes of each, clients. */
export const roomsOf = (text) =>
  text.split(",").map((entry) => {
    const [name, clients] = entry.split(":");
    const [hz, bytes] = name.split("x").map(Number);
    return { name, hz, bytes, clients: +clients };
  });

/** FNV-1a over everything that moves. */
export function hashState(state) {
  let h = 0x811c9dc5;
  const f = new Float32Array(1),
    u = new Uint32Array(f.buffer);
  const add = (v) => {
    f[0] = v;
    h = Math.imul(h ^ u[0], 0x01000193) >>> 0;
  };
  for (const [, entity] of state.entities) {
    add(entity.x);
    add(entity.y);
    add(entity.hp);
  }
  return h;
}

/** Joins a room as client number `id`, sends at the room's rate and notes the states that it sees while `recording()`. */
export async function play(client, { name, hz, bytes }, id, now, recording) {
  const room = await client.joinOrCreate(name);
  const record = {
    room: name,
    id,
    ticks: [],
    hashes: [],
    sent: [],
    at: [],
    back: 0,
    drops: 0,
    last: 0,
    lastHash: 0,
    frozenAt: 0,
    sends: 0,
  };
  room.onDrop?.(() => record.drops++);
  room.onStateChange((state) => {
    const at = now();
    if (state.tick <= record.last) {
      if (recording() && state.tick < record.last) record.back++;
      return;
    }
    record.last = state.tick;
    record.lastHash = hashState(state);
    if (state.frozen) record.frozenAt = at;
    if (!recording()) return;
    record.ticks.push(state.tick);
    record.hashes.push(record.lastHash);
    record.sent.push(state.t);
    record.at.push(at);
  });
  const filling = "x".repeat(bytes - INPUT_BYTES);
  let next = now();
  // A fixed-step loop as a game's: catches up after a late timer.
  const timer = setInterval(() => {
    for (const at = now(); next <= at; next += 1000 / hz)
      room.sendUnreliable(inputType, { id, seq: ++record.sends, t: now(), filling });
  }, 4);
  return { room, record, stop: () => clearInterval(timer) };
}
