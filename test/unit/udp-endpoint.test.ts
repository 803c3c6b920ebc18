/** The UDP endpoint against hand-made clients and attackers: real sockets on 127.0.0.1, waits for counters and never for time. */

import { createSocket, type Socket } from "node:dgram";
import { once } from "node:events";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { DatagramChannel } from "../../plugin/channels/datagram-channel.js";
import type { GarbageBudgetOptions } from "../../plugin/channels/udp/udp-budget.js";
import { UdpOpener, UdpSealer } from "../../plugin/channels/udp/udp-envelope.js";
import { UdpEndpoint, type UdpEndpointOptions } from "../../plugin/channels/udp/udp-server.js";

const HOST = "127.0.0.1";

/** A client made by hand: it seals and opens, and keeps all that it hears. */
interface RawClient {
  socket: Socket;
  port: number;
  heard: Buffer[];
}

let endpoint: UdpEndpoint;
let sockets: Socket[];

async function bind(options: Partial<UdpEndpointOptions> = {}): Promise<void> {
  endpoint = await UdpEndpoint.bind({ port: 0, host: HOST, ...options });
}

async function rawClient(): Promise<RawClient> {
  const socket = createSocket("udp4");
  sockets.push(socket);
  const heard: Buffer[] = [];
  socket.on("message", (packet) => heard.push(packet));
  socket.bind(0, HOST);
  await once(socket, "listening");
  return { socket, port: socket.address().port, heard };
}

/** Sends packets and waits until the endpoint has seen them all; few at a time, so that no kernel buffer overflows. */
async function sendAll(from: RawClient, packets: Buffer[]): Promise<void> {
  for (let start = 0; start < packets.length; start += 50) {
    const batch = packets.slice(start, start + 50);
    const goal = endpoint.stats.received + batch.length;
    for (const packet of batch) from.socket.send(packet, endpoint.address().port, HOST);
    await until(() => endpoint.stats.received >= goal);
  }
}

async function until(done: () => boolean): Promise<void> {
  const endMs = performance.now() + 5000;
  while (!done()) {
    if (performance.now() > endMs) throw new Error("nothing came in 5 s");
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
}

interface Session {
  channel: DatagramChannel;
  connectionId: number;
  sealer: UdpSealer;
  opener: UdpOpener;
  received: string[];
}

function createSession(): Session {
  const { channel, connectionId, secret } = endpoint.createChannel();
  const received: string[] = [];
  channel.ondatagram = (datagram) => received.push(Buffer.from(datagram).toString());
  return {
    channel, connectionId, received,
    sealer: new UdpSealer(secret, "c2s", connectionId),
    opener: new UdpOpener(secret, "s2c", connectionId),
  };
}

const text = (value: string): Buffer => Buffer.from(value);
const empty = Buffer.alloc(0);

/** The right id, and noise. */
function garbageFor(session: Session, count: number): Buffer[] {
  return Array.from({ length: count }, (_, i) => {
    const packet = Buffer.alloc(60, i);
    packet.writeUInt32LE(session.connectionId, 0);
    packet.writeUInt32LE(i, 4);
    return packet;
  });
}

beforeEach(() => {
  sockets = [];
});

afterEach(async () => {
  for (const socket of sockets) socket.close();
  await endpoint.close();
});

describe("the UDP endpoint", () => {
  test("opens a channel with the first authentic datagram, answers a probe with a probe, and hands on the rest", async () => {
    await bind();
    const session = createSession();
    let opens = 0;
    session.channel.onopen = () => opens++;
    const client = await rawClient();
    expect(session.channel.state).toBe("connecting");
    await sendAll(client, [session.sealer.seal(empty), session.sealer.seal(text("hello"))]);
    expect(session.channel.state).toBe("open");
    expect(opens).toBe(1);
    expect(session.received).toEqual(["hello"]);
    await until(() => client.heard.length === 1);
    expect(session.opener.open(client.heard[0]!)).toMatchObject({ ok: true, datagram: empty, counter: 0 });
    expect(session.channel.send(text("welcome"))).toBe(true);
    await until(() => client.heard.length === 2);
    expect(session.opener.open(client.heard[1]!)).toMatchObject({ ok: true, datagram: text("welcome"), counter: 1 });
    expect(session.channel.overheadBytes).toBe(24 + 28);
  });

  test("keeps sessions apart on one socket", async () => {
    await bind();
    const [one, two] = [createSession(), createSession()];
    const client = await rawClient();
    await sendAll(client, [one.sealer.seal(text("1")), two.sealer.seal(text("2"))]);
    expect([one.received, two.received]).toEqual([["1"], ["2"]]);
    expect(one.connectionId).not.toBe(two.connectionId);
  });

  test("counts garbage, and garbage changes nothing else", async () => {
    await bind();
    const session = createSession();
    const client = await rawClient();
    const unknown = garbageFor(session, 1)[0]!;
    unknown.writeUInt32LE((session.connectionId + 1) >>> 0, 0);
    await sendAll(client, [Buffer.alloc(0), Buffer.alloc(23), Buffer.alloc(1201), unknown, ...garbageFor(session, 20)]);
    expect(endpoint.stats).toMatchObject({ received: 24, malformed: 3, unknownConnection: 1, unauthentic: 20, accepted: 0, sent: 0 });
    expect(session.channel.state).toBe("connecting");
    expect(session.channel.send(text("x"))).toBe(false);
    await sendAll(client, [session.sealer.seal(text("still here"))]);
    expect(session.received).toEqual(["still here"]);
  });

  test("answers nothing that is not authentic: not before the channel is open, and not after", async () => {
    await bind();
    const session = createSession();
    const [client, attacker] = [await rawClient(), await rawClient()];
    await sendAll(attacker, garbageFor(session, 10));
    await sendAll(client, [session.sealer.seal(text("open"))]);
    const stolen = session.sealer.seal(text("once"));
    await sendAll(client, [stolen]);
    await sendAll(attacker, [...garbageFor(session, 10), stolen]);
    session.channel.send(text("for the client"));
    await until(() => client.heard.length === 1);
    expect(attacker.heard).toEqual([]);
    expect(endpoint.stats).toMatchObject({ sent: 1, unauthentic: 20 - 2, replayed: 3 });
  });

  test("does not take back a datagram of its own, reflected", async () => {
    await bind();
    const session = createSession();
    const client = await rawClient();
    await sendAll(client, [session.sealer.seal(empty)]);
    await until(() => client.heard.length === 1);
    for (let i = 0; i < 5; i++) session.channel.send(text("mirror"));
    await until(() => client.heard.length === 6);
    await sendAll(client, client.heard.slice(1));
    expect(session.received).toEqual([]);
    expect(endpoint.stats.unauthentic).toBe(5);
  });

  test("follows a client to another address", async () => {
    await bind();
    const session = createSession();
    const [home, mobile] = [await rawClient(), await rawClient()];
    await sendAll(home, [session.sealer.seal(text("a"))]);
    await sendAll(mobile, [session.sealer.seal(text("b"))]);
    session.channel.send(text("where are you"));
    await until(() => mobile.heard.length === 1);
    expect(home.heard).toEqual([]);
    expect(session.received).toEqual(["a", "b"]);
  });

  test("does not move for an old datagram from elsewhere, new to it or replayed", async () => {
    await bind();
    const session = createSession();
    const [client, attacker] = [await rawClient(), await rawClient()];
    const seen = session.sealer.seal(text("seen"));
    const held = session.sealer.seal(text("held back"));
    await sendAll(client, [seen, session.sealer.seal(text("newer"))]);
    await sendAll(attacker, [seen, held]);
    expect(session.received).toEqual(["seen", "newer", "held back"]);
    session.channel.send(text("to the client"));
    await until(() => client.heard.length === 1);
    expect(attacker.heard).toEqual([]);
  });

  test("bounds the cipher's work for garbage from one source, and open sessions go on meanwhile", async () => {
    const garbageBudget: GarbageBudgetOptions = {
      session: { perSecond: 10, burst: 10 },
      source: { perSecond: 10, burst: 30 },
      global: { perSecond: 1000, burst: 1000 },
    };
    let nowMs = 0;
    await bind({ garbageBudget, now: () => nowMs });
    const [open, waiting] = [createSession(), createSession()];
    const [client, attacker] = [await rawClient(), await rawClient()];
    await sendAll(client, [open.sealer.seal(text("in"))]);
    await sendAll(attacker, garbageFor(waiting, 500));
    expect(endpoint.stats).toMatchObject({ unauthentic: 30, overBudget: 470 });
    await sendAll(client, [open.sealer.seal(text("on"))]);
    expect(open.received).toEqual(["in", "on"]);
    nowMs = 1000;
    await sendAll(attacker, garbageFor(waiting, 500));
    expect(endpoint.stats).toMatchObject({ unauthentic: 40, overBudget: 960 });
  });

  test("bounds the cipher's work for garbage from a session's own address", async () => {
    const garbageBudget: GarbageBudgetOptions = {
      session: { perSecond: 10, burst: 10 },
      source: { perSecond: 10, burst: 1000 },
      global: { perSecond: 1000, burst: 1000 },
    };
    let nowMs = 0;
    await bind({ garbageBudget, now: () => nowMs });
    const session = createSession();
    const client = await rawClient();
    await sendAll(client, [session.sealer.seal(text("in"))]);
    await sendAll(client, garbageFor(session, 300));
    // One of the 300 repeats the counter 0: dropped before the cipher.
    expect(endpoint.stats).toMatchObject({ unauthentic: 10, replayed: 1, overBudget: 289 });
    nowMs = 100;
    await sendAll(client, [session.sealer.seal(text("again"))]);
    expect(session.received).toEqual(["in", "again"]);
  });

  test("forgets a session that is closed", async () => {
    await bind();
    const session = createSession();
    const client = await rawClient();
    await sendAll(client, [session.sealer.seal(text("in"))]);
    session.channel.close();
    expect(endpoint.channelCount).toBe(0);
    await sendAll(client, [session.sealer.seal(text("late"))]);
    expect(endpoint.stats.unknownConnection).toBe(1);
    expect(session.received).toEqual(["in"]);
  });

  test("close ends every channel and frees the port", async () => {
    await bind();
    const session = createSession();
    const reasons: string[] = [];
    session.channel.onclose = (reason) => reasons.push(reason);
    const { port } = endpoint.address();
    await Promise.all([endpoint.close(), endpoint.close()]);
    expect(reasons).toEqual(["endpoint closed"]);
    expect(session.channel.send(text("x"))).toBe(false);
    expect(() => endpoint.createChannel()).toThrow("closed");
    await bind({ port });
    expect(endpoint.address().port).toBe(port);
  });

  test("rejects a port that is taken", async () => {
    await bind();
    const { port } = endpoint.address();
    await expect(UdpEndpoint.bind({ port, host: HOST })).rejects.toMatchObject({ code: "EADDRINUSE" });
  });

  test("without a host, serves IPv4 clients on whatever socket the machine allows", async () => {
    endpoint = await UdpEndpoint.bind({ port: 0 });
    const session = createSession();
    const client = await rawClient();
    await sendAll(client, [session.sealer.seal(empty)]);
    await until(() => client.heard.length === 1);
    expect(session.channel.overheadBytes).toBe(24 + 28);
  });
});
