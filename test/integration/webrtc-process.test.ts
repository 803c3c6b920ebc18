/**
 * What WebRTC means for a whole process: that it ends by itself, and what happens where the native package is not installed.
 * Each test is a process of its own, with the package compiled into a folder whose node_modules are made for the test.
 */

import { execFile, execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, test } from "vitest";

const root = fileURLToPath(new URL("../..", import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "colyseus-fec-process-"));

const PRELUDE = `
import { Room, Server } from "@colyseus/core";
import { FecTransport } from "./build/server/index.js";
import { FecClient, linkStats } from "./build/client/index.js";
const log = [];
const level = (name) => (text) => log.push(name + " " + text);
const logger = { debug: level("debug"), error: level("error"), info: level("info"), trace: level("trace"), warn: level("warn") };
const serve = (options) => {
  const transport = new FecTransport(options);
  const server = new Server({ transport, greet: false, gracefullyShutdown: false, logger });
  server.define("room", class extends Room {});
  return { transport, server };
};
const untilPath = async (room, path) => { while (linkStats(room).path !== path) await new Promise((resolve) => setTimeout(resolve, 10)); };
`;

beforeAll(() => {
  execFileSync(process.execPath, [join(root, "node_modules/typescript/bin/tsc"), "-p", join(root, "tsconfig.build.json"), "--outDir", join(folder, "build")]);
  writeFileSync(join(folder, "package.json"), '{ "type": "module" }');
}, 60_000);

afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Runs a script to its end and returns what it printed as JSON. Rejects if the process fails or does not end. */
function run(script: string, without: readonly string[] = []): Promise<any> {
  const modules = join(folder, "node_modules");
  rmSync(modules, { recursive: true, force: true });
  mkdirSync(modules);
  for (const name of readdirSync(join(root, "node_modules"))) {
    if (!without.includes(name)) symlinkSync(join(root, "node_modules", name), join(modules, name));
  }
  writeFileSync(join(folder, "main.js"), PRELUDE + script);
  return new Promise((resolve, reject) => {
    // Links are not followed, or the package would be found beside the others after all.
    execFile(process.execPath, ["--preserve-symlinks", join(folder, "main.js")], { timeout: 20_000 }, (error, stdout, stderr) => {
      if (error !== null) reject(new Error(`${error.killed ? "did not end by itself" : error.message}: ${stdout} ${stderr}`));
      else resolve(JSON.parse(stdout.trim().split("\n").at(-1)!));
    });
  });
}

test("a process that served and joined by WebRTC ends by itself", async () => {
  const result = await run(`
    const { transport, server } = serve({});
    await server.listen(41710, "127.0.0.1");
    const room = await new FecClient("ws://127.0.0.1:41710", { channels: ["webrtc"] }).joinOrCreate("room");
    await untilPath(room, "webrtc");
    console.log(JSON.stringify(transport.webrtcStats.ports));
    await server.gracefullyShutdown(false);
  `);
  // On by default, beside the HTTP port.
  expect(result).toEqual([42710]);
}, 30_000);

test("without the native package a server says so once, and serves UDP and WebSocket", async () => {
  const result = await run(`
    const { transport, server } = serve({});
    await server.listen(41720, "127.0.0.1");
    const room = await new FecClient("ws://127.0.0.1:41720", { channels: ["webrtc", "udp"] }).joinOrCreate("room");
    await untilPath(room, "udp");
    console.log(JSON.stringify({ log, webrtc: transport.webrtcStats ?? null }));
    await server.gracefullyShutdown(false);
  `, ["node-datachannel"]);
  expect(result.webrtc).toBeNull();
  const said = result.log.filter((line: string) => line.includes("node-datachannel"));
  expect(said).toEqual(['warn colyseus-fec: no WebRTC for browsers (node-datachannel is not installed (npm i node-datachannel); "webrtc: false" silences this). Sessions stay on WebSocket.']);
}, 30_000);

test("without the native package WebRTC that was asked for is an error of listen", async () => {
  const result = await run(`
    const { transport, server } = serve({ webrtc: {} });
    const error = await server.listen(41730, "127.0.0.1").then(() => null, (error) => error);
    console.log(JSON.stringify({ message: error?.message, listening: transport.server.listening }));
    await server.gracefullyShutdown(false);
  `, ["node-datachannel"]);
  expect(result).toEqual({ message: "node-datachannel is not installed (npm i node-datachannel)", listening: false });
}, 30_000);

test("without the native package a client's channels end with that reason, which is warned of once", async () => {
  const result = await run(`
    const warnings = [];
    console.warn = (text) => warnings.push(text);
    const { webrtc } = new (class extends FecClient { openers = this.channelOpeners(); })("ws://127.0.0.1:1").openers;
    const open = () => new Promise((resolve) => {
      webrtc({ sendRequest: () => resolve("requested") }).onclose = resolve;
    });
    console.log(JSON.stringify({ reasons: [await open(), await open()], warnings }));
  `, ["node-datachannel"]);
  const reason = "node-datachannel is not installed (npm i node-datachannel)";
  expect(result).toEqual({ reasons: [reason, reason], warnings: [`colyseus-fec: no webrtc channel: ${reason}`] });
}, 30_000);
