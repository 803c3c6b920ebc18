/** The net panel in real browsers over the real datagram path: its controls do what they say, as the server's end sees it. */
import { linkStats as serverLinkStats, type ClientLinkStats } from "colyseus-fec";
import { describe, expect, it } from "vitest";
import { until } from "../integration/harness.js";
import { joinArena, openPanel, ownPlayer, pathBadge, PATIENCE_MS, TIMEOUT_MS, useArena } from "./arena-browser.js";
import type { BrowserName } from "./harness.js";

const arena = useArena();

async function open(name: BrowserName, netem?: string) {
  const { server } = await arena.start({ netem });
  const { page, complaints } = await arena.open(name);
  await joinArena(page, "Ada");
  await openPanel(page);
  const { id } = await ownPlayer(page);
  const statsOf = (sessionId: string): ClientLinkStats => serverLinkStats(server.room.clients.get(sessionId)!);
  const untilBadge = (text: string) =>
    until(`the path ${text}`, async () => (await pathBadge(page)) === text, PATIENCE_MS);
  /** As a keyboard does: Home and End are the ends of a slider. */
  const pressOn = async (selector: string, key: "Home" | "End" | "Enter" | "ArrowLeft" | "ArrowRight") => {
    await page.focus(selector);
    await page.keyboard.press(key);
  };
  await untilBadge("WebRTC");
  return { server, page, complaints, id, statsOf, untilBadge, pressOn };
}

describe.each<BrowserName>(["chromium", "firefox"])("the net panel in %s", (name) => {
  it(
    "puts a network between both ends: delay and loss of each direction, by keyboard",
    async () => {
      const { id, statsOf, pressOn, page, complaints } = await open(name);
      await page.click(".net-check input"); // no longer the same both ways
      await pressOn("[data-slider=down-delayMs]", "End");
      await until("a round trip of 300 ms and more", () => statsOf(id).rttMs > 300, PATIENCE_MS);
      expect(await page.$eval("[data-slider=up-delayMs] + output", ({ textContent }) => textContent)).toBe("0 ms");
      await pressOn("[data-slider=down-delayMs]", "Home");
      await pressOn("[data-slider=down-lossRatio]", "End");
      await until("the server hears of loss", () => statsOf(id).sendLossRatio > 0.1, PATIENCE_MS);
      expect(await page.$eval("[data-slider=down-lossRatio] + output", ({ textContent }) => textContent)).toBe("30 %");
      await page.select(".net-field select", "clean");
      await until("the end of the loss", () => statsOf(id).sendLossRatio < 0.05, PATIENCE_MS);
      expect(complaints).toEqual([]);
    },
    TIMEOUT_MS,
  );

  it(
    "begins with the server's network, which from then on acts at the client's end alone",
    async () => {
      const { id, statsOf, page, pressOn } = await open(name, "clean,delayMs=150,seed=4");
      await until(
        "the server's network on the sliders",
        async () =>
          (await page.$eval("[data-slider=up-delayMs] + output", ({ textContent }) => textContent)) === "150 ms",
        PATIENCE_MS,
      );
      await until("a round trip of two delays", () => statsOf(id).rttMs > 280, PATIENCE_MS);
      await pressOn("[data-slider=up-delayMs]", "Home");
      await until("a short round trip", () => statsOf(id).rttMs < 150, PATIENCE_MS);
    },
    TIMEOUT_MS,
  );

  it(
    "switches repair of what the server sends, while playing",
    async () => {
      const { id, statsOf, page, pressOn } = await open(name);
      await pressOn("input[value=adaptive]", "ArrowLeft");
      await until(
        "XOR generations in force",
        () => page.$eval("input[value=generation]", (radio) => radio.checked),
        PATIENCE_MS,
      );
      await until("a repair for four patches", () => statsOf(id).counters.repairsSent > 30, PATIENCE_MS);
      await pressOn("input[value=generation]", "ArrowLeft");
      await page.waitForFunction(() => (document.querySelector("input[value=off]") as HTMLInputElement).checked, {
        timeout: PATIENCE_MS,
      });
      let { repairsSent, symbolsSent } = statsOf(id).counters;
      await until(
        "quiet",
        () => {
          const { counters } = statsOf(id);
          const still = counters.repairsSent === repairsSent && counters.symbolsSent > symbolsSent + 100;
          if (counters.repairsSent !== repairsSent) ({ repairsSent, symbolsSent } = counters);
          return still;
        },
        PATIENCE_MS,
      );
    },
    TIMEOUT_MS,
  );

  it(
    "cuts the datagram path for three seconds: the WebSocket takes over, says so, and gives it back",
    async () => {
      const { page, pressOn, untilBadge, complaints } = await open(name);
      await pressOn("#net-cut", "Enter");
      await untilBadge("WebSocket");
      expect(await page.$eval(".net-warning", ({ textContent }) => textContent)).toContain("the sliders do nothing");
      await untilBadge("WebRTC");
      expect(await page.$eval(".net-warning", (note) => (note as HTMLElement).hidden)).toBe(true);
      expect(await page.$eval("#net-cut", ({ textContent }) => textContent)).toBe("Cut UDP for 3 s");
      expect(complaints).toEqual([]);
    },
    TIMEOUT_MS,
  );

  it(
    "shows the same room without repair beside: a second connection, with the same network, that only watches",
    async () => {
      const { server, id, statsOf, page, pressOn, complaints } = await open(name, "clean,loss=0.1,delayMs=100,seed=4");
      const players = server.room.playerCount;
      await pressOn("#net-compare", "Enter");
      await page.waitForSelector(".net-pane-without", { timeout: PATIENCE_MS });
      expect(await page.$$eval(".game-view", ({ length }) => length)).toBe(2);
      const other = server.room.clients.map(({ sessionId }) => sessionId).find((sessionId) => sessionId !== id)!;
      expect(server.room.playerCount).toBe(players);
      await until("its datagram path", () => statsOf(other).path === "webrtc", PATIENCE_MS);
      await until("its round trip of two delays", () => statsOf(other).rttMs > 180, PATIENCE_MS);
      await until("its loss", () => statsOf(other).sendLossRatio > 0.02, PATIENCE_MS);
      await until("repair for the player", () => statsOf(id).counters.repairsSent > 30, PATIENCE_MS);
      expect(statsOf(other).codeRate).toBe(0);
      const added = await page.$$eval(".net-pane-added", (nodes) => nodes.map(({ textContent }) => textContent));
      expect(added).toHaveLength(2);
      for (const text of added) expect(text).toMatch(/^\+\d+ ms$/);
      await pressOn("#net-compare", "Enter");
      await until("one connection", () => server.room.clients.length === 1, PATIENCE_MS);
      expect(await page.$$eval(".game-view", ({ length }) => length)).toBe(1);
      expect(complaints).toEqual([]);
    },
    TIMEOUT_MS,
  );
});
