/** The UDP client against the endpoint and against nobody: real sockets on 127.0.0.1. */

import { createSocket, type Socket } from "node:dgram";
import { once } from "node:events";
import { afterEach, describe, expect, test } from "vitest";
import type { DatagramChannel } from "../../plugin/channels/datagram-channel.js";
import { systemClock, type Clock } from "../../plugin/host/clock.js";
import { openUdpChannel, type UdpClientChannel } from "../../plugin/channels/udp/udp-client.js";
import { UdpOpener, UdpSealer } from "../../plugin/channels/udp/udp-envelope.js";
import { encodeChallenge, kindOf, tokenOf } from "../../plugin/channels/udp/udp-path.js";
import { UdpEndpoint } from "../../plugin/channels/udp/udp-server.js";
import { FakeClock } from "../compliance/fake-clock.js";

const HOST = "127.0.0.1";
const SESSION = { connectionId: 7, secret: new Uint8Array(32).fill(5) };

const closers: (() => unknown)[] = [];

afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

async function until(done: () => boolean): Promise<void> {
  const endMs = performance.now() + 5000;
  while (!done()) {
    if (performance.now() > endMs) throw new Error("nothing came in 5 s");
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
}

/** Lets what the kernel and the sockets have to say come in. */
async function settle(): Promise<void> {
  for (let i = 0; i < 20; i++) await new Promise((resolve) => setImmediate(resolve));
}

function closed(channel: DatagramChannel): Promise<string> {
  return new Promise((resolve) => {
    channel.onclose = resolve;
  });
}

async function connect(
  clock: Clock = systemClock,
): Promise<{ endpoint: UdpEndpoint; server: DatagramChannel; client: UdpClientChannel }> {
  const endpoint = await UdpEndpoint.bind({ port: 0, host: HOST, clock });
  const { channel: server, ...session } = endpoint.createChannel();
  const client = openUdpChannel({ host: HOST, port: endpoint.address().port, clock, ...session });
  closers.push(
    () => endpoint.close(),
    () => client.close(),
  );
  await until(() => client.state === "open" && server.state === "open");
  return { endpoint, server, client };
}

/** A port where nobody listens: it was free a moment ago. */
async function freePort(): Promise<number> {
  const socket = createSocket("udp4").bind(0, HOST);
  await once(socket, "listening");
  const { port } = socket.address();
  await new Promise<void>((resolve) => socket.close(() => resolve()));
  return port;
}

/** A relay to the server's port, whose own port on that side can change. */
async function startNat(serverPort: number): Promise<{ port: number; rebind(): Promise<void> }> {
  const inner = createSocket("udp4").bind(0, HOST);
  await once(inner, "listening");
  let clientPort = 0;
  let outer = await openOuter();
  inner.on("message", (packet, from) => {
    clientPort = from.port;
    outer.send(packet, serverPort, HOST);
  });
  closers.push(
    () => inner.close(),
    () => outer.close(),
  );

  async function openOuter(): Promise<Socket> {
    const socket = createSocket("udp4").bind(0, HOST);
    socket.on("message", (packet) => inner.send(packet, clientPort, HOST));
    await once(socket, "listening");
    return socket;
  }

  const rebind = async () => {
    const old = outer;
    outer = await openOuter();
    old.close();
  };
  return { port: inner.address().port, rebind };
}

describe("the UDP client", () => {
  test("says hello at its times and gives up with reason timeout where nobody listens, refusals notwithstanding", async () => {
    const clock = new FakeClock();
    const client = openUdpChannel({ host: HOST, port: await freePort(), timeoutMs: 3500, clock, ...SESSION });
    const ends: [string, number][] = [];
    client.onclose = (reason) => ends.push([reason, clock.now()]);
    await until(() => client.stats.sent > 0);
    const hellos = [clock.now()];
    while (ends.length === 0 && clock.now() < 10_000) {
      const { sent } = client.stats;
      clock.advance(50);
      await settle();
      if (client.stats.sent > sent) hellos.push(clock.now());
    }
    expect(hellos).toEqual([0, 100, 250, 500, 1000, 2000, 3000]);
    expect(client.stats).toMatchObject({ sent: hellos.length, rebinds: 0 });
    expect(client.stats.socketErrors).toBeGreaterThan(0);
    expect(ends).toEqual([["timeout", 3500]]);
    expect([client.state, clock.timerCount]).toEqual(["closed", 0]);
  });

  test("says no hello any more once it is open, and leaves no timer behind", async () => {
    const clock = new FakeClock();
    const { endpoint, client } = await connect(clock);
    await settle();
    const { sent } = client.stats;
    clock.advance(60_000);
    await settle();
    expect([client.state, client.stats.sent, endpoint.channelCount]).toEqual(["open", sent, 1]);
    client.rebind();
    client.close();
    expect(clock.timerCount).toBe(0);
  });

  test("says hello again until a server that starts late answers", async () => {
    const port = await freePort();
    const client = openUdpChannel({ host: HOST, port, ...SESSION });
    closers.push(() => client.close());
    await until(() => client.stats.sent >= 2);
    const socket = createSocket("udp4").bind(port, HOST);
    closers.push(() => socket.close());
    const sealer = new UdpSealer(SESSION.secret, "s2c", SESSION.connectionId);
    socket.on("message", (_packet, from) => socket.send(sealer.seal(Buffer.alloc(0)), from.port, from.address));
    await until(() => client.state === "open");
  });

  test("answers every challenge at once, and is open when the server sends anything else", async () => {
    const socket = createSocket("udp4").bind(0, HOST);
    await once(socket, "listening");
    closers.push(() => socket.close());
    const sealer = new UdpSealer(SESSION.secret, "s2c", SESSION.connectionId);
    const opener = new UdpOpener(SESSION.secret, "c2s", SESSION.connectionId);
    const client = openUdpChannel({ host: HOST, port: socket.address().port, ...SESSION });
    closers.push(() => client.close());
    const token = Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8);
    const answers: Uint8Array[] = [];
    let probes = 0;
    let challenges = 0;
    let confirm = false;
    socket.on("message", (packet, from) => {
      const opened = opener.open(packet);
      if (!opened.ok) return;
      const kind = kindOf(opened.datagram);
      if (kind === "response") answers.push(Buffer.from(tokenOf(opened.datagram)));
      if (kind !== "probe") return;
      probes++;
      const reply = confirm ? Buffer.alloc(0) : encodeChallenge(token);
      if (!confirm) challenges++;
      socket.send(sealer.seal(reply), from.port, from.address);
    });
    await until(() => answers.length >= 2);
    expect(client.state).toBe("connecting");
    confirm = true;
    await until(() => client.state === "open");
    await until(() => answers.length === challenges);
    for (const answer of answers) expect(answer).toEqual(Buffer.from(token));
    expect(probes).toBeGreaterThan(challenges);
  });

  test("does not open for what is not authentic", async () => {
    const socket = createSocket("udp4").bind(0, HOST);
    await once(socket, "listening");
    closers.push(() => socket.close());
    const client = openUdpChannel({ host: HOST, port: socket.address().port, ...SESSION });
    closers.push(() => client.close());
    const forged = Buffer.alloc(40);
    forged.writeUInt32LE(SESSION.connectionId, 0);
    socket.on("message", (_packet, from) => {
      for (let i = 0; i < 30; i++) socket.send(forged, from.port, from.address);
    });
    let opened = false;
    client.onopen = () => {
      opened = true;
    };
    await until(() => client.stats.unauthentic > 30);
    expect([opened, client.state, client.stats.accepted]).toEqual([false, "connecting", 0]);
  });

  test("ends with reason aborted, before it begins and later", async () => {
    const early = openUdpChannel({ host: HOST, port: 9, signal: AbortSignal.abort(), ...SESSION });
    expect(await closed(early)).toBe("aborted");
    const controller = new AbortController();
    const late = openUdpChannel({ host: HOST, port: await freePort(), signal: controller.signal, ...SESSION });
    const reason = closed(late);
    controller.abort();
    expect(await reason).toBe("aborted");
  });

  test("ends with the resolver's error for a name that does not exist", async () => {
    const client = openUdpChannel({ host: "no such host", port: 9, ...SESSION });
    expect(await closed(client)).toMatch(/^lookup: /);
  });

  test("keeps the session when it takes a new socket, and the server follows", async () => {
    const { endpoint, server, client } = await connect();
    const received: string[] = [];
    client.ondatagram = (datagram) => received.push(Buffer.from(datagram).toString());
    const before = client.localPort;
    const { challenges } = endpoint.stats;
    client.rebind();
    await until(() => {
      server.send(Buffer.from("found you")); // to the old socket until the new one has answered the challenge
      return received.length > 0;
    });
    expect(client.localPort).not.toBe(before);
    expect(endpoint.stats.challenges).toBe(challenges + 1);
    expect(received[0]).toBe("found you");
    expect(client.state).toBe("open");
  });

  test("goes on behind a NAT that gives it another port, without knowing", async () => {
    const endpoint = await UdpEndpoint.bind({ port: 0, host: HOST });
    closers.push(() => endpoint.close());
    const nat = await startNat(endpoint.address().port);
    const { channel: server, ...session } = endpoint.createChannel();
    const client = openUdpChannel({ host: HOST, port: nat.port, ...session });
    closers.push(() => client.close());
    await until(() => client.state === "open" && server.state === "open");
    const [up, down] = [new Set<string>(), new Set<string>()];
    server.ondatagram = (datagram) => up.add(Buffer.from(datagram).toString());
    client.ondatagram = (datagram) => down.add(Buffer.from(datagram).toString());
    const { challenges } = endpoint.stats;
    await nat.rebind();
    server.send(Buffer.from("lost at the old port"));
    client.send(Buffer.from("first"));
    await until(() => up.has("first"));
    await until(() => {
      server.send(Buffer.from("found you"));
      return down.has("found you");
    });
    expect([...down]).toEqual(["found you"]);
    expect(endpoint.stats.challenges).toBeGreaterThan(challenges);
  });

  test("survives the end of its server without an event: the session's end is the WebSocket's", async () => {
    const { endpoint, client } = await connect();
    const events: string[] = [];
    client.onclose = (reason) => events.push(reason);
    await endpoint.close();
    for (let i = 0; i < 5; i++) {
      client.send(Buffer.from("anyone"));
      await new Promise((resolve) => setTimeout(resolve, 2));
    }
    expect(events).toEqual([]);
    expect(client.state).toBe("open");
  });
});
