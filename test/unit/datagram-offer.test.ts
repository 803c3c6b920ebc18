/** When a session is offered a datagram channel, and what the log says when none ever opens: made-up time, no sockets. */

import { logger } from "@colyseus/core";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { TOO_MANY_DATAGRAMS } from "../../plugin/channels/webrtc/webrtc-server.js";
import { DatagramOffer, type OfferContext, type OfferedSession } from "../../plugin/server/datagram-offer.js";
import { UdpListener } from "../../plugin/server/udp-listener.js";
import { FakeClock } from "../compliance/fake-clock.js";

let clock: FakeClock;

beforeEach(() => {
  clock = new FakeClock();
});

afterEach(() => {
  vi.restoreAllMocks();
});

interface Session {
  readonly offer: DatagramOffer;
  offers: number;
}

function startSession(ends: boolean[] = []): Session {
  const session = { offers: 0 } as { offers: number; offer: DatagramOffer };
  const offered: OfferedSession = {
    isOpen: true,
    attach: () => {},
    detach: () => {},
    sendControl: ({ kind }) => void (kind === "udp" && session.offers++),
  };
  const udp = {
    endpoint: { createChannel: () => ({ channel: {}, connectionId: 1, secret: new Uint8Array(32) }) },
    announced: { host: undefined, port: 1 },
    onOpened: () => ends.push(true),
    onUnopened: () => ends.push(false),
  };
  const context: OfferContext = {
    sessionId: "s",
    wanted: ["udp"],
    udp: udp as unknown as UdpListener,
    webrtc: undefined,
    localAddress: undefined,
  };
  session.offer = new DatagramOffer(offered, context, clock);
  session.offer.start();
  return session;
}

/** The client asks for another channel every 100 ms; returns when it got one. */
function timesOfOffers(session: Session, durationMs: number): number[] {
  const times: number[] = [];
  for (let ms = 100; ms <= durationMs; ms += 100) {
    clock.advance(100);
    const before = session.offers;
    session.offer.onPeerClose();
    if (session.offers > before) times.push(ms);
  }
  return times;
}

describe("offers of a datagram channel", () => {
  test("to a client whose channels never open come after 500 ms, then twice as long each time, at most 30 s", () => {
    const ends: boolean[] = [];
    const session = startSession(ends);
    expect(session.offers).toBe(1);
    const times = timesOfOffers(session, 95_000);
    expect(times).toEqual([500, 1_500, 3_500, 7_500, 15_500, 31_500, 61_500, 91_500]);
    expect(new Set(ends)).toEqual(new Set([false]));
    // One for each offer, however often the client asks.
    expect(ends).toHaveLength(1 + times.length);
  });

  test("come after 500 ms again once a channel opened", () => {
    const session = startSession();
    const before = timesOfOffers(session, 3_500);
    expect(before).toEqual([500, 1_500, 3_500]);
    session.offer.onChannelOpen();
    expect(timesOfOffers(session, 1_500)).toEqual([500, 1_000]);
  });

  test("come after twice as long each time to a client whose channels ended because it sent too much, though each opened", () => {
    const session = startSession();
    const pauses: number[] = [];
    for (let i = 0; i < 8; i++) {
      clock.advance(40_000);
      session.offer.onChannelOpen();
      session.offer.onChannelClose(TOO_MANY_DATAGRAMS);
      pauses.push(timesOfOffers(session, 35_000)[0]!);
    }
    expect(pauses).toEqual([1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000, 30_000]);
    clock.advance(40_000);
    session.offer.onChannelOpen();
    session.offer.onChannelClose("connection disconnected");
    expect(timesOfOffers(session, 35_000)[0]).toBe(100);
  });

  test("that do not open for three clients in a row are logged once; one that opens starts the count anew", () => {
    const warn = vi.spyOn(logger, "warn").mockImplementation(() => {});
    const listener = new UdpListener({ port: 1, host: undefined, publicHost: undefined, publicPort: undefined });
    for (const id of ["a", "a", "a", "b"]) listener.onUnopened(id);
    listener.onOpened();
    for (const id of ["c", "d", "d"]) listener.onUnopened(id);
    expect(warn).not.toHaveBeenCalled();
    for (const id of ["e", "f", "g", "h", "i"]) listener.onUnopened(id);
    expect(warn).toHaveBeenCalledTimes(1);
    expect(warn.mock.calls[0]![0]).toContain("3 clients in a row got no answer by UDP");
  });
});
