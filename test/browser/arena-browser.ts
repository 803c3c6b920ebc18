/**
 * The arena for tests in real browsers: its page built by Vite and served as `npm start` serves it, bots, and a browser on it.
 * `useArena` ties all of that to the test file's hooks; a browser that is missing is an error that says what to install.
 */
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Page, Viewport } from "puppeteer-core";
import { build } from "vite";
import { afterAll, afterEach, beforeAll } from "vitest";
import { LocalSquad } from "../../sample-game/bots/squad.js";
import { type ArenaServer, type ArenaServerOptions, startArenaServer } from "../../sample-game/server/start.js";
import type { PageChecks } from "../../sample-game/web/page-checks.js";
import { addressFor, type BrowserName, launchBrowser, type TestBrowser } from "./harness.js";

const CONFIG = fileURLToPath(new URL("../../sample-game/web/vite.config.ts", import.meta.url));
/** What every page looked like when its test ended, to be looked at by people. */
const SCREENSHOTS = fileURLToPath(new URL("../../build/screenshots/", import.meta.url));
/** Software drawing on a busy machine is slow; nothing here depends on how slow, ms. */
export const PATIENCE_MS = 60_000;
/** Of one test, and of building the page, ms. */
export const TIMEOUT_MS = 240_000;
/** Small, for software draws it; wide enough that nothing of the panel is folded. */
const SIZE: Viewport = { width: 760, height: 500 };

/** On the page. */
declare const arenaPage: PageChecks;

export interface ArenaBrowser {
  readonly page: Page;
  /** Errors and warnings of the page's console, uncaught exceptions, and requests that failed. */
  readonly complaints: string[];
}

export interface StartOptions extends Partial<Omit<ArenaServerOptions, "pageFolder">> {
  /** Over UDP, in this process. Default 0. */
  readonly bots?: number;
}

export interface OpenOptions {
  readonly size?: Viewport;
  /** Script that runs on the page before its own. */
  readonly before?: string;
  /** Another than the server's: a relay's. */
  readonly port?: number;
}

export interface Arena {
  /** Starts the server and its bots; once a test. */
  start(options?: StartOptions): Promise<{ readonly server: ArenaServer; readonly squad: LocalSquad }>;
  /** Opens the page as a visitor who was never there, as far as the form that asks for a name. */
  open(name: BrowserName, options?: OpenOptions): Promise<ArenaBrowser>;
}

/** Builds the page before the first test; after each one its server and pages end, after the last one the browsers. */
export function useArena(): Arena {
  let pageFolder: string;
  let server: ArenaServer | undefined;
  const browsers = new Map<BrowserName, Promise<TestBrowser>>();
  const endings: (() => Promise<unknown>)[] = [];
  const pages: { readonly browser: BrowserName; readonly page: Page }[] = [];

  beforeAll(async () => {
    pageFolder = mkdtempSync(join(tmpdir(), "arena-page-"));
    await build({
      configFile: CONFIG,
      logLevel: "warn",
      build: { outDir: pageFolder, emptyOutDir: true, minify: false },
    });
  }, TIMEOUT_MS);

  afterAll(async () => {
    for (const browser of browsers.values()) await (await browser).close();
    rmSync(pageFolder, { recursive: true, force: true });
  }, TIMEOUT_MS);

  afterEach(async ({ task }) => {
    for (const { browser, page } of pages.splice(0)) await keepScreenshot(page, `${task.name} ${browser}`);
    // The pages first: what one says of a server that went away is no complaint.
    for (const end of endings.splice(0).reverse()) await end();
    server = undefined;
  }, TIMEOUT_MS);

  const browserOf = (name: BrowserName): Promise<TestBrowser> => {
    const browser = browsers.get(name) ?? launchBrowser(name, true);
    browsers.set(name, browser);
    return browser;
  };

  return {
    async start({ bots = 0, ...options } = {}) {
      const started = (server = await startArenaServer({ port: 0, transport: "fec", pageFolder, ...options }));
      const squad = new LocalSquad();
      endings.push(
        () => started.stop(),
        () => squad.close(),
      );
      if (bots > 0) await squad.join({ url: `ws://127.0.0.1:${started.port}`, transport: "fec", bots, seed: 1 });
      return { server: started, squad };
    },
    async open(name, { size = SIZE, before, port } = {}) {
      if (server === undefined) throw new Error("the server expected to be started first");
      const context = await (await browserOf(name)).browser.createBrowserContext();
      endings.push(() => context.close());
      const page = await context.newPage();
      await page.setViewport(size);
      pages.push({ browser: name, page });
      const complaints = listen(page);
      if (before !== undefined) await page.evaluateOnNewDocument(before);
      await page.goto(`http://${addressFor(name)}:${port ?? server.port}/`, { timeout: PATIENCE_MS });
      await page.waitForSelector("#join-dialog[open] #join-name", { timeout: PATIENCE_MS });
      return { page, complaints };
    },
  };
}

/** Joins by the form, as a person does. */
export async function joinArena(page: Page, name: string): Promise<void> {
  await page.type("#join-name", name);
  await page.keyboard.press("Enter");
  await untilPlaying(page);
}

/** Resolves when the page shows its own player. */
export async function untilPlaying(page: Page): Promise<void> {
  await page.waitForFunction("globalThis.arenaPage?.session.view.motionStats()?.focus !== undefined", {
    timeout: PATIENCE_MS,
  });
}

/** The page's own player, by what the page says; u. */
export function ownPlayer(page: Page): Promise<{ id: string; x: number; y: number }> {
  return page.evaluate(() => ({
    id: arenaPage.session.room.sessionId,
    ...arenaPage.session.view.motionStats()!.focus!,
  }));
}

/** Opens the net panel. */
export async function openPanel(page: Page): Promise<void> {
  await page.$eval("#panel-toggle", (button) => (button as HTMLElement).click());
}

/** The path in use, as the panel's badge says. */
export function pathBadge(page: Page): Promise<string | null> {
  return page.$eval(".net-badge", ({ textContent }) => textContent);
}

/** A page that cannot be pictured any more has failed its test already. */
async function keepScreenshot(page: Page, name: string): Promise<void> {
  mkdirSync(SCREENSHOTS, { recursive: true });
  const path = join(
    SCREENSHOTS,
    `${name
      .replace(/[^a-z0-9]+/gi, "-")
      .slice(0, 100)
      .toLowerCase()}.png`,
  ) as `${string}.png`;
  await page.screenshot({ path }).catch((error: unknown) => console.warn(`no screenshot of "${name}":`, error));
}

function listen(page: Page): string[] {
  const complaints: string[] = [];
  page.on("console", (message) => {
    if (message.type() === "error" || message.type() === "warn")
      complaints.push(`console.${message.type()}: ${message.text()}`);
  });
  page.on("pageerror", (error) =>
    complaints.push(`uncaught: ${error instanceof Error ? error.message : String(error)}`),
  );
  page.on("requestfailed", (request) =>
    complaints.push(`request: ${request.url()} ${request.failure()?.errorText ?? ""}`),
  );
  return complaints;
}
