/** The arena's page in real browsers, as `npm start` serves it, with bots: joining, playing, coming back, without datagrams, by touch. */
import type { Page } from "puppeteer-core";
import { describe, expect, it } from "vitest";
import { POSITION_SCALE } from "../../sample-game/rules/constants.js";
import type { ArenaServer } from "../../sample-game/server/start.js";
import type { PageChecks } from "../../sample-game/web/page-checks.js";
import { silentUdpSocket, until } from "../integration/harness.js";
import { startRelay } from "../integration/throttled-relay.js";
import {
  joinArena,
  openPanel,
  ownPlayer,
  pathBadge,
  PATIENCE_MS,
  TIMEOUT_MS,
  untilPlaying,
  useArena,
} from "./arena-browser.js";
import { addressFor, type BrowserName } from "./harness.js";

const BOTS = 3;
const PHONE = { width: 390, height: 844, isMobile: true, hasTouch: true };
/** As where the browser blocks site data. */
const NO_SITE_DATA = `for (const store of ["localStorage", "sessionStorage"]) Object.defineProperty(window, store, { get() { throw new DOMException("blocked", "SecurityError"); } })`;
/** What browsers say of a WebSocket that could not connect, or was cut (Firefox, where the cut resets the connection). */
const NO_CONNECTION =
  /WebSocket|establish a connection|The connection to ws:\S+ was interrupted|[?&]reconnectionToken=/;

/** On the page. */
declare const arenaPage: PageChecks;

const arena = useArena();

/** Has the player a shot in the air? */
function shoots({ room }: ArenaServer, id: string): boolean {
  const { slot } = room.state.players.get(id)!;
  let shots = 0;
  room.state.projectiles.forEach(({ owner }) => (shots += owner === slot ? 1 : 0));
  return shots > 0;
}

/** Resolves when the page's notice says this. */
async function untilNotice(page: Page, text: string): Promise<void> {
  await page.waitForFunction(
    (expected) => document.querySelector(".hud .notice")?.textContent?.includes(expected) === true,
    { timeout: PATIENCE_MS, polling: 50 },
    text,
  );
}

/** Goes on with Tab until this element has the focus. */
async function tabTo(page: Page, id: string): Promise<void> {
  await until(
    `the focus on #${id}`,
    async () => {
      await page.keyboard.press("Tab");
      return page.evaluate((wanted) => document.activeElement?.id === wanted, id);
    },
    PATIENCE_MS,
  );
}

describe.each<BrowserName>(["chromium", "firefox"])("the page in %s", (name) => {
  it(
    "joins, moves its player, and sees exactly the server's states and messages, without an error",
    async () => {
      const { server, squad } = await arena.start({ bots: BOTS });
      const { page, complaints } = await arena.open(name);
      await joinArena(page, "Ada");
      const before = await ownPlayer(page);
      const player = () => server.room.state.players.get(before.id)!;
      expect(player()).toMatchObject({ name: "Ada", bot: false });
      expect(server.room.playerCount).toBe(BOTS + 1);

      // Towards the middle, where there is room; a shot on the way, and a line of chat.
      const key = before.x < 1000 ? "KeyD" : "KeyA";
      await page.mouse.move(700, 200);
      await page.keyboard.down(key);
      await until(
        "the own player moves on the page",
        async () => Math.abs((await ownPlayer(page)).x - before.x) > 100,
        PATIENCE_MS,
      );
      await until(
        "the own player moves on the server",
        () => Math.abs(player().x / POSITION_SCALE - before.x) > 100,
        PATIENCE_MS,
      );
      await page.keyboard.up(key);
      await page.mouse.down();
      await until("the own player shoots on the server", () => shoots(server, before.id), PATIENCE_MS);
      await page.mouse.up();
      await page.keyboard.press("Enter");
      await page.keyboard.type("hello all");
      await page.keyboard.press("Enter");
      // By a timer: the line leaves after some seconds, and frames can be rare where software draws.
      await page.waitForFunction(() => document.querySelector(".talk")?.textContent?.includes("hello all") === true, {
        timeout: PATIENCE_MS,
        polling: 50,
      });

      await until(
        "three ticks are compared",
        async () => (await page.evaluate(() => Object.keys(arenaPage.checks).length)) >= 3,
        PATIENCE_MS,
      );
      await squad.stop();
      const frozen = server.room.freeze();
      await page.waitForFunction(() => arenaPage.session.room.state.frozen, { timeout: PATIENCE_MS });
      const seen = await page.evaluate(() => ({
        checks: arenaPage.checks,
        feed: arenaPage.feed.count,
        drops: arenaPage.drops,
        ticksBack: arenaPage.ticksBack,
      }));
      const compared = Object.entries(seen.checks).filter(([tick]) => frozen.checks[Number(tick)] !== undefined);
      expect(compared.length).toBeGreaterThanOrEqual(3);
      for (const [tick, hash] of compared) expect(hash, `state at tick ${tick}`).toBe(frozen.checks[Number(tick)]);
      expect(seen).toMatchObject({ feed: frozen.feedCounts[before.id], drops: 0, ticksBack: 0 });
      expect(complaints).toEqual([]);
    },
    TIMEOUT_MS,
  );

  it(
    "comes back as the same player after a drop, and after a reload that follows",
    async () => {
      const { server } = await arena.start({ bots: BOTS });
      const relay = await startRelay(server.port, addressFor(name));
      try {
        const { page, complaints } = await arena.open(name, { port: relay.port });
        await joinArena(page, "Grace");
        const { id } = await ownPlayer(page);
        const reconnection = () =>
          page.evaluate(() => {
            const { retryCount, isReconnecting } = arenaPage.session.room.reconnection;
            return { retryCount, isReconnecting };
          });

        relay.isCut = true;
        await untilNotice(page, "Reconnecting");
        await until("two failed attempts", async () => (await reconnection()).retryCount >= 3, PATIENCE_MS);
        expect(await page.$("#join-dialog[open]")).toBeNull();
        relay.isCut = false;
        await until(
          "the connection",
          async () => !(await reconnection()).isReconnecting && server.room.clients.get(id) !== undefined,
          PATIENCE_MS,
        );
        await page.waitForFunction(
          () => !document.querySelector(".hud .notice")!.textContent.includes("Reconnecting"),
          { timeout: PATIENCE_MS, polling: 50 },
        );
        expect(await page.$eval(".hud .notice", ({ textContent }) => textContent)).not.toContain("The server");

        server.room.clients.get(id)!.error(4242, "out of cake");
        await untilNotice(page, "The server says: out of cake");
        expect(await page.$("#join-dialog[open]")).toBeNull();
        await page.evaluate(() => {
          document.querySelector("dialog")!.showModal();
          document.querySelector<HTMLFormElement>("#join-form")!.requestSubmit();
        });
        expect(await page.$("#join-dialog[open]")).toBeNull();

        await page.reload({ timeout: PATIENCE_MS });
        await untilPlaying(page);
        expect((await ownPlayer(page)).id).toBe(id);
        expect(server.room.playerCount).toBe(BOTS + 1);
        await openPanel(page);
        await until("datagrams again", async () => (await pathBadge(page)) === "WebRTC", PATIENCE_MS);
        expect(complaints.filter((text) => !NO_CONNECTION.test(text))).toEqual([]);
      } finally {
        await relay.stop();
      }
    },
    TIMEOUT_MS,
  );

  it(
    "plays over the WebSocket where no datagram passes, and says so",
    async () => {
      const silent = await silentUdpSocket();
      try {
        const { server } = await arena.start({
          bots: BOTS,
          webrtc: { port: 0, publicAddress: `${addressFor(name)}:${silent.port}` },
        });
        const { page, complaints } = await arena.open(name);
        await joinArena(page, "Joan");
        const { id, x } = await ownPlayer(page);
        await openPanel(page);
        await page.keyboard.down(x < 1000 ? "KeyD" : "KeyA");
        await until(
          "the own player moves on the server",
          () => Math.abs(server.room.state.players.get(id)!.x / POSITION_SCALE - x) > 100,
          PATIENCE_MS,
        );
        await until(
          "five ticks are compared",
          async () => (await page.evaluate(() => Object.keys(arenaPage.checks).length)) >= 5,
          PATIENCE_MS,
        );
        const checks = await page.evaluate(() => arenaPage.checks);
        expect(await pathBadge(page)).toBe("WebSocket");
        expect(await page.$eval(".net-warning", ({ textContent }) => textContent)).toContain(
          "Everything rides the WebSocket now",
        );
        const truth = server.room.freeze().checks;
        for (const [tick, hash] of Object.entries(checks))
          expect(hash, `state at tick ${tick}`).toBe(truth[Number(tick)]);
        expect(complaints).toEqual([]);
      } finally {
        silent.socket.close();
      }
    },
    TIMEOUT_MS,
  );

  it(
    "by keyboard, without site data: says why it cannot join or open a split view",
    async () => {
      const { server } = await arena.start();
      const { page } = await arena.open(name, { before: NO_SITE_DATA });
      let isBlocked = true;
      await page.setRequestInterception(true);
      page.on(
        "request",
        (request) => void (isBlocked && request.url().includes("/matchmake/") ? request.abort() : request.continue()),
      );
      await page.type("#join-name", "Eve");
      await tabTo(page, "join-button");
      await page.evaluate(
        "addEventListener('keydown', (event) => { window.isKeyTaken = event.defaultPrevented; }, { once: true })",
      );
      await page.keyboard.press("ArrowDown");
      expect(await page.evaluate("isKeyTaken"), "a key is the game's before there is one").toBe(false);
      await page.keyboard.press(" ");
      await page.waitForFunction(
        () => document.getElementById("join-error")?.textContent?.startsWith("Could not join") === true,
        { timeout: PATIENCE_MS },
      );
      expect(await page.$("#join-dialog[open]")).not.toBeNull();
      isBlocked = false;
      await tabTo(page, "join-button");
      await page.keyboard.press(" ");
      await untilPlaying(page);
      const { id } = await ownPlayer(page);

      const isOpen = () => page.evaluate(() => document.body.classList.contains("panel-open"));
      // Who clicks plays on.
      await page.click("#panel-toggle");
      expect(await isOpen()).toBe(true);
      await page.click("#panel-toggle");
      await page.keyboard.press("KeyD");
      await page.keyboard.press(" ");
      await until("the player dashes", () => server.room.state.players.get(id)!.dashClock > 0, PATIENCE_MS);
      expect(await isOpen()).toBe(false);
      await tabTo(page, "panel-toggle");
      await page.keyboard.press(" ");
      await until("the open panel", isOpen, PATIENCE_MS);

      isBlocked = true;
      await page.focus("#net-compare");
      await page.keyboard.press("Enter");
      await page.waitForFunction(
        () => {
          const note = document.querySelector<HTMLElement>(".net-warning")!;
          return !note.hidden && note.textContent.includes("The split view did not open: ");
        },
        { timeout: PATIENCE_MS },
      );
    },
    TIMEOUT_MS,
  );
});

describe("on a touch screen", () => {
  it(
    "the left thumb moves, the right one aims and shoots, and the button dashes",
    async () => {
      const { server } = await arena.start();
      const { page, complaints } = await arena.open("chromium", { size: PHONE });
      await joinArena(page, "Thumbs");
      const start = await ownPlayer(page);
      const player = () => server.room.state.players.get(start.id)!;
      const held = (stick: string): Promise<boolean> =>
        page.$eval(stick, (element) => element.classList.contains("held"));

      // Towards the middle: every spawn spot has room there.
      const right = start.x < 1000 ? 1 : -1;
      const move = await page.touchscreen.touchStart(100, 600);
      await move.move(100 + right * 50, 600);
      expect(await held(".stick-move")).toBe(true);
      await until("the player walks", () => Math.abs(player().x / POSITION_SCALE - start.x) > 60, PATIENCE_MS);
      expect(shoots(server, start.id)).toBe(false);

      const aim = await page.touchscreen.touchStart(290, 600);
      await aim.move(290, 560);
      expect(await held(".stick-aim")).toBe(true);
      await until(
        "the player shoots upwards",
        () => {
          let upwards = false;
          server.room.state.projectiles.forEach(({ angle }) => (upwards ||= Math.abs(angle - 49152) < 100));
          return upwards;
        },
        PATIENCE_MS,
      );

      await aim.end();
      await until("it shoots no more", () => !shoots(server, start.id), PATIENCE_MS);
      await move.end();
      expect([await held(".stick-move"), await held(".stick-aim")]).toEqual([false, false]);
      let stood = NaN;
      await until(
        "the player stands",
        () => {
          const stands = stood === player().x;
          stood = player().x;
          return stands;
        },
        PATIENCE_MS,
      );

      await page.tap(".dash-button");
      await until("the player dashes", () => player().dashClock > 0, PATIENCE_MS);
      expect(complaints).toEqual([]);
    },
    TIMEOUT_MS,
  );
});
