/** Which channel a client opens when: made-up time, channels by hand. */

import { afterEach, beforeEach, expect, test, vi } from "vitest";
import type { OfferedKind } from "../../plugin/session/channel-kinds.js";
import type { Hello } from "../../plugin/session/control-records.js";
import { openBrowserWebRtcChannel } from "../../plugin/channels/webrtc/webrtc-browser-client.js";
import { DatagramPath, type PathSession } from "../../plugin/client/datagram-path.js";
import type { ChannelOpeners, ResolvedClientOptions } from "../../plugin/client/options.js";
import { FakeClock } from "../compliance/fake-clock.js";

let clock: FakeClock;

beforeEach(() => {
  clock = new FakeClock();
  vi.spyOn(Math, "random").mockReturnValue(0.5); // no jitter
});

afterEach(() => {
  vi.restoreAllMocks();
  vi.unstubAllGlobals();
});

const UDP_OFFER = { kind: "udp", host: undefined, port: 1, connectionId: 1, secret: new Uint8Array(32) } as const;

/** @returns the path, and what it did: "open udp", "open webrtc", "close" (told the server). */
function makePath(channels: OfferedKind[], offered: OfferedKind[] | undefined, openers: ChannelOpeners = {}) {
  const did: string[] = [];
  const session: PathSession = {
    attach: () => {},
    detach: () => did.push("detach"),
    flushAll: () => did.push("flush"),
    sendControl: ({ kind }) => void (kind !== "webrtc-request" && did.push(kind)),
  };
  const channel = (kind: string) => () => {
    did.push(`open ${kind}`);
    return { accept: () => did.push("accept") } as never;
  };
  const options = {
    channels,
    openers: { udp: channel("udp"), webrtc: channel("webrtc"), ...openers },
  } as unknown as ResolvedClientOptions;
  const hello: Hello = { kind: "hello", version: 1, fragment: 58, ...(offered && { channels: offered }) };
  const path = new DatagramPath(session, { options, host: "h", hello, clock });
  path.onControl({ kind: "joined" });
  return { path, did };
}

test("the first kind of the client's that the server has: WebRTC is asked for after the join, UDP when it is offered", () => {
  expect(makePath(["webrtc", "udp"], ["udp", "webrtc"]).did).toEqual(["open webrtc"]);
  expect(makePath(["webrtc", "udp"], ["udp"]).did).toEqual([]);
  const { path, did } = makePath(["udp", "webrtc"], undefined);
  path.onControl(UDP_OFFER);
  expect(did).toEqual(["open udp"]);
});

test("an offer of UDP is ignored by a client that does not want it, or wants another kind now", () => {
  for (const channels of [["webrtc"], ["webrtc", "udp"]] as OfferedKind[][]) {
    const { path, did } = makePath(channels, ["udp", "webrtc"]);
    path.onControl(UDP_OFFER);
    expect(did).toEqual(["open webrtc"]);
  }
  expect(makePath([], ["udp", "webrtc"]).did).toEqual([]);
});

test("after a try that did not open it is the next kind's turn, and so on around", () => {
  const { path, did } = makePath(["webrtc", "udp"], ["udp", "webrtc"]);
  path.onClose("timeout");
  clock.advance(1_000);
  expect(did).toEqual(["open webrtc", "close"]);
  path.onControl(UDP_OFFER);
  path.onClose("timeout");
  clock.advance(5_000);
  expect(did).toEqual(["open webrtc", "close", "open udp", "open webrtc"]);
});

test("a kind that had opened is tried again first, with the first pause", () => {
  const { path, did } = makePath(["webrtc", "udp"], ["udp", "webrtc"]);
  path.onOpen();
  path.onClose("timeout");
  clock.advance(1_000);
  expect(did).toEqual(["open webrtc", "open webrtc"]);
});

test("the server's close detaches, what that leaves to the WebSocket goes at once, and a stopped path asks for nothing", () => {
  const { path, did } = makePath(["webrtc"], ["webrtc"]);
  path.onControl({ kind: "close" });
  path.stop();
  clock.advance(60_000);
  expect(did).toEqual(["open webrtc", "detach", "flush"]);
});

test("at the server's end the channel is given up for good, what that leaves to the WebSocket goes at once, and then the answer", () => {
  const { path, did } = makePath(["webrtc"], ["webrtc"]);
  path.onControl({ kind: "end" });
  clock.advance(60_000);
  expect(did).toEqual(["open webrtc", "detach", "flush", "end"]);
});

test("an answer reaches the channel that asked, and none that is over", () => {
  const { path, did } = makePath(["webrtc"], ["webrtc"]);
  const answer = {
    kind: "webrtc-answer",
    peer: { ufrag: "abcd", pwd: "p".repeat(22), fingerprint: "" },
    host: "192.0.2.1",
    port: 1,
  } as const;
  path.onControl(answer);
  expect(did).toEqual(["open webrtc", "accept"]);
  path.onClose("timeout");
  path.onControl(answer);
  expect(did).toEqual(["open webrtc", "accept"]);
});

test("an RTCPeerConnection that throws, as Chromium's for TURN without a credential, is a try that failed, and warned of once", () => {
  let tries = 0;
  vi.stubGlobal(
    "RTCPeerConnection",
    class {
      constructor() {
        tries++;
        throw new Error("InvalidAccessError");
      }
    },
  );
  const warn = vi.spyOn(console, "warn").mockImplementation(() => {});
  const { path, did } = makePath(["webrtc", "udp"], ["webrtc", "udp"], {
    webrtc: (options) => openBrowserWebRtcChannel({ ...options, clock }),
  });
  expect([tries, path.lastError]).toEqual([1, "webrtc: InvalidAccessError"]);
  clock.advance(1_000);
  expect(did).toEqual(["close"]); // the next kind's turn
  clock.advance(60_000); // a timer of the channel that was not made would throw
  expect(tries).toBeGreaterThan(2);
  expect(warn.mock.calls).toEqual([["colyseus-fec: no webrtc channel: InvalidAccessError"]]);
});

test("a UDP opener that throws is a try that failed", () => {
  vi.spyOn(console, "warn").mockImplementation(() => {});
  const { path, did } = makePath(["udp"], ["udp"], {
    udp: () => {
      throw new Error("no sockets here");
    },
  });
  path.onControl(UDP_OFFER);
  expect(path.lastError).toBe("udp: no sockets here");
  clock.advance(1_000);
  expect(did).toEqual(["close"]);
});

test("tells why there is no channel: how the last one ended, until one opens", () => {
  const { path } = makePath(["webrtc", "udp"], undefined);
  expect(path.lastError).toBeUndefined();
  path.onControl(UDP_OFFER);
  path.onClose("timeout");
  expect(path.lastError).toBe("udp: timeout");
  path.onOpen();
  expect(path.lastError).toBeUndefined();
  path.onControl({ kind: "close" });
  expect(path.lastError).toBe("udp: closed by the server");
  expect(makePath(["webrtc"], ["udp"]).path.lastError).toBe("the server has no webrtc");
  expect(makePath([], ["udp"]).path.lastError).toBeUndefined();
});
