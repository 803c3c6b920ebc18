/**
 * A headless Chromium on the arena's page, and the page as `npm start` serves it, built by Vite into a folder of its own.
 * A machine without Chromium fails the tests that need it, with a message that says so.
 */
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import puppeteer, { type Browser, type Page } from "puppeteer-core";
import { build } from "vite";

/** CHROMIUM names another binary. */
const CHROMIUM = process.env["CHROMIUM"] ?? "/usr/bin/chromium";
const CONFIG = fileURLToPath(new URL("../../sample-game/web/vite.config.ts", import.meta.url));

/** WebGL in software; nothing that calls home. */
const FLAGS = [
  "--headless=new", "--no-sandbox", "--use-gl=angle", "--use-angle=swiftshader", "--enable-unsafe-swiftshader", "--disable-quic", "--no-first-run",
  "--disable-background-networking", "--disable-component-update", "--disable-sync", "--mute-audio",
];

export interface ArenaBrowser {
  readonly page: Page;
  /** Errors and warnings of the page's console, uncaught exceptions, and requests that failed. */
  readonly complaints: string[];
  close(): Promise<void>;
}

/** Builds the page. @returns its folder, the caller's to remove. */
export async function buildPage(): Promise<string> {
  const outDir = mkdtempSync(join(tmpdir(), "arena-page-"));
  await build({ configFile: CONFIG, logLevel: "warn", build: { outDir, emptyOutDir: true, minify: false } });
  return outDir;
}

/** @throws Error when there is no Chromium. */
export async function openArena(url: string, size = { width: 960, height: 600 }): Promise<ArenaBrowser> {
  if (!existsSync(CHROMIUM)) throw new Error(`Chromium expected at ${CHROMIUM} (Debian: apt-get install chromium; or name another binary by CHROMIUM=...), found none`);
  const userDataDir = mkdtempSync(join(tmpdir(), "arena-chromium-"));
  let browser: Browser | undefined;
  const close = async (): Promise<void> => {
    await browser?.close();
    rmSync(userDataDir, { recursive: true, force: true, maxRetries: 5 });
  };
  try {
    browser = await puppeteer.launch({ executablePath: CHROMIUM, userDataDir, args: FLAGS, timeout: 60_000, protocolTimeout: 120_000 });
    const page = await browser.newPage();
    await page.setViewport(size);
    const complaints = listen(page);
    await page.goto(url, { timeout: 60_000 });
    return { page, complaints, close };
  } catch (error) {
    await close();
    throw error;
  }
}

/** Joins by the form, as a person does. */
export async function joinArena(page: Page, name: string): Promise<void> {
  await page.waitForSelector("#join-dialog[open] #join-name", { timeout: 60_000 });
  await page.type("#join-name", name);
  await page.keyboard.press("Enter");
  await page.waitForFunction("globalThis.arenaPage?.session.view.motionStats()?.focus !== undefined", { timeout: 60_000 });
}

function listen(page: Page): string[] {
  const complaints: string[] = [];
  page.on("console", (message) => {
    if (message.type() === "error" || message.type() === "warn") complaints.push(`console.${message.type()}: ${message.text()}`);
  });
  page.on("pageerror", (error) => complaints.push(`uncaught: ${error instanceof Error ? error.message : String(error)}`));
  page.on("requestfailed", (request) => complaints.push(`request: ${request.url()} ${request.failure()?.errorText ?? ""}`));
  return complaints;
}
