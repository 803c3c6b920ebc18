/** FecClient in real browsers, by WebRTC, against a real server: path, exactness at loss, blocked UDP, silence, reload. */

import { matchMaker } from "@colyseus/core";
import type { Page } from "puppeteer-core";
import type { FecClientOptions } from "colyseus-fec/client";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { silentUdpSocket, startServer, until, type TestServer } from "../integration/harness.js";
import { SyncRoom } from "../integration/sync-room.js";
import {
  addressFor,
  launchBrowser,
  servePage,
  type BrowserName,
  type PageServer,
  type TestBrowser,
} from "./harness.js";
import type { Game, Seen } from "./pages/game.js";

type GameWindow = { game: Game };

describe.each<BrowserName>(["chromium", "firefox"])("%s", (name) => {
  let host: string;
  let pages: PageServer;
  let browser: TestBrowser;
  let server: TestServer | undefined;

  beforeAll(async () => {
    host = addressFor(name);
    pages = await servePage("pages/game.ts", host);
    browser = await launchBrowser(name);
  }, 90_000);

  afterAll(async () => {
    await browser?.close();
    await pages?.close();
  });

  afterEach(async () => {
    await server?.stop();
    server = undefined;
  });

  async function join(webrtc: object = {}, options: FecClientOptions = {}) {
    server = await startServer({ sync: SyncRoom }, { webrtc: { port: 0, ...webrtc } }, 0, host);
    const { page, errors } = await browser.open(pages.url);
    await page.evaluate((url, given) => (window as unknown as GameWindow).game.join(url, given), server.url, options);
    return { page, errors };
  }

  test("joins over WebRTC, as linkStats and getStats say, and sees every tick's state and message", async () => {
    const { page, errors } = await join();
    await untilPath(page, "webrtc");
    await play(page, 100);
    await checkExact(page);
    const stats = await page.evaluate(() => (window as unknown as GameWindow).game.stats());
    expect(stats).toMatchObject({ connections: 1, channelState: "open", remoteAddress: host });
    expect(stats.messagesReceived).toBeGreaterThan(50);
    expect(stats.messagesSent).toBeGreaterThan(20);
    expect(server!.transport.webrtcStats).toMatchObject({ sessions: 1, opened: 1 });
    await leave(page);
    await until("no connection is left", () => server!.transport.webrtcStats!.sessions === 0);
    expect(errors).toEqual([]);
    await page.close();
  }, 60_000);

  test("at 10 % loss each way loses nothing", async () => {
    const { page, errors } = await join({}, { netem: { loss: 0.1, delayMs: 20 } });
    await untilPath(page, "webrtc");
    await play(page, 300);
    await checkExact(page);
    const { link } = await seen(page);
    expect(link.symbols.recovered + link.symbols.retransmitted).toBeGreaterThan(10);
    await leave(page);
    expect(errors).toEqual([]);
    await page.close();
  }, 60_000);

  test("plays over WebSocket where the port is blocked", async () => {
    const silent = await silentUdpSocket();
    const { page } = await join({ publicAddress: `${host}:${silent.port}` });
    await play(page, 60);
    await checkExact(page);
    expect((await seen(page)).link.path).toBe("websocket");
    await leave(page);
    silent.socket.close();
    await page.close();
  }, 60_000);

  test("goes on over WebSocket while the path is silent, and comes back", async () => {
    const { page } = await join({}, { netem: {} });
    await untilPath(page, "webrtc");
    await page.evaluate(() => (window as unknown as GameWindow).game.blackout(true));
    await untilPath(page, "websocket");
    await play(page, 60);
    await page.evaluate(() => (window as unknown as GameWindow).game.blackout(false));
    await untilPath(page, "webrtc");
    await play(page, 20);
    await checkExact(page);
    await leave(page);
    await page.close();
  }, 60_000);

  test.each([0, 100])(
    "messages on their way when the room calls leave() arrive, though their datagrams take %d ms",
    async (delayMs) => {
      const { page } = await join({}, { netem: { delayMs } });
      await untilPath(page, "webrtc");
      const { roomId, sessionId } = await seen(page);
      const room = matchMaker.getLocalRoomById(roomId) as unknown as SyncRoom;
      const client = room.clients.get(sessionId)!;
      for (let i = 0; i < 20; i++) await page.evaluate(() => (window as unknown as GameWindow).game.send(1));
      const { sent } = await seen(page);
      client.leave(4002);
      const closed = client.ref as unknown as { readyState: number };
      await until("the end", () => closed.readyState === 3);
      expect(room.received.get(sessionId)).toEqual(Array.from({ length: sent }, (_, i) => i));
      await page.close();
    },
    60_000,
  );

  test("a reload ends the connection at once", async () => {
    const { page } = await join();
    await untilPath(page, "webrtc");
    await page.reload();
    await until("no connection is left", () => server!.transport.webrtcStats!.sessions === 0, 3000);
    await page.evaluate((url) => (window as unknown as GameWindow).game.join(url), server!.url);
    await untilPath(page, "webrtc");
    await leave(page);
    await page.close();
  }, 60_000);
});

function seen(page: Page): Promise<Seen> {
  return page.evaluate(() => (window as unknown as GameWindow).game.seen());
}

function leave(page: Page): Promise<unknown> {
  return page.evaluate(() => (window as unknown as GameWindow).game.leave());
}

function untilPath(page: Page, path: string): Promise<boolean> {
  return until(`path ${path}`, async () => (await seen(page)).link.path === path, 20_000);
}

/** Resolves when the page saw so many more ticks, sending numbers all the while. */
async function play(page: Page, ticks: number): Promise<void> {
  const end = (await seen(page)).states.length + ticks;
  await until(
    `${ticks} ticks`,
    async () => {
      await page.evaluate(() => (window as unknown as GameWindow).game.send(2));
      return (await seen(page)).states.length >= end;
    },
    30_000,
  );
}

/** Waits until everything arrived, then checks that all of it did, right, once and in order. */
async function checkExact(page: Page): Promise<void> {
  const { sent, roomId, sessionId } = await seen(page);
  const room = matchMaker.getLocalRoomById(roomId) as unknown as SyncRoom;
  const received = () => room.received.get(sessionId) ?? [];
  await until("all numbers at the server", () => received().length >= sent);
  expect(received()).toEqual(Array.from({ length: received().length }, (_, i) => i));
  const { states, messages } = await seen(page);
  const first = (JSON.parse(states[0]!) as [number])[0];
  expect(states.filter((text, i) => text !== room.history[first + i]).slice(0, 2)).toEqual([]);
  expect(messages).toEqual(messages.map((_, i) => messages[0]! + i));
}
