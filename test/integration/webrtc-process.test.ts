/**
 * What WebRTC means for a whole process: that it ends by itself, and what happens where the native package is not installed.
 * Each test is a process of its own.
 */

import { execFile } from "node:child_process";
import { afterAll, beforeAll, expect, test } from "vitest";
import { PackageFolder } from "./package-folder.js";

let folder: PackageFolder;

beforeAll(() => {
  folder = new PackageFolder();
}, 60_000);

afterAll(() => folder.remove());

/** Runs a script to its end and returns what it printed as JSON. Rejects if the process fails or does not end. */
function run(script: string, without: readonly string[] = []): Promise<any> {
  const file = folder.write(script, without);
  return new Promise((resolve, reject) => {
    execFile(process.execPath, [...folder.execArgv, file], { timeout: 20_000 }, (error, stdout, stderr) => {
      if (error !== null)
        reject(new Error(`${error.killed ? "did not end by itself" : error.message}: ${stdout} ${stderr}`));
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

test("an error in a handler of a channel is an uncaught exception of the host's, which may go on: it does not end the process", async () => {
  const result = await run(`
    import { WebRtcEndpoint } from "./build/channels/webrtc/webrtc-server.js";
    import { openNativeWebRtcChannel } from "./build/channels/webrtc/webrtc-native-client.js";
    const errors = [];
    process.on("uncaughtException", (error) => errors.push(error.message));
    const fail = (what) => () => { throw new Error(what); };
    const endpoint = await WebRtcEndpoint.bind({ ports: [0], host: "127.0.0.1" });
    let server;
    const client = openNativeWebRtcChannel({ sendRequest: (request) => {
      const { channel, peer, port } = endpoint.createChannel(request);
      server = channel;
      Object.assign(server, { onopen: fail("server open"), ondatagram: fail("server datagram"), onclose: fail("server close") });
      client.accept({ kind: "webrtc-answer", peer, host: "127.0.0.1", port });
    } });
    Object.assign(client, { onopen: fail("client open"), ondatagram: fail("client datagram"), onwritable: fail("client writable"), onclose: fail("client close") });
    const until = async (condition) => { while (!condition()) await new Promise((resolve) => setTimeout(resolve, 10)); };
    const told = (...what) => until(() => what.every((w) => errors.includes(w)));
    await told("client open", "server open");
    await until(() => (server.send(Uint8Array.of(1)), client.send(Uint8Array.of(1)), errors.includes("client datagram") && errors.includes("server datagram")));
    for (let i = 0; i < 50 && !errors.includes("client writable"); i++) {
      client.send(new Uint8Array(1150).fill(1));
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    try { client.close(); } catch (error) { errors.push(error.message); }
    await told("client close", "server close");
    console.log(JSON.stringify([...new Set(errors)].sort()));
    endpoint.close();
  `);
  expect(result).toEqual(
    expect.arrayContaining([
      "client close",
      "client datagram",
      "client open",
      "server close",
      "server datagram",
      "server open",
    ]),
  );
}, 30_000);

test("without the native package a server says so once, and serves UDP and WebSocket", async () => {
  const result = await run(
    `
    const { transport, server } = serve({});
    await server.listen(41720, "127.0.0.1");
    const room = await new FecClient("ws://127.0.0.1:41720", { channels: ["webrtc", "udp"] }).joinOrCreate("room");
    await untilPath(room, "udp");
    console.log(JSON.stringify({ log, webrtc: transport.webrtcStats ?? null }));
    await server.gracefullyShutdown(false);
  `,
    ["node-datachannel"],
  );
  expect(result.webrtc).toBeNull();
  const said = result.log.filter((line: string) => line.includes("node-datachannel"));
  expect(said).toEqual([
    'warn colyseus-fec: no WebRTC for browsers (node-datachannel is not installed (npm i node-datachannel); "webrtc: false" silences this). Sessions stay on WebSocket.',
  ]);
}, 30_000);

test("without the native package WebRTC that was asked for is an error of listen", async () => {
  const result = await run(
    `
    const { transport, server } = serve({ webrtc: {} });
    const error = await server.listen(41730, "127.0.0.1").then(() => null, (error) => error);
    console.log(JSON.stringify({ message: error?.message, listening: transport.server.listening }));
    await server.gracefullyShutdown(false);
  `,
    ["node-datachannel"],
  );
  expect(result).toEqual({ message: "node-datachannel is not installed (npm i node-datachannel)", listening: false });
}, 30_000);

test("without the native package a client's channels end with that reason, which is warned of once", async () => {
  const result = await run(
    `
    const warnings = [];
    console.warn = (text) => warnings.push(text);
    const { webrtc } = new (class extends FecClient { openers = this.channelOpeners(); })("ws://127.0.0.1:1").openers;
    const open = () => new Promise((resolve) => {
      webrtc({ sendRequest: () => resolve("requested") }).onclose = resolve;
    });
    console.log(JSON.stringify({ reasons: [await open(), await open()], warnings }));
  `,
    ["node-datachannel"],
  );
  const reason = "node-datachannel is not installed (npm i node-datachannel)";
  expect(result).toEqual({ reasons: [reason, reason], warnings: [`colyseus-fec: no webrtc channel: ${reason}`] });
}, 30_000);
