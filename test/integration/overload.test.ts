/** A link that cannot carry the game: the room is told, state patches are shed, and a full state takes their place. */

import { Room, type Client } from "@colyseus/core";
import { schema, StateView, t } from "@colyseus/schema";
import { ColyseusSDK, getStateCallbacks, type Room as SdkRoom } from "@colyseus/sdk";
import {
  linkControl,
  linkStats as serverLinkStats,
  type FecTransportOptions,
  type LinkAwareRoom,
  type LinkBehindReport,
} from "colyseus-fec";
import { FecClient } from "colyseus-fec/client";
import { afterEach, expect, test, vi } from "vitest";
import { serverClient, serverRoom, startServer, until, untilUdp, type TestServer } from "./harness.js";
import { startRelay, type ThrottledRelay } from "./throttled-relay.js";

const Gem = schema({ worth: t.uint16().default(0) }, "Gem");
const Piece = schema(
  {
    born: t.uint32().default(0),
    label: t.string().optional(),
    gem: t.ref(Gem).optional(),
    trail: t.array("uint32"),
    x: t.uint32().default(0).unreliable(),
  },
  "Piece",
);
const Secret = schema({ code: t.uint32().default(0), hint: t.string().optional() }, "Secret");
const BoardState = schema(
  {
    tick: t.uint32().default(0),
    pieces: t.map(Piece),
    line: t.array(Piece),
    winner: t.string().optional(),
    noise: t.string().default(""),
    secrets: t.map(Secret).view(),
  },
  "BoardState",
);
type Board = InstanceType<typeof BoardState>;

const Move = schema({ number: t.uint32().default(0) }, "Move");

/** A board but its noise, as text; `seen`: the keys of the secrets in it. */
function textOf(board: Board, seen: string[], unreliable: boolean): string {
  const piece = (p: InstanceType<typeof Piece>) => [
    p.born,
    p.label ?? null,
    p.gem?.worth ?? null,
    [...p.trail],
    unreliable ? p.x : 0,
  ];
  const pieces = [...board.pieces.keys()].sort().map((key) => [key, piece(board.pieces.get(key)!)]);
  const secrets = seen.sort().map((key) => [key, board.secrets.get(key)!.code, board.secrets.get(key)!.hint ?? null]);
  return JSON.stringify([board.tick, pieces, [...board.line].map(piece), board.winner ?? null, secrets]);
}

class BoardRoom extends Room implements LinkAwareRoom {
  declare state: Board;
  readonly reports: LinkBehindReport[] = [];
  /** The ordered state at every tick, as each client is to see it. */
  readonly history = new Map<string, string[]>();
  frozen = false;
  /** Of the noise, a tick. */
  noiseBytes = 200;

  override onCreate({ timed = false }: { timed?: boolean }): void {
    if (timed) this.defineInput(Move);
    this.patchRate = 25;
    this.state = new BoardState();
    for (let i = 0; i < 4; i++) this.state.secrets.set(`s${i}`, new Secret());
    // Pieces that stay, and whose fields come and go: one that a client last saw with a value may have none in the full state.
    for (let i = 0; i < 10; i++) this.state.pieces.set(`old${i}`, new Piece().assign({ born: i }));
  }

  override onJoin(client: Client): void {
    client.view = new StateView();
    client.view.add(this.state.secrets.get("s0")!);
  }

  override onBeforePatch(): void {
    if (this.frozen) return;
    const {
      state,
      state: { pieces, line, secrets },
    } = this;
    const tick = ++state.tick;
    state.noise = Array.from({ length: this.noiseBytes }, (_, i) =>
      String.fromCharCode(97 + ((tick * 7 + i * 31) % 26)),
    ).join("");
    state.winner = tick % 9 < 4 ? `p${tick}` : undefined;
    const piece = new Piece();
    piece.born = tick;
    pieces.set(`p${tick}`, piece);
    pieces.delete(`p${tick - (tick % 3 === 0 ? 10 : 30)}`);
    pieces.delete(`p${tick - 31}`);
    pieces.set(`kept${tick % 4}`, new Piece().assign({ born: tick })); // in the place of another one
    for (const each of pieces.values()) {
      each.x = tick + each.born;
      if ((each.born + tick) % 5 === 0) each.label = each.label === undefined ? `${tick}` : undefined;
      if ((each.born + tick) % 7 === 0)
        each.gem = each.gem === undefined ? new Gem().assign({ worth: tick % 1000 }) : undefined;
      if ((each.born + tick) % 4 === 0) each.trail.push(tick);
      if (each.trail.length > 3) each.trail.shift();
    }
    line.push(new Piece().assign({ born: tick }));
    if (line.length > 6) line.splice(tick % 3, 1);
    secrets.get("s0")!.code = secrets.get("s1")!.code = tick;
    secrets.get("s0")!.hint = tick % 5 < 2 ? "warm" : undefined;
    for (const client of this.clients) {
      // Every 30 ticks the other one of two secrets is shown.
      if (tick % 60 === 0) client.view?.remove(secrets.get("s2")!).add(secrets.get("s3")!);
      if (tick % 60 === 30) client.view?.remove(secrets.get("s3")!).add(secrets.get("s2")!);
    }
    for (const client of this.clients) {
      const history = this.history.get(client.sessionId) ?? [];
      this.history.set(client.sessionId, history);
      history[tick] = textOf(state, this.seenBy(client), false);
    }
    this.broadcast("tick", tick);
  }

  /** Keys of the secrets that a client is to see. */
  seenBy(client: Client): string[] {
    return [...this.state.secrets.keys()].filter((key) => client.view!.has(this.state.secrets.get(key)!));
  }

  onLinkBehind(client: Client, report: LinkBehindReport): void {
    expect(this.clients.includes(client)).toBe(true);
    this.reports.push(report);
  }
}

/** Longest wait for any one thing, ms; what is waited for takes a few seconds on a machine of its own. */
const WAIT_MS = 40_000;
vi.setConfig({ testTimeout: 120_000 });

let server: TestServer;
let relay: ThrottledRelay;

async function start(options: FecTransportOptions): Promise<void> {
  server = await startServer({ board: BoardRoom }, options);
  relay = await startRelay(server.port);
}

afterEach(async () => {
  await relay.stop();
  await server.stop();
});

/** A client's record of the game. */
class Player {
  readonly messages: number[] = [];
  /** Ticks of the state, and their age when they were applied, ticks. */
  readonly ticks: number[] = [];
  readonly ages: number[] = [];
  /** Pieces that the callbacks say are there. */
  readonly present = new Set<object>();
  readonly errors: string[] = [];
  readonly wrong: string[] = [];
  readonly host: BoardRoom;
  readonly #console = { error: console.error, warn: console.warn };

  constructor(readonly room: SdkRoom) {
    this.host = serverRoom<BoardRoom>(room);
    room.onMessage("tick", (tick: number) => void this.messages.push(tick));
    room.onStateChange((state: Board) => {
      if (state.tick === this.ticks.at(-1)) return;
      const expected = this.host.history.get(room.sessionId)?.[state.tick];
      const text = textOf(state, [...state.secrets.keys()], false);
      if (expected !== undefined && text !== expected) this.wrong.push(`${text} instead of ${expected}`);
      this.ticks.push(state.tick);
      this.ages.push(this.host.state.tick - state.tick);
    });
    const $ = getStateCallbacks<Board>(room as SdkRoom<unknown, Board>);
    $(room.state as Board).pieces.onAdd((piece) => void this.present.add(piece));
    $(room.state as Board).pieces.onRemove((piece) => void this.present.delete(piece));
    console.error = console.warn = (...parts: unknown[]) => void this.errors.push(parts.map(String).join(" "));
  }

  get stats() {
    return serverLinkStats(serverClient(this.room));
  }

  /** Stops the game, waits until the client has the last tick, and compares everything. */
  async check(mayOvertake = false): Promise<void> {
    this.host.frozen = true;
    const { state } = this.host;
    const client = this.room.state as Board;
    try {
      await until("the last tick", () => client.tick === state.tick && this.messages.at(-1) === state.tick, WAIT_MS);
      const text = () => textOf(client, [...client.secrets.keys()], true);
      const expected = textOf(state, this.host.seenBy(serverClient(this.room)), true);
      await until("the last unreliable values", () => text() === expected).catch(() => {});
      // By datagram an @unreliable value may overtake the patch that creates its piece, and is dropped.
      expect(this.errors.filter((text) => !mayOvertake || !/refId" not found|report this issue/.test(text))).toEqual(
        [],
      );
      expect(text()).toBe(expected);
      expect(this.wrong.slice(0, 2)).toEqual([]);
    } finally {
      Object.assign(console, this.#console);
    }
    const pieces = [...client.pieces.values()];
    expect([pieces.length, this.present.size]).toEqual([state.pieces.size, state.pieces.size]);
    expect(pieces.every((piece) => this.present.has(piece))).toBe(true);
    expect(this.messages).toEqual(this.messages.map((_, i) => this.messages[0]! + i)); // exactly once, in order
    expect(this.ticks.every((tick, i) => i === 0 || tick > this.ticks[i - 1]!)).toBe(true);
  }
}

async function join(options: object = {}): Promise<Player> {
  return new Player(await new FecClient(`ws://127.0.0.1:${relay.port}`).joinOrCreate("board", options));
}

/** Longer than this process may stand still on a busy machine. */
const RESYNC_AFTER_MS = 1200;

test("on a good network nothing is shed", async () => {
  await start({});
  const player = await join();
  await untilUdp(player.room);
  const count = player.ticks.length;
  await until("a hundred ticks", () => player.ticks.length > count + 100, WAIT_MS);
  expect(player.stats).toMatchObject({ path: "udp", patchesShed: 0, resyncs: 0 });
  await player.check();
  await player.room.leave();
});

/** Overloads the player's link until two full states were needed, then lets it breathe. Returns the reports of the time. */
async function overload(player: Player, restrict: (bytesPerSecond: number) => void, free: () => void): Promise<void> {
  const { host, ticks } = player;
  await until("a game that keeps up", () => ticks.length > 80 && player.ages.at(-1)! < 5, WAIT_MS);
  expect(player.stats).toMatchObject({ patchesShed: 0, resyncs: 0 });
  restrict(player.stats.sentBytesPerSecond / 2);
  await until("two full states", () => player.stats.resyncs >= 2, WAIT_MS);
  free();
  await until("a report that the client keeps up", () => host.reports.at(-1)?.state === "level", WAIT_MS);
  expect(player.stats.patchesShed).toBeGreaterThan(20);
  const count = ticks.length;
  await until("forty more ticks", () => ticks.length > count + 40, WAIT_MS);
}

/** What a resynchronised client must have been spared, and its room told. */
function checkReports(player: Player): void {
  // Whatever was sent in RESYNC_AFTER_MS takes twice as long to arrive, a full state besides.
  expect(Math.max(...player.ages) * 25).toBeLessThan(8 * RESYNC_AFTER_MS);
  const { reports } = player.host;
  expect(reports.some(({ state }) => state === "behind")).toBe(true);
  expect(reports.at(-1)!.state).toBe("level");
  const worst = reports.reduce((a, b) => (b.behindMs > a.behindMs ? b : a));
  expect(worst.sentBytesPerSecond / worst.deliveredBytesPerSecond).toBeGreaterThan(1.3);
}

for (const timed of [false, true]) {
  test(`over a WebSocket at half the game's rate patches are shed, and full states take their place (${timed ? "timed" : "untimed"} room)`, async () => {
    await start({ udp: false, resyncAfterMs: RESYNC_AFTER_MS });
    const player = await join({ timed });
    await overload(
      player,
      (bytesPerSecond) => (relay.bytesPerSecond = bytesPerSecond),
      () => (relay.bytesPerSecond = Infinity),
    );
    checkReports(player);
    await player.check();
    await player.room.leave();
  });
}

test("so it is over datagrams and a WebSocket that share the fate of being too slow", async () => {
  await start({ netem: {}, resyncAfterMs: RESYNC_AFTER_MS });
  const player = await join();
  await untilUdp(player.room);
  const link = linkControl(serverClient(player.room))!;
  await overload(
    player,
    (bytesPerSecond) => {
      link.configure({ send: { rateKbps: bytesPerSecond / 250, queueBytes: 20_000 } });
      relay.bytesPerSecond = bytesPerSecond / 2;
    },
    () => {
      link.configure({});
      relay.bytesPerSecond = Infinity;
    },
  );
  checkReports(player);
  await untilUdp(player.room);
  await player.check(true);
  await player.room.leave();
});

test("a client that datagrams have caught up after an outage gets its patches, though TCP stands still", async () => {
  // Longer than the outage and the pause of a probe after it, on a busy machine too.
  const resyncAfterMs = 2000;
  await start({ netem: {}, resyncAfterMs });
  const player = await join();
  await untilUdp(player.room);
  const client = serverClient(player.room),
    link = linkControl(client)!,
    { webSocket } = client.ref as unknown as { webSocket: { pause(): void; resume(): void } };
  await until("a game that keeps up", () => player.ticks.length > 40, WAIT_MS);
  link.blackout(true);
  webSocket.pause(); // no pong comes
  relay.bytesPerSecond = 1;
  await new Promise((resolve) => setTimeout(resolve, 900));
  expect(serverLinkStats(client).path).toBe("websocket");
  link.blackout(false);
  await until("datagrams again", () => serverLinkStats(client).path === "udp", WAIT_MS);
  const { length } = player.ticks;
  await new Promise((resolve) => setTimeout(resolve, 2 * resyncAfterMs));
  expect(player.ticks.length - length).toBeGreaterThan(40);
  expect(player.host.reports.filter(({ state }) => state === "shedding")).toEqual([]);
  expect(player.stats).toMatchObject({ patchesShed: 0, resyncs: 0 });
  relay.bytesPerSecond = Infinity;
  webSocket.resume();
  await player.check();
  await player.room.leave();
});

test("a stock SDK client gets every patch, however late, and so does a FEC client where resyncAfterMs is false", async () => {
  await start({ udp: false, resyncAfterMs: false });
  const player = await join();
  const plain = new Player(await new ColyseusSDK(`ws://127.0.0.1:${relay.port}`).join("board"));
  await until("a game that keeps up", () => player.ticks.length > 40 && plain.ticks.length > 40, WAIT_MS);
  relay.bytesPerSecond = 5000;
  await until("both far behind", () => player.ages.at(-1)! > 60 && plain.ages.at(-1)! > 60, WAIT_MS);
  relay.bytesPerSecond = Infinity;
  await until("a report that the client keeps up", () => player.host.reports.at(-1)?.state === "level", WAIT_MS);
  expect(plain.stats).toMatchObject({ patchesShed: 0, resyncs: 0, behindMs: 0 });
  expect(player.stats).toMatchObject({ patchesShed: 0, resyncs: 0 });
  for (const { ticks } of [player, plain]) expect(ticks).toEqual(ticks.map((_, i) => ticks[0]! + i));
  await player.check();
  await Promise.all([player.room.leave(), plain.room.leave()]);
});
