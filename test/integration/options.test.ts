import { FecTransport, type FecTransportOptions } from "colyseus-fec";
import { FecClient, type FecClientOptions } from "colyseus-fec/client";
import { FecClient as BrowserFecClient } from "../../plugin/client/browser.js";
import { expect, test } from "vitest";
import { createMemoryChannelPair } from "../../plugin/channels/memory-channel.js";
import { resolveClientOptions, type ChannelOpeners } from "../../plugin/client/options.js";
import { resolveFecOptions } from "../../plugin/server/options.js";

const wrongServerOptions: [options: unknown, message: string][] = [
  [{ udp: { port: 70_000 } }, '"udp.port" expected 0..65535, got 70000'],
  [{ resyncAfterMs: 499 }, '"resyncAfterMs" expected false or 500..60000, got 499'],
  [{ resyncAfterMs: 60_001 }, '"resyncAfterMs" expected false or 500..60000, got 60001'],
  [{ resyncAfterMs: NaN }, '"resyncAfterMs" expected false or 500..60000, got NaN'],
  [{ resyncAfterMs: true }, '"resyncAfterMs" expected false or 500..60000, got true'],
  [{ udp: { port: -1 } }, '"udp.port" expected 0..65535, got -1'],
  [{ udp: { port: 1.5 } }, '"udp.port" expected 0..65535, got 1.5'],
  [{ udp: { port: "80" } }, '"udp.port" expected 0..65535, got "80"'],
  [{ udp: { ports: 80 } }, '"udp" expected only port, host, publicAddress, got "ports"'],
  [{ udp: true }, '"udp" expected false or an object, got true'],
  [{ udp: { host: "" } }, '"udp.host" expected a host name or address, got ""'],
  [{ udp: { publicAddress: "a b" } }, '"udp.publicAddress" expected "host", "host:port" or { host, port }, got "a b"'],
  [{ udp: { publicAddress: "host:99999" } }, '"udp.publicAddress" expected 1..65535, got 99999'],
  [{ udp: { publicAddress: { host: "a", port: 0 } } }, '"udp.publicAddress.port" expected 1..65535, got 0'],
  [{ udp: { publicAddress: { hots: "a" } } }, '"udp.publicAddress" expected only host, port, got "hots"'],
  [{ webrtc: true }, '"webrtc" expected false or an object, got true'],
  [{ webrtc: { port: -1 } }, '"webrtc.port" expected 0..65535, got -1'],
  [{ webrtc: { port: 1, portRange: [1, 2] } }, '"webrtc" expected port or portRange, got both'],
  [{ webrtc: { portRange: 5 } }, '"webrtc.portRange" expected [first, last], got 5'],
  [{ webrtc: { portRange: [5, 4] } }, '"webrtc.portRange" expected 1..64 ports, got 0'],
  [{ webrtc: { portRange: [1000, 1064] } }, '"webrtc.portRange" expected 1..64 ports, got 65'],
  [
    { webrtc: { publicAddress: "a b" } },
    '"webrtc.publicAddress" expected "host", "host:port" or { host, port }, got "a b"',
  ],
  [{ webrtc: { iceServers: [{ urls: "http://a" }] } }, '"webrtc.iceServers" expected at most 8 of'],
  [
    { webrtc: { iceServers: [{ url: "stun:a" }] } },
    '"webrtc.iceServers" expected only urls, username, credential, got "url"',
  ],
  [
    { webrtc: { iceServers: [{ urls: ["stun:a:1", "turn:a:1"] }] } },
    '"webrtc.iceServers" expected username and credential for stun:a:1, turn:a:1, got none',
  ],
  [
    { webrtc: { iceServers: [{ urls: "turns:a:1", username: "u" }] } },
    '"webrtc.iceServers" expected username and credential for turns:a:1, got none',
  ],
  [{ repair: "max" }, '"repair" expected "adaptive", "off" or { schedule }, got "max"'],
  [{ repair: { schedule: "generation", groupSize: 0 } }, '"repair.groupSize" expected 2..16, got 0'],
  [{ netem: { loss: 2 } }, '"loss" expected 0..1, got 2'],
  [{ netem: { los: 0.1 } }, "expected only"],
  [{ maxPayload: 10 }, '"maxPayload" expected 0 (no limit) or at least 64, got 10'],
];

test.each(wrongServerOptions)("FecTransport refuses %j", (options, message) => {
  expect(() => new FecTransport(options as FecTransportOptions)).toThrow(message);
});

const wrongClientOptions: [options: unknown, message: string][] = [
  [{ channels: ["udp", "tcp"] }, '"channels" expected only "udp", "webrtc", got "tcp"'],
  [{ channels: "udp" }, '"channels" expected a list, got "udp"'],
  [{ repair: { schedule: "sliding", codeRate: 2 } }, '"repair.codeRate" expected above 0 to 1, got 2'],
  [{ netem: "wlan" }, '"profile" expected one of'],
];

test.each(wrongClientOptions)("FecClient refuses %j", (options, message) => {
  expect(() => new FecClient("ws://127.0.0.1:1", options as FecClientOptions)).toThrow(message);
});

test("a channel that a build lacks is not available there, and no error", () => {
  expect(() => new BrowserFecClient("ws://127.0.0.1:1", { channels: ["udp"] })).not.toThrow();
  const udp: ChannelOpeners = { udp: () => createMemoryChannelPair()[0] };
  const channels = (options: FecClientOptions, openers: ChannelOpeners) =>
    resolveClientOptions(options, openers).channels;
  expect(channels({ channels: ["udp", "webrtc"] }, {})).toEqual([]);
  expect(channels({ channels: ["webrtc", "udp", "udp"] }, udp)).toEqual(["udp"]);
  expect(channels({}, udp)).toEqual(["udp"]);
  expect(channels({ channels: [] }, udp)).toEqual([]);
  const both: ChannelOpeners = {
    ...udp,
    webrtc: () => {
      throw new Error("not to be opened");
    },
  };
  expect(channels({ channels: ["webrtc", "udp", "webrtc"] }, both)).toEqual(["webrtc", "udp"]);
  expect(resolveClientOptions({}, both, ["udp"]).channels).toEqual(["udp"]);
});

const addresses: [publicAddress: string | object, host: string | undefined, port: number | undefined][] = [
  ["game.example", "game.example", undefined],
  ["game.example:7777", "game.example", 7777],
  ["192.0.2.1:1", "192.0.2.1", 1],
  ["[2001:db8::1]:7777", "2001:db8::1", 7777],
  ["[2001:db8::1]", "2001:db8::1", undefined],
  ["2001:db8::1", "2001:db8::1", undefined],
  [{ port: 7777 }, undefined, 7777],
  [{ host: "a", port: 7777 }, "a", 7777],
];

test.each(addresses)("publicAddress %j is host %s and port %s", (publicAddress, host, port) => {
  const { ours } = resolveFecOptions({ udp: { publicAddress } });
  expect(ours.udp).toMatchObject({ publicHost: host, publicPort: port });
  expect(Object.isFrozen(ours) && Object.isFrozen(ours.udp)).toBe(true);
});

test("a STUN server needs no credential, a TURN server that has one is taken", () => {
  const iceServers = [{ urls: "stun:a:1" }, { urls: ["turn:a:1?transport=udp"], username: "u", credential: "c" }];
  expect(resolveFecOptions({ webrtc: { iceServers } }).ours.webrtc).toMatchObject({
    iceServers: [{ urls: ["stun:a:1"] }, iceServers[1]],
  });
});

test("the options object is not changed, and ws-transport's pass through", () => {
  const options: FecTransportOptions = Object.freeze({
    pingInterval: 100,
    pingMaxRetries: 7,
    maxPayload: 1000,
    udp: false,
  });
  const { ours, webSocket } = resolveFecOptions(options);
  expect(webSocket).toEqual({ pingInterval: 100, pingMaxRetries: 7, maxPayload: 1000 });
  expect(ours).toMatchObject({ udp: false, repair: "adaptive", netem: undefined, messageBytesMax: 1000 });
  expect(() => new FecTransport(options)).not.toThrow();
});
