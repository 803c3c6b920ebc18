/**
 * What the browser tests share: a page bundled from source and served by this process, and a real browser that opens it.
 * A browser that is missing is an error, never a skip. Everything listens on addresses of this machine only.
 */

import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { createServer, type Server } from "node:http";
import { networkInterfaces, tmpdir } from "node:os";
import { join } from "node:path";
import type { AddressInfo } from "node:net";
import { fileURLToPath } from "node:url";
import puppeteer, { type Browser, type Page } from "puppeteer-core";
import { build, type Rollup } from "vite";
import BROWSERS from "../setup/browsers.json" with { type: "json" };

/** Where Debian and others put them is in that file; the environment's CHROMIUM and FIREFOX come first. */
export type BrowserName = keyof typeof BROWSERS;

/** Nothing that calls home. */
const CHROMIUM_ARGS = [
  "--headless=new",
  "--no-sandbox",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
  "--mute-audio",
];
/** WebGL in software, or no drawing at all. Firefox draws by itself. */
const CHROMIUM_DRAWS = ["--use-gl=angle", "--use-angle=swiftshader", "--enable-unsafe-swiftshader"];
const CHROMIUM_DRAWS_NOT = ["--disable-gpu"];

/** Time for a cold start on a busy machine, ms. */
const LAUNCH_TIMEOUT_MS = 60_000;
/** Time for one command, ms: where software draws, a page can be busy for long. */
const PROTOCOL_TIMEOUT_MS = 120_000;

const source = (path: string): string => fileURLToPath(new URL(`../../plugin/${path}`, import.meta.url));

export interface TestBrowser {
  readonly name: BrowserName;
  readonly browser: Browser;
  /** A new page; what it logs as an error, and what it throws, is in `errors`. */
  open(url: string): Promise<{ page: Page; errors: readonly string[] }>;
  close(): Promise<void>;
}

/** Starts a browser without a window and with an empty profile. @param draws its pages need WebGL. @throws Error that names what to install. */
export async function launchBrowser(name: BrowserName, draws = false): Promise<TestBrowser> {
  const executablePath = executable(name);
  const profile = mkdtempSync(join(tmpdir(), `colyseus-fec-${name}-`));
  const chromiumArgs = [...CHROMIUM_ARGS, ...(draws ? CHROMIUM_DRAWS : CHROMIUM_DRAWS_NOT)];
  const browser = await puppeteer.launch({
    browser: name === "chromium" ? "chrome" : "firefox",
    executablePath,
    headless: true,
    userDataDir: profile,
    args: name === "chromium" ? chromiumArgs : [],
    timeout: LAUNCH_TIMEOUT_MS,
    protocolTimeout: PROTOCOL_TIMEOUT_MS,
  });
  return {
    name,
    browser,
    open: async (url) => {
      const page = await browser.newPage();
      const errors: string[] = [];
      page.on("console", (message) => message.type() === "error" && errors.push(message.text()));
      page.on("pageerror", (error) => errors.push(String(error)));
      await page.goto(url);
      return { page, errors };
    },
    close: async () => {
      await browser.close();
      // A process of the browser may still write: this tries again for some seconds.
      rmSync(profile, { recursive: true, force: true, maxRetries: 10, retryDelay: 200 });
    },
  };
}

function executable(name: BrowserName): string {
  const asked = process.env[name.toUpperCase()];
  const looked = asked === undefined ? BROWSERS[name].paths : [asked];
  const found = looked.find((path) => existsSync(path));
  if (found !== undefined) return found;
  throw new Error(
    `${name} is not installed (looked for ${looked.join(", ")}): apt-get install ${BROWSERS[name].package}, or set ${name.toUpperCase()}`,
  );
}

/** An IPv4 address at which this browser's WebRTC reaches this machine: Firefox's ICE fails on loopback. @throws Error without one. */
export function addressFor(name: BrowserName): string {
  if (name === "chromium") return "127.0.0.1";
  const address = Object.values(networkInterfaces())
    .flat()
    .find((entry) => entry?.family === "IPv4" && !entry.internal)?.address;
  if (address !== undefined) return address;
  throw new Error(
    "Firefox's WebRTC needs a network interface with an IPv4 address besides loopback, and this machine has none",
  );
}

export interface PageServer {
  readonly url: string;
  /** The bundle's script, bytes as sent. */
  readonly scriptBytes: number;
  readonly http: Server;
  close(): Promise<void>;
}

/** Bundles a page's script from source and serves it at an address of this machine. @param entry path of the script from this folder. */
export async function servePage(entry: string, host: string): Promise<PageServer> {
  const script = await bundle(fileURLToPath(new URL(entry, import.meta.url)));
  const http = createServer((request, response) => {
    const isScript = request.url === "/page.js";
    if (!isScript && request.url !== "/") {
      response.writeHead(204).end(); // a browser asks for an icon
      return;
    }
    response.setHeader("content-type", isScript ? "text/javascript" : "text/html");
    response.end(
      isScript
        ? script
        : '<!doctype html><meta charset="utf-8"><title>test</title><script type="module" src="/page.js"></script>',
    );
  });
  await new Promise<void>((resolve) => http.listen(0, host, resolve));
  const close = () =>
    new Promise<void>((resolve) => {
      http.close(() => resolve());
      http.closeAllConnections();
    });
  return {
    url: `http://${host}:${(http.address() as AddressInfo).port}/`,
    scriptBytes: Buffer.byteLength(script),
    http,
    close,
  };
}

/** One ES module of a script and all that it imports; the package's names mean this repository's source, "vitest" the pages' own. */
export async function bundle(entry: string): Promise<string> {
  const output = (await build({
    configFile: false,
    logLevel: "error",
    root: fileURLToPath(new URL(".", import.meta.url)),
    resolve: {
      alias: [
        { find: "colyseus-fec/client", replacement: source("client/browser.ts") },
        { find: "colyseus-fec/netem", replacement: source("netem/index.ts") },
        { find: "vitest", replacement: fileURLToPath(new URL("pages/suite-runner.ts", import.meta.url)) },
      ],
    },
    build: {
      write: false,
      target: "es2022",
      rollupOptions: { input: entry, output: { format: "es", codeSplitting: false } },
    },
  })) as Rollup.RollupOutput | Rollup.RollupOutput[];
  return [output].flat()[0]!.output[0].code;
}
