// shared/lab's client.mjs, in Chromium: CLIENTS="name url,name url"; the same environment and the same files out of it.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import puppeteer from "puppeteer-core";
import { build } from "vite";

const { WARM_S = "8", MEASURE_S = "20", CLIENT_GROUPS = "arena20:4:60,arena60:4:60", LAB_DIR = ".", CLIENTS, CHROMIUM = "/usr/bin/chromium" } = process.env;
const path = name => fileURLToPath(new URL(name, import.meta.url));
const nowMs = () => Number(process.hrtime.bigint()) / 1e6;
const sleep = ms => new Promise(resolve => setTimeout(resolve, ms));
const groups = CLIENT_GROUPS.split(",").map(g => { const [room, clients, inputHz] = g.split(":"); return { room, clients: +clients, inputHz: +inputHz }; });

const output = await build({
  configFile: false, logLevel: "error", root: path("."), resolve: { alias: { "colyseus-fec/client": path("../../plugin/client/browser.ts") } },
  build: { write: false, target: "es2022", rollupOptions: { input: path("chromium-page.ts"), output: { format: "es", codeSplitting: false } } },
});
const script = [output].flat()[0].output[0].code;
const http = createServer((request, response) => {
  response.setHeader("content-type", request.url === "/page.js" ? "text/javascript" : "text/html");
  response.end(request.url === "/page.js" ? script : '<script type="module" src="/page.js"></script>');
}).listen(8099, "127.0.0.1");

const profile = mkdtempSync(join(tmpdir(), "lab-chromium-"));
const browser = await puppeteer.launch({
  executablePath: CHROMIUM, headless: true, userDataDir: profile, timeout: 60_000,
  args: ["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync",
    "--disable-background-timer-throttling", "--disable-renderer-backgrounding", "--disable-backgrounding-occluded-windows"],
});

/** The page's clock against this one's, by the shortest of some round trips, ms. */
async function clockOffset(page) {
  let best = { tripMs: Infinity, offsetMs: 0 };
  for (let i = 0; i < 40; i++) {
    const before = nowMs(), there = await page.evaluate(() => bench.now()), after = nowMs();
    if (after - before < best.tripMs) best = { tripMs: after - before, offsetMs: (before + after) / 2 - there };
  }
  return best.offsetMs;
}

const pages = [];
for (const [name, url] of CLIENTS.split(",").map(c => c.split(" "))) {
  const page = await browser.newPage();
  await page.goto("http://127.0.0.1:8099/");
  await page.waitForFunction(() => typeof bench === "object");
  const offset = await clockOffset(page);
  await page.evaluate((...args) => bench.start(...args), url, groups, offset);
  pages.push({ name, page });
}
await sleep(WARM_S * 1000);
for (const { page } of pages) await page.evaluate(() => bench.record(true));
const start = nowMs();
await sleep(MEASURE_S * 1000);
for (const { page } of pages) await page.evaluate(() => bench.record(false));
const end = nowMs();
for (const { page } of pages) await page.evaluate(g => bench.freeze(g), groups);
for (const { page } of pages) while (!(await page.evaluate(() => bench.frozen())) && nowMs() - end < 20_000) await sleep(100);
for (const { name, page } of pages) {
  const { records, paths } = await page.evaluate(() => bench.results());
  console.log(name, paths.join(" "));
  const clients = records.map(r => ({ ...r, frozenMs: r.frozenAt && r.frozenAt - end }));
  writeFileSync(`${LAB_DIR}/client.${name}.json`, JSON.stringify({ start, end, usage: { cpu: 0, loop_ms: {} }, clients }));
}
await browser.close();
rmSync(profile, { recursive: true, force: true });
http.close();
process.exit(0);
