/** The arena for real: server, room and bots in this process, over UDP with loss and over WebSocket alone. */
import { afterEach, describe, expect, it } from "vitest";
import { LocalSquad } from "../../sample-game/bots/squad.js";
import { type ArenaServer, type ArenaServerOptions, startArenaServer } from "../../sample-game/server/start.js";

const BOTS = 4;
const FINISH_TIMEOUT_MS = 15_000;

let server: ArenaServer | undefined;
const squad = new LocalSquad();

afterEach(async () => {
  await squad.close();
  await server?.stop();
  server = undefined;
});

async function play(options: Omit<ArenaServerOptions, "port">, playMs: number) {
  server = await startArenaServer({ port: 0, ...options });
  await squad.join({ url: `ws://127.0.0.1:${server.port}`, transport: options.transport, bots: BOTS, seed: 1 });
  await new Promise((resolve) => setTimeout(resolve, playMs));
  const reports = await squad.report();
  const players = server.room.leaderboard().length;
  await squad.stop();
  const frozen = server.room.freeze();
  return { reports, players, results: await squad.finish({ frozen, timeoutMs: FINISH_TIMEOUT_MS }) };
}

const RIGHT = { missing: 0, doubled: 0, outOfOrder: 0, finalEqual: true, checksDifferent: 0, ticksBack: 0, drops: 0, errors: [] };

describe("the arena", () => {
  it("gives every bot every message once and in order, and the same state, over UDP with 20 % loss", async () => {
    const { reports, results, players } = await play({ transport: "fec", netem: "loss=0.2,delayMs=20,jitterMs=5" }, 3000);
    expect(players).toBe(BOTS);
    for (const result of results) expect(result).toMatchObject(RIGHT);
    for (const { link, patches } of reports) {
      expect(patches).toBeGreaterThan(30);
      expect(link?.path).toBe("udp");
      expect(link!.symbols.recovered + link!.symbols.retransmitted).toBeGreaterThan(0);
    }
    expect(results.reduce((sum, { checksCompared }) => sum + checksCompared, 0)).toBeGreaterThan(0);
  });

  it("does the same over WebSocket alone", async () => {
    const { results } = await play({ transport: "ws" }, 1000);
    expect(results).toHaveLength(BOTS);
    for (const result of results) expect(result).toMatchObject(RIGHT);
  });
});
