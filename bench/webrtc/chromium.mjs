// The clients of bench/webrtc in Chromium, a page for each transport: CLIENTS="ws url,webrtc url". Writes LAB_DIR/client.NAME.json.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import puppeteer from "puppeteer-core";
import { build } from "vite";
import { nowMs, roomsOf } from "./workload.mjs";

const { WARM_S, MEASURE_S, ROOMS, LAB_DIR, CLIENTS, CHROMIUM = "/usr/bin/chromium" } = process.env;
const path = (name) => fileURLToPath(new URL(name, import.meta.url));
const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
const rooms = roomsOf(ROOMS);

const output = await build({
  configFile: false,
  logLevel: "error",
  root: path("."),
  resolve: { alias: { "colyseus-fec/client": path("../../plugin/client/browser.ts") } },
  build: {
    write: false,
    target: "es2022",
    rollupOptions: { input: path("page.mjs"), output: { format: "es", codeSplitting: false } },
  },
});
const script = [output].flat()[0].output[0].code;
const http = createServer((request, response) => {
  response.setHeader("content-type", request.url === "/page.js" ? "text/javascript" : "text/html");
  response.end(request.url === "/page.js" ? script : '<script type="module" src="/page.js"></script>');
});
await new Promise((resolve) => http.listen(0, "127.0.0.1", resolve));

const profile = mkdtempSync(join(tmpdir(), "bench-chromium-"));
const browser = await puppeteer.launch({
  executablePath: CHROMIUM,
  headless: true,
  userDataDir: profile,
  timeout: 60_000,
  args: [
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-background-timer-throttling",
    "--disable-renderer-backgrounding",
    "--disable-backgrounding-occluded-windows",
  ],
});

/** The page's clock against this one's, by the shortest of some round trips, ms. */
async function clockOffset(page) {
  let best = { tripMs: Infinity, offsetMs: 0 };
  for (let i = 0; i < 40; i++) {
    const before = nowMs(),
      there = await page.evaluate(() => bench.now()),
      after = nowMs();
    if (after - before < best.tripMs) best = { tripMs: after - before, offsetMs: (before + after) / 2 - there };
  }
  return best.offsetMs;
}

const pages = [];
for (const [name, url] of CLIENTS.split(",").map((client) => client.split(" "))) {
  const page = await browser.newPage();
  page.on("pageerror", (error) => console.error(`${name}: ${error}`));
  await page.goto(`http://127.0.0.1:${http.address().port}/`);
  await page.waitForFunction(() => typeof bench === "object");
  pages.push({ name, url, page, offsetMs: await clockOffset(page) });
}
await Promise.all(
  pages.map(({ url, page, offsetMs }) => page.evaluate((...args) => bench.start(...args), url, rooms, offsetMs)),
);
await sleep(WARM_S * 1000);
for (const { page } of pages) await page.evaluate(() => bench.record(true));
const start = nowMs();
await sleep(MEASURE_S * 1000);
for (const { page } of pages) await page.evaluate(() => bench.record(false));
const end = nowMs();
for (const { page } of pages) await page.evaluate((all) => bench.freeze(all), rooms);
for (const { page } of pages)
  while (!(await page.evaluate(() => bench.frozen())) && nowMs() - end < 20_000) await sleep(100);
for (const { name, page } of pages)
  writeFileSync(
    `${LAB_DIR}/client.${name}.json`,
    JSON.stringify({ start, end, clients: await page.evaluate(() => bench.results()) }),
  );
await browser.close();
rmSync(profile, { recursive: true, force: true });
http.close();
process.exit(0);
