/** The arena's page in a real Chromium, as `npm start` serves it, with bots; over whatever path the client finds. */
import { rmSync } from "node:fs";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { LocalSquad } from "../../sample-game/bots/squad.js";
import { POSITION_SCALE } from "../../sample-game/rules/constants.js";
import { type ArenaServer, startArenaServer } from "../../sample-game/server/start.js";
import type { PageChecks } from "../../sample-game/web/page-checks.js";
import { type ArenaBrowser, buildPage, joinArena, openArena } from "./arena-browser.js";

const BOTS = 3;
const TIMEOUT_MS = 180_000;

/** On the page. */
declare const arenaPage: PageChecks;

let pageFolder: string;
let server: ArenaServer | undefined;
let browser: ArenaBrowser | undefined;
let squad: LocalSquad | undefined;

beforeAll(async () => {
  pageFolder = await buildPage();
}, TIMEOUT_MS);

afterAll(() => rmSync(pageFolder, { recursive: true, force: true }));

afterEach(async () => {
  await browser?.close();
  await squad?.close();
  await server?.stop();
  browser = squad = server = undefined;
}, TIMEOUT_MS);

async function open(): Promise<{ server: ArenaServer; browser: ArenaBrowser }> {
  server = await startArenaServer({ port: 0, transport: "fec", pageFolder });
  squad = new LocalSquad();
  await squad.join({ url: `ws://127.0.0.1:${server.port}`, transport: "fec", bots: BOTS, seed: 1 });
  browser = await openArena(`http://127.0.0.1:${server.port}/`);
  return { server, browser };
}

/** Of the page's player, by what the page says. */
const own = (browser: ArenaBrowser) => browser.page.evaluate(() => ({ id: arenaPage.session.room.sessionId, ...arenaPage.session.view.motionStats()!.focus! }));

async function until(condition: () => boolean | Promise<boolean>, what: string, timeoutMs = 60_000): Promise<void> {
  const deadlineMs = performance.now() + timeoutMs;
  while (!(await condition())) {
    if (performance.now() > deadlineMs) throw new Error(`${what}: did not happen within ${timeoutMs} ms`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

describe("the page", () => {
  it("joins, moves its player, and sees exactly the server's states and messages, without an error", async () => {
    const { server, browser } = await open();
    await joinArena(browser.page, "Ada");
    const before = await own(browser);
    const player = () => server.room.state.players.get(before.id)!;
    expect(player()).toMatchObject({ name: "Ada", bot: false });
    expect(server.room.playerCount).toBe(BOTS + 1);

    // Towards the middle, where there is room; a shot on the way, and a line of chat.
    const key = before.x < 1000 ? "KeyD" : "KeyA";
    await browser.page.mouse.move(700, 200);
    await browser.page.keyboard.down(key);
    await until(async () => Math.abs((await own(browser)).x - before.x) > 100, "the own player moves on the page");
    await until(() => Math.abs(player().x / POSITION_SCALE - before.x) > 100, "the own player moves on the server");
    await browser.page.keyboard.up(key);
    let shots = 0;
    await browser.page.mouse.down();
    await until(() => {
      server.room.state.projectiles.forEach((shot) => (shots += shot.owner === player().slot ? 1 : 0));
      return shots > 0 || !player().alive;
    }, "the own player shoots on the server");
    await browser.page.mouse.up();
    await browser.page.keyboard.press("Enter");
    await browser.page.keyboard.type("hello all");
    await browser.page.keyboard.press("Enter");
    // By a timer: the line leaves after some seconds, and frames can be rare where software draws.
    await browser.page.waitForFunction(() => document.querySelector(".talk")?.textContent?.includes("hello all") === true, { timeout: 60_000, polling: 50 });

    await until(async () => (await browser.page.evaluate(() => Object.keys(arenaPage.checks).length)) >= 3, "three ticks are compared");
    await squad!.stop();
    const frozen = server.room.freeze();
    await browser.page.waitForFunction(() => arenaPage.session.room.state.frozen, { timeout: 60_000 });
    const seen = await browser.page.evaluate(() => ({ checks: arenaPage.checks, feed: arenaPage.feed.count, drops: arenaPage.drops, ticksBack: arenaPage.ticksBack }));
    const compared = Object.entries(seen.checks).filter(([tick]) => frozen.checks[Number(tick)] !== undefined);
    expect(compared.length).toBeGreaterThanOrEqual(3);
    for (const [tick, hash] of compared) expect(hash, `state at tick ${tick}`).toBe(frozen.checks[Number(tick)]);
    expect(seen).toMatchObject({ feed: frozen.feedCounts[before.id], drops: 0, ticksBack: 0 });
    expect(browser.complaints).toEqual([]);
  }, TIMEOUT_MS);

  it("comes back as the same player after a reload", async () => {
    const { server, browser } = await open();
    await joinArena(browser.page, "Grace");
    const { id } = await own(browser);
    await new Promise((resolve) => setTimeout(resolve, 500));
    await browser.page.reload({ timeout: 60_000 });
    await browser.page.waitForFunction("globalThis.arenaPage?.session.view.motionStats()?.focus !== undefined", { timeout: 60_000 });
    expect((await own(browser)).id).toBe(id);
    expect(server.room.playerCount).toBe(BOTS + 1);
    expect(browser.complaints).toEqual([]);
  }, TIMEOUT_MS);

  it("says why when it cannot join", async () => {
    const { browser } = await open();
    await browser.page.waitForSelector("#join-dialog[open]", { timeout: 60_000 });
    await browser.page.setRequestInterception(true);
    browser.page.on("request", (request) => void (request.url().includes("/matchmake/") ? request.abort() : request.continue()));
    await browser.page.type("#join-name", "Eve");
    await browser.page.keyboard.press("Enter");
    await browser.page.waitForFunction(() => document.getElementById("join-error")?.textContent?.startsWith("Could not join") === true, { timeout: 60_000 });
    expect(await browser.page.$("#join-dialog[open]")).not.toBeNull();
  }, TIMEOUT_MS);
});
