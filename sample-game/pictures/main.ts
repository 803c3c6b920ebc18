/**
 * Makes the README's pictures from the real game: `npm run pictures`. Starts the arena with bots, joins in headless Chromium,
 * plays over a bad network with the net panel and the split view open, and writes docs/pictures/. Takes one to four
 * minutes: the figures of a busy machine are of its own pauses, so it waits for ten seconds without.
 * CHROMIUM: path of the browser. PICTURES_SECONDS: how long to play before the picture.
 */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import puppeteer, { type Browser, type Page } from "puppeteer-core";
import { RemoteSquad } from "../bots/remote-squad.js";
import { PAGE_FOLDER } from "../server/page.js";
import { startArenaServer } from "../server/start.js";
import { animateWebp, type Frame } from "./animated-webp.js";
import { keepPlaying } from "./autopilot.js";

const FOLDER = fileURLToPath(new URL("../../docs/pictures/", import.meta.url));
const STILL_SIZE = { width: 1280, height: 930 };
const MOTION_SIZE = { width: 880, height: 500 };
const BOTS = 7;
const SEED = 3;
/** What the sliders begin with: 5 % loss, 50 ms one way. */
const NETWORK = `clean,loss=0.05,delayMs=50,jitterMs=5,seed=${SEED}`;
const PLAY_S = Number(process.env["PICTURES_SECONDS"] ?? 40);
/** The picture is taken when neither page nor server was held up for STALL_MS in the last QUIET_S, which is what the figures are of; else after the longest wait. */
const STALL_MS = 50;
const QUIET_S = 10;
const TIMER_MS = 20;
const QUIET_WAIT_S = 90;
const MOTION_MS = 6000;
const MOTION_INTERVAL_MS = 170;
const MOTION_QUALITY = 60;
/** Between two frames, ms: the processor draws them here, and more of them would leave too little of it to the game. */
const FRAME_MS = { waiting: 400, recording: 170 };

const CHROMIUM_ARGS = [
  "--headless=new",
  "--no-sandbox",
  "--enable-unsafe-swiftshader",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
  "--hide-scrollbars",
];

process.exit(await main());

async function main(): Promise<number> {
  const server = await startArenaServer({
    port: 0,
    transport: "fec",
    netem: NETWORK,
    seed: SEED,
    pageFolder: PAGE_FOLDER,
  });
  const squad = new RemoteSquad();
  const profile = mkdtempSync(join(tmpdir(), "arena-pictures-"));
  let browser: Browser | undefined;
  try {
    if (!server.hasPage) throw new Error("the page is not built: npm run build:page");
    await squad.join({ url: `ws://127.0.0.1:${server.port}`, transport: "fec", bots: BOTS, seed: SEED });
    browser = await puppeteer.launch({
      executablePath: process.env["CHROMIUM"] ?? "/usr/bin/chromium",
      userDataDir: profile,
      args: CHROMIUM_ARGS,
    });
    await takePictures(await enterArena(browser, `http://127.0.0.1:${server.port}/`));
    return 0;
  } catch (error) {
    console.error(error);
    return 1;
  } finally {
    await browser?.close();
    rmSync(profile, { recursive: true, force: true });
    await squad.close();
    await server.stop();
  }
}

async function enterArena(browser: Browser, url: string): Promise<Page> {
  const page = await browser.newPage();
  page.on("console", (message) => {
    if (message.type() === "error") console.error(`page: ${message.text()}`);
  });
  page.on("pageerror", (error) => console.error(`page: ${(error as Error).message}`));
  await page.setViewport(STILL_SIZE);
  await page.evaluateOnNewDocument(`{
    const request = window.requestAnimationFrame.bind(window);
    window.requestAnimationFrame = (callback) => setTimeout(() => request(callback), window.picturesFrameMs ?? ${FRAME_MS.waiting});
    window.cancelAnimationFrame = (id) => clearTimeout(id);
    let last = performance.now();
    setInterval(() => {
      const now = performance.now();
      if (now - last > ${STALL_MS}) window.picturesStallMs = now;
      last = now;
    }, ${TIMER_MS});
  }`);
  await page.goto(url);
  // Frames that a processor draws at that pace say nothing of the page.
  await page.addStyleTag({ content: ".net-frames { visibility: hidden }" });
  await page.type("#join-name", "Ada");
  await page.click("#join-button");
  await page.waitForSelector(".playing");
  await page.click("#panel-toggle");
  await page.click("#net-compare");
  await page.waitForSelector(".net-pane-without");
  return page;
}

async function takePictures(page: Page): Promise<void> {
  mkdirSync(FOLDER, { recursive: true });
  const stopPlaying = keepPlaying(page, STILL_SIZE, SEED);
  await sleep(PLAY_S * 1000);
  await waitForQuiet(page);
  console.log(
    `path ${await page.$eval(".net-badge", (badge) => badge.textContent)}, ${await figure(page, "with")} with repair, ${await figure(page, "without")} without`,
  );
  const still = await page.screenshot({ type: "webp", quality: 82 });
  write("arena.webp", still);
  await page.setViewport(MOTION_SIZE);
  await page.$eval("#panel-toggle", (button) => (button as HTMLElement).click());
  await sleep(QUIET_S * 1000);
  await waitForQuiet(page);
  await page.evaluate(`window.picturesFrameMs = ${FRAME_MS.recording}`);
  const frames = await record(page);
  write("arena-split-view.webp", animateWebp(frames, MOTION_SIZE));
  await stopPlaying();
}

async function waitForQuiet(page: Page): Promise<void> {
  const endMs = performance.now() + QUIET_WAIT_S * 1000;
  let lastMs = performance.now();
  let stallMs = lastMs;
  while (performance.now() < endMs) {
    await sleep(TIMER_MS);
    const nowMs = performance.now();
    if (nowMs - lastMs > STALL_MS) stallMs = nowMs;
    lastMs = nowMs;
    if (nowMs - stallMs < QUIET_S * 1000) continue;
    if (await page.evaluate(`performance.now() - (window.picturesStallMs ?? 0) > ${QUIET_S * 1000}`)) return;
    lastMs = performance.now();
  }
  console.warn("the machine is busy: figures are of its pauses as well");
}

/** Screenshots at an interval, each shown for as long as it really took to the next. */
async function record(page: Page): Promise<Frame[]> {
  const shots: { webp: Uint8Array; atMs: number }[] = [];
  const startMs = performance.now();
  for (
    let nextMs = startMs;
    nextMs < startMs + MOTION_MS;
    nextMs = Math.max(nextMs + MOTION_INTERVAL_MS, performance.now())
  ) {
    await sleep(nextMs - performance.now());
    shots.push({
      atMs: performance.now(),
      webp: await page.screenshot({ type: "webp", quality: MOTION_QUALITY, optimizeForSpeed: true }),
    });
  }
  const endMs = performance.now();
  return shots.map(({ webp, atMs }, i) => ({ webp, durationMs: Math.round((shots[i + 1]?.atMs ?? endMs) - atMs) }));
}

function figure(page: Page, kind: "with" | "without"): Promise<string | null> {
  return page.$eval(`.net-pane-${kind} .net-pane-added`, (age) => age.textContent);
}

function write(name: string, bytes: Uint8Array): void {
  writeFileSync(join(FOLDER, name), bytes);
  console.log(`docs/pictures/${name}: ${Math.round(bytes.length / 1000)} kB`);
}

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
