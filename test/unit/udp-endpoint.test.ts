/** The UDP endpoint against hand-made clients and attackers: real sockets on 127.0.0.1, waits for counters and never for time. 400 lines and more: all tests share the clients. */

import { createSocket, type Socket } from "node:dgram";
import { once } from "node:events";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import type { DatagramChannel } from "../../plugin/channels/datagram-channel.js";
import { UDP_BUDGET_DEFAULT, type UdpBudgetOptions } from "../../plugin/channels/udp/udp-budget.js";
import { UdpOpener, UdpSealer } from "../../plugin/channels/udp/udp-envelope.js";
import { encodeResponse, kindOf, tokenOf } from "../../plugin/channels/udp/udp-path.js";
import { UdpEndpoint, type UdpEndpointOptions } from "../../plugin/channels/udp/udp-server.js";
import { FakeClock } from "../compliance/fake-clock.js";

/** The sockets that the plugin made: some packets no test can send, so they are given to the handler. */
const pluginSockets = vi.hoisted(() => [] as Socket[]);

vi.mock(import("../../plugin/channels/udp/udp-socket.js"), async (original) => {
  const module = await original();
  const createUdpSocket: typeof module.createUdpSocket = (type) => {
    const socket = module.createUdpSocket(type);
    pluginSockets.push(socket);
    return socket;
  };
  return { ...module, createUdpSocket };
});

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

/** A tenth of the default, for a cipher run takes its time. */
const BUDGET: UdpBudgetOptions = {
  ...UDP_BUDGET_DEFAULT,
  common: { perSecond: 400, burst: 400 },
  datagrams: { perSecond: 200, burst: 400 },
};

interface Session {
  channel: DatagramChannel;
  connectionId: number;
  secret: Uint8Array;
  sealer: UdpSealer;
  opener: UdpOpener;
  received: string[];
}

function createSession(): Session {
  const { channel, connectionId, secret } = endpoint.createChannel();
  const received: string[] = [];
  channel.ondatagram = (datagram) => received.push(Buffer.from(datagram).toString());
  return {
    channel,
    connectionId,
    secret,
    received,
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

/** Sends a packet from an address that is not validated; resolves with the challenge that comes back, opened. */
async function challengeFor(client: RawClient, session: Session, packet: Buffer): Promise<Buffer> {
  const before = client.heard.length;
  await sendAll(client, [packet]);
  await until(() => client.heard.length > before);
  const opened = session.opener.open(client.heard[before]!);
  if (!opened.ok || kindOf(opened.datagram) !== "challenge") throw new Error("expected a challenge");
  return opened.datagram;
}

/** Proves to be at the client's address, and forgets what that was answered: a challenge and a probe. */
async function validate(client: RawClient, session: Session): Promise<void> {
  const challenge = await challengeFor(client, session, session.sealer.seal(empty));
  const before = client.heard.length;
  await sendAll(client, [session.sealer.seal(encodeResponse(tokenOf(challenge)))]);
  await until(() => client.heard.length > before);
  expect(session.opener.open(client.heard[before]!)).toMatchObject({ ok: true, datagram: empty });
  client.heard.length = 0;
}

/** Gives the endpoint a packet as if it came from there. */
function emitFrom(address: string, port: number, packet: Buffer): void {
  pluginSockets.at(-1)!.emit("message", packet, { address, port, family: "IPv4", size: packet.length });
}

beforeEach(() => {
  sockets = [];
});

afterEach(async () => {
  for (const socket of sockets) socket.close();
  await endpoint.close();
});

describe("the UDP endpoint", () => {
  test("challenges a probe, opens with the answer, answers further probes with probes, and hands on the rest", async () => {
    await bind();
    const session = createSession();
    let opens = 0;
    session.channel.onopen = () => opens++;
    const client = await rawClient();
    const challenge = await challengeFor(client, session, session.sealer.seal(empty));
    expect(challenge).toHaveLength(10);
    expect([session.channel.state, session.channel.send(text("early"))]).toEqual(["connecting", false]);
    await sendAll(client, [
      session.sealer.seal(encodeResponse(tokenOf(challenge))),
      session.sealer.seal(text("hello")),
      session.sealer.seal(empty),
    ]);
    expect(session.channel.state).toBe("open");
    expect(opens).toBe(1);
    expect(session.received).toEqual(["hello"]);
    await until(() => client.heard.length === 3);
    for (const packet of client.heard.slice(1))
      expect(session.opener.open(packet)).toMatchObject({ ok: true, datagram: empty });
    expect(session.channel.send(text("welcome"))).toBe(true);
    await until(() => client.heard.length === 4);
    expect(session.opener.open(client.heard[3]!)).toMatchObject({ ok: true, datagram: text("welcome"), counter: 3 });
    expect(session.channel.overheadBytes).toBe(24 + 28);
  });

  test("sends an address that never answers nothing but challenges, at most three times the bytes that came from it", async () => {
    await bind();
    const session = createSession();
    const victim = await rawClient();
    const packets = [session.sealer.seal(empty), session.sealer.seal(text("data")), session.sealer.seal(empty)];
    await sendAll(victim, packets);
    await until(() => victim.heard.length === 3);
    for (const packet of victim.heard)
      expect(kindOf((session.opener.open(packet) as { datagram: Buffer }).datagram)).toBe("challenge");
    const bytes = (list: Buffer[]): number => list.reduce((sum, packet) => sum + packet.length, 0);
    expect(bytes(victim.heard)).toBeLessThanOrEqual(3 * bytes(packets));
    expect(session.channel.state).toBe("connecting");
    expect(session.channel.send(text("patch"))).toBe(false);
    expect(session.received).toEqual([]);
    expect(endpoint.stats).toMatchObject({ accepted: 3, challenges: 3, sent: 3 });
  });

  test("opens for nothing but the right token, from the address that it was sent to, in time", async () => {
    const clock = new FakeClock();
    await bind({ clock });
    const session = createSession();
    const [client, other] = [await rawClient(), await rawClient()];
    const challenge = await challengeFor(client, session, session.sealer.seal(empty));
    const wrong = Buffer.from(tokenOf(challenge));
    wrong[7]! ^= 1;
    await sendAll(other, [session.sealer.seal(encodeResponse(tokenOf(challenge)))]);
    await sendAll(client, [
      session.sealer.seal(encodeResponse(wrong)),
      session.sealer.seal(challenge),
      session.sealer.seal(text("\0\x03later")),
    ]);
    clock.advance(15_000);
    await sendAll(client, [session.sealer.seal(encodeResponse(tokenOf(challenge)))]);
    expect(session.channel.state).toBe("connecting");
    expect(session.received).toEqual([]);
    await until(() => client.heard.length === endpoint.stats.challenges - other.heard.length);
    await validate(client, session);
    expect(session.channel.state).toBe("open");
  });

  test("does not move for datagrams that a stranger on the path sends on first, and sends that one no data", async () => {
    await bind();
    const session = createSession();
    const [client, attacker] = [await rawClient(), await rawClient()];
    await validate(client, session);
    await sendAll(attacker, [session.sealer.seal(text("raced")), session.sealer.seal(empty)]);
    for (let i = 0; i < 5; i++) session.channel.send(text("patch"));
    await until(() => client.heard.length === 5 && attacker.heard.length === 2);
    expect(session.received).toEqual(["raced"]);
    expect(attacker.heard.map((packet) => packet.length)).toEqual([34, 34]);
    expect(session.channel.state).toBe("open");
  });

  test("does not go back to an address for an answer that is older than what the new one sent", async () => {
    await bind();
    const session = createSession();
    const [old, now] = [await rawClient(), await rawClient()];
    const challenge = await challengeFor(old, session, session.sealer.seal(empty));
    const late = session.sealer.seal(encodeResponse(tokenOf(challenge)));
    await validate(now, session);
    await sendAll(old, [late]);
    session.channel.send(text("here"));
    await until(() => now.heard.length === 1);
    expect(old.heard).toHaveLength(1);
  });

  test("counts a datagram from port 0 as malformed, and lives", async () => {
    await bind();
    const session = createSession();
    emitFrom(HOST, 0, session.sealer.seal(empty));
    expect(endpoint.stats).toMatchObject({ received: 1, malformed: 1, accepted: 0, sent: 0 });
  });

  test("counts sends that node:dgram throws for, and lives", async () => {
    await bind();
    const session = createSession();
    emitFrom(HOST, 70_000, session.sealer.seal(empty));
    expect(endpoint.stats).toMatchObject({ accepted: 1, sendErrors: 1 });
    await validate(await rawClient(), session);
  });

  test("ends one channel, and no more, for an error while it takes a datagram", async () => {
    await bind();
    const [bad, good] = [createSession(), createSession()];
    const client = await rawClient();
    await validate(client, bad);
    await validate(client, good);
    const reasons: string[] = [];
    bad.channel.onclose = (reason) => reasons.push(reason);
    bad.channel.ondatagram = () => {
      throw new Error("handler");
    };
    await sendAll(client, [bad.sealer.seal(text("x")), good.sealer.seal(text("y"))]);
    expect(reasons).toEqual(["internal error"]);
    expect(good.received).toEqual(["y"]);
    expect(endpoint.stats.internalErrors).toBe(1);
  });

  test("throws RangeError for a datagram that looks like the channel's own", async () => {
    await bind();
    expect(() => createSession().channel.send(Uint8Array.of(0, 1))).toThrow(
      '"datagram" expected a first byte of 1..255, got 0',
    );
  });

  test("keeps sessions apart on one socket", async () => {
    await bind();
    const [one, two] = [createSession(), createSession()];
    const client = await rawClient();
    await validate(client, one);
    await validate(client, two);
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
    expect(endpoint.stats).toMatchObject({
      received: 24,
      malformed: 3,
      unknownConnection: 1,
      unauthentic: 20,
      accepted: 0,
      sent: 0,
    });
    expect(session.channel.state).toBe("connecting");
    expect(session.channel.send(text("x"))).toBe(false);
    await validate(client, session);
    await sendAll(client, [session.sealer.seal(text("still here"))]);
    expect(session.received).toEqual(["still here"]);
  });

  test("drops what jumps ahead before the budget for garbage pays for it, and an authentic one like the rest", async () => {
    await bind({ budget: { ...UDP_BUDGET_DEFAULT, common: { perSecond: 0, burst: 0 } } });
    const session = createSession();
    const client = await rawClient();
    await validate(client, session);
    const forged = garbageFor(session, 500);
    forged.forEach((packet, i) => packet.writeUInt32LE(1_000_000 * (1 + i), 4));
    const { connectionId, secret } = session;
    const jumps = [2 ** 22, 2 ** 23, 2 ** 22 - 1].map((at) => new UdpSealer(secret, "c2s", connectionId, at));
    await sendAll(client, [...forged, ...jumps.map((sealer) => sealer.seal(text("jump")))]);
    expect(endpoint.stats).toMatchObject({ farAhead: 503, unauthentic: 0, overBudget: 0 });
    await sendAll(client, [session.sealer.seal(text("still here"))]);
    expect(session.received).toEqual(["still here"]);
  });

  test("answers nothing that is not authentic: not before the channel is open, and not after", async () => {
    await bind();
    const session = createSession();
    const [client, attacker] = [await rawClient(), await rawClient()];
    await sendAll(attacker, garbageFor(session, 10));
    await validate(client, session);
    const stolen = session.sealer.seal(text("once"));
    await sendAll(client, [stolen]);
    await sendAll(attacker, [...garbageFor(session, 10), stolen]);
    session.channel.send(text("for the client"));
    await until(() => client.heard.length === 1);
    expect(attacker.heard).toEqual([]);
    expect(endpoint.stats).toMatchObject({ sent: 3, challenges: 1, unauthentic: 20 - 3, replayed: 1 + 3 });
  });

  test("does not take back a datagram of its own, reflected", async () => {
    await bind();
    const session = createSession();
    const client = await rawClient();
    await validate(client, session);
    for (let i = 0; i < 5; i++) session.channel.send(text("mirror"));
    await until(() => client.heard.length === 5);
    await sendAll(client, client.heard);
    expect(session.received).toEqual([]);
    expect(endpoint.stats.unauthentic).toBe(5);
  });

  test("follows a client to another address once that is validated, and takes its datagrams meanwhile", async () => {
    await bind();
    const session = createSession();
    const [home, mobile] = [await rawClient(), await rawClient()];
    await validate(home, session);
    await sendAll(home, [session.sealer.seal(text("a"))]);
    const challenge = await challengeFor(mobile, session, session.sealer.seal(text("b")));
    session.channel.send(text("not proved yet"));
    await until(() => home.heard.length === 1);
    await sendAll(mobile, [session.sealer.seal(encodeResponse(tokenOf(challenge)))]);
    session.channel.send(text("where are you"));
    await until(() => mobile.heard.length === 3); // a challenge, a probe, the datagram
    expect(home.heard).toHaveLength(1);
    expect(session.received).toEqual(["a", "b"]);
  });

  test("does not move for an old datagram from elsewhere, new to it or replayed", async () => {
    await bind();
    const session = createSession();
    const [client, attacker] = [await rawClient(), await rawClient()];
    await validate(client, session);
    const seen = session.sealer.seal(text("seen"));
    const held = session.sealer.seal(text("held back"));
    await sendAll(client, [seen, session.sealer.seal(text("newer"))]);
    await sendAll(attacker, [seen, held]);
    expect(session.received).toEqual(["seen", "newer", "held back"]);
    session.channel.send(text("to the client"));
    await until(() => client.heard.length === 1);
    expect(attacker.heard).toEqual([]);
  });

  test("takes a session's datagrams up to a rate after a burst, drops the rest before the cipher, and leaves the others theirs", async () => {
    const clock = new FakeClock();
    await bind({ budget: BUDGET, clock });
    const [busy, calm] = [createSession(), createSession()];
    const client = await rawClient();
    await validate(client, busy);
    await validate(client, calm);
    const send = (session: Session, count: number): void => {
      for (let i = 0; i < count; i++) emitFrom(HOST, client.port, session.sealer.seal(text("ping")));
    };
    clock.advance(60_000);
    send(busy, 500);
    expect([busy.received.length, endpoint.stats.overRate]).toEqual([400, 100]);
    send(calm, 10);
    expect(calm.received).toHaveLength(10);
    clock.advance(1000);
    send(busy, 500);
    expect([busy.received.length, endpoint.stats.overRate]).toEqual([600, 400]);
    for (let ms = 0; ms < 2000; ms += 10, clock.advance(10)) {
      send(busy, 3);
      if (ms % 20 === 0) send(calm, 1);
    }
    expect([busy.received.length, calm.received.length]).toEqual([600 + 398, 110]);
  });

  test("sends 10 challenges a second for one session after 20, and the others theirs", async () => {
    const clock = new FakeClock();
    await bind({ clock });
    const [reflecting, honest] = [createSession(), createSession()];
    const probeFrom = (count: number): void => {
      for (let i = 0; i < count; i++) emitFrom(`127.1.${i >> 8}.${i & 255}`, 4000, reflecting.sealer.seal(empty));
    };
    probeFrom(1000);
    expect(endpoint.stats).toMatchObject({ accepted: 1000, challenges: 20, challengesDropped: 980 });
    await validate(await rawClient(), honest);
    clock.advance(1000);
    probeFrom(1000);
    expect(endpoint.stats).toMatchObject({ challenges: 31, challengesDropped: 980 + 990 });
    clock.advance(1000);
    await validate(await rawClient(), reflecting);
  });

  test("bounds the cipher's work for garbage under one id from any number of addresses, and others open and move meanwhile", async () => {
    const clock = new FakeClock();
    await bind({ budget: BUDGET, clock });
    const [attacking, moving] = [createSession(), createSession()];
    const before = await rawClient();
    await validate(before, moving);
    const [garbage] = garbageFor(attacking, 1);
    for (let ms = 0; ms < 2000; ms++, clock.advance(1)) {
      emitFrom(`10.1.${ms >> 8}.${ms & 255}`, 5000, garbage!);
      emitFrom(HOST, 5000, garbage!);
    }
    // 400 at once and 400 a second from the store that all share; 100 and 20 of the session's own.
    expect(endpoint.stats.unauthentic).toBeGreaterThan(1300);
    expect(endpoint.stats.unauthentic).toBeLessThanOrEqual(400 + 100 + 2 * (400 + 20) + 2);
    expect(endpoint.stats.overBudget + endpoint.stats.unauthentic).toBe(4000);
    await validate(await rawClient(), createSession());
    await validate(await rawClient(), moving);
    for (let i = 0; i < 100; i++) emitFrom("10.1.1.1", 6000, garbage!);
    const { challenges } = endpoint.stats;
    emitFrom("10.1.1.1", 6000, attacking.sealer.seal(empty));
    expect(endpoint.stats.challenges).toBe(challenges);
    clock.advance(1000);
    await validate(await rawClient(), attacking);
  });

  test("keeps a session that is open for garbage from its own address: what the common store allows does it no harm, more costs a bounded time", async () => {
    const clock = new FakeClock();
    await bind({ budget: BUDGET, clock });
    const session = createSession();
    const client = await rawClient();
    await validate(client, session);
    const forge = (count: number): void => {
      for (const packet of garbageFor(session, count)) {
        packet.writeUInt32LE(60_000, 4); // a counter that is not seen yet, nor too far ahead
        emitFrom(HOST, client.port, packet);
      }
    };
    let sent = 0;
    for (let ms = 0; ms < 4000; ms += 8, clock.advance(8)) {
      forge(3);
      emitFrom(HOST, client.port, session.sealer.seal(text(String(sent++))));
    }
    expect(session.received).toHaveLength(sent);
    const { unauthentic } = endpoint.stats;
    for (let ms = 0; ms < 2000; ms++, clock.advance(1)) forge(2);
    expect(endpoint.stats.unauthentic - unauthentic).toBeGreaterThan(800);
    expect(endpoint.stats.unauthentic - unauthentic).toBeLessThanOrEqual(400 + 200 + 2 * (400 + 50) + 2);
    clock.advance(1000);
    emitFrom(HOST, client.port, session.sealer.seal(text("again")));
    expect(session.received.at(-1)).toBe("again");
  });

  test("keeps for each place of each session a share of its own when all the rest is used up", async () => {
    const budget: UdpBudgetOptions = {
      ...UDP_BUDGET_DEFAULT,
      session: { perSecond: 10, burst: 10 },
      strangers: { perSecond: 20, burst: 30 },
      common: { perSecond: 1, burst: 100 },
    };
    const clock = new FakeClock();
    await bind({ budget, clock });
    const [open, waiting] = [createSession(), createSession()];
    const [client, attacker] = [await rawClient(), await rawClient()];
    await validate(client, open);
    await sendAll(attacker, garbageFor(waiting, 500));
    expect(endpoint.stats).toMatchObject({ unauthentic: 130, overBudget: 370 });
    await sendAll(client, garbageFor(open, 300));
    // Two of the 300 repeat a counter: dropped before the cipher.
    expect(endpoint.stats).toMatchObject({ unauthentic: 140, replayed: 2, overBudget: 370 + 288 });
    await sendAll(attacker, garbageFor(open, 300));
    expect(endpoint.stats).toMatchObject({ unauthentic: 170, replayed: 4, overBudget: 370 + 288 + 268 });
    clock.advance(100);
    await sendAll(client, [open.sealer.seal(text("again"))]);
    expect(open.received).toEqual(["again"]);
    await validate(attacker, waiting);
  });

  test("forgets a session that is closed", async () => {
    await bind();
    const session = createSession();
    const client = await rawClient();
    await validate(client, session);
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
    await validate(client, session);
    expect(session.channel.overheadBytes).toBe(24 + 28);
  });
});
