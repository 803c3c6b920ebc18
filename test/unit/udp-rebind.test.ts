/**
 * The UDP client on a network that goes away, or that someone floods: real sockets, whose connect the kernel refuses while
 * the network is "down" (a broadcast address without leave to broadcast), and a clock that the test moves.
 */

import { createSocket, type Socket } from "node:dgram";
import { once } from "node:events";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import type { DatagramChannel } from "../../plugin/channels/datagram-channel.js";
import { openUdpChannel, type UdpClientChannel } from "../../plugin/channels/udp/udp-client.js";
import { UdpEndpoint } from "../../plugin/channels/udp/udp-server.js";
import { FakeClock } from "../compliance/fake-clock.js";

/** The address families whose sockets cannot be connected now. */
const down = vi.hoisted(() => new Set<"udp4" | "udp6">());
/** The sockets that the plugin made: a flood goes straight to the handler, for the kernel would lose some of it. */
const pluginSockets = vi.hoisted(() => [] as Socket[]);

vi.mock(import("../../plugin/channels/udp/udp-socket.js"), async (original) => {
  const module = await original();
  const createUdpSocket: typeof module.createUdpSocket = (type) => {
    const socket = module.createUdpSocket(down.has(type) ? "udp4" : type);
    pluginSockets.push(socket);
    if (!down.has(type)) return socket;
    const connect = socket.connect.bind(socket) as (
      port: number,
      address: string,
      done: (error?: Error) => void,
    ) => void;
    socket.connect = ((port: number, _address: string, done: (error?: Error) => void) =>
      connect(port, "255.255.255.255", done)) as Socket["connect"];
    return socket;
  };
  return { ...module, createUdpSocket };
});

vi.mock(import("node:dns/promises"), async (original) => {
  const module = await original();
  const both = [
    { address: "127.0.0.1", family: 4 },
    { address: "::1", family: 6 },
  ];
  const lookup = ((host: string, options: object) =>
    host === "both.test" ? Promise.resolve(both) : module.lookup(host, options)) as typeof module.lookup;
  return { ...module, default: module, lookup };
});

const HOST = "127.0.0.1";

const closers: (() => unknown)[] = [];
let clock: FakeClock;

beforeEach(() => {
  clock = new FakeClock();
});

afterEach(async () => {
  down.clear();
  pluginSockets.length = 0;
  for (const close of closers.splice(0).reverse()) await close();
});

/** Lets what the kernel and the sockets have to say come in. */
async function settle(): Promise<void> {
  for (let i = 0; i < 20; i++) await new Promise((resolve) => setImmediate(resolve));
}

/** Moves the clock in steps of 50 ms, which leaves the sockets time to answer, until the condition holds; returns the ms that took. */
async function pass(msMax: number, done: () => boolean = () => false): Promise<number> {
  const startMs = clock.now();
  while (!done() && clock.now() - startMs < msMax) {
    clock.advance(50);
    await settle();
  }
  return clock.now() - startMs;
}

async function connect(
  host = HOST,
  bindHost = HOST,
): Promise<{
  endpoint: UdpEndpoint;
  server: DatagramChannel;
  client: UdpClientChannel;
  connectionId: number;
  heard: string[];
  reasons: string[];
}> {
  const endpoint = await UdpEndpoint.bind({ port: 0, host: bindHost, clock });
  const { channel: server, ...session } = endpoint.createChannel();
  const client = openUdpChannel({ host, port: endpoint.address().port, clock, ...session });
  closers.push(
    () => endpoint.close(),
    () => client.close(),
  );
  const [heard, reasons]: string[][] = [[], []];
  server.ondatagram = (datagram) => heard!.push(Buffer.from(datagram).toString());
  client.onclose = (reason) => reasons!.push(reason);
  await pass(2000, () => client.state === "open" && server.state === "open");
  expect([client.state, server.state]).toEqual(["open", "open"]);
  return { endpoint, server, client, connectionId: session.connectionId, heard: heard!, reasons: reasons! };
}

describe("the UDP client whose network goes away", () => {
  test("is there again a second after its network is, if it took a socket while that was down", async () => {
    const { client, heard, reasons } = await connect();
    down.add("udp4");
    client.rebind();
    await pass(12_000);
    expect([client.state, client.send(Buffer.from("down")), client.stats.socketErrors > 0]).toEqual([
      "open",
      false,
      true,
    ]);
    down.clear();
    await pass(1100);
    client.send(Buffer.from("back"));
    await pass(1000, () => heard.includes("back"));
    expect([heard, reasons, client.state]).toEqual([["back"], [], "open"]);
  });

  test("takes no more than one socket a second while it is down", async () => {
    const { client } = await connect();
    down.add("udp4");
    client.rebind();
    await pass(10_000, () => {
      client.send(Buffer.from("game"));
      return false;
    });
    expect(client.stats.rebinds).toBeGreaterThanOrEqual(8);
    expect(client.stats.rebinds).toBeLessThanOrEqual(11);
  });

  test("ends with reason silent when it was down for half a minute, so that it is asked for anew", async () => {
    const { client, reasons } = await connect();
    down.add("udp4");
    client.rebind();
    const tookMs = await pass(60_000, () => client.state === "closed");
    expect(reasons).toEqual(["silent"]);
    expect(tookMs).toBeGreaterThan(25_000);
    expect(tookMs).toBeLessThan(31_000);
  });

  test("ends with reason silent half a minute after it last heard a server that takes all and answers nothing", async () => {
    const { endpoint, client, reasons } = await connect();
    const { port } = endpoint.address();
    await endpoint.close();
    const hole = createSocket("udp4").bind(port, HOST);
    await once(hole, "listening");
    closers.push(() => hole.close());
    let came = 0;
    hole.on("message", () => came++);
    const tookMs = await pass(60_000, () => {
      client.send(Buffer.from("game"));
      return client.state === "closed";
    });
    expect(reasons).toEqual(["silent"]);
    expect(tookMs).toBeGreaterThan(28_000);
    expect(tookMs).toBeLessThan(32_000);
    expect(came).toBeGreaterThan(100);
    expect(client.stats.rebinds).toBeGreaterThanOrEqual(5);
    expect(client.stats.rebinds).toBeLessThanOrEqual(8);
  });

  test("does not take a pause of the game for an end, however long, nor looks for a server that answered", async () => {
    const { client, heard, reasons } = await connect();
    await pass(120_000);
    expect([client.state, client.stats.rebinds]).toEqual(["open", 0]);
    client.send(Buffer.from("on"));
    await pass(60_000);
    client.send(Buffer.from("and on"));
    await pass(60_000);
    expect([heard, reasons, client.state]).toEqual([["on", "and on"], [], "open"]);
    // The server answered neither: by the second that was silence.
    expect(client.stats.rebinds).toBe(1);
  });

  test("keeps its socket when the first datagram after a pause is answered, and the pause was longer than any silence", async () => {
    const { server, client } = await connect();
    const answers: string[] = [];
    // Feedback on what was heard gets no answer.
    server.ondatagram = (datagram) => void (datagram.length === 1 && server.send(datagram));
    client.ondatagram = (datagram) => answers.push(Buffer.from(datagram).toString());
    const port = client.localPort;
    for (const [i, pauseMs] of [3900, 4100, 6000, 30_000].entries()) {
      await pass(pauseMs);
      client.send(Buffer.from(`${i}`));
      await pass(1000, () => answers.length > i);
      client.send(Buffer.from("feedback"));
    }
    expect(answers).toEqual(["0", "1", "2", "3"]);
    expect([client.localPort, client.stats.rebinds]).toEqual([port, 0]);
  });

  test("takes a new socket when the first datagram after a pause is not answered for 4 s", async () => {
    const { client } = await connect();
    await pass(20_000);
    const tookMs = await pass(10_000, () => client.send(Buffer.from("game")) && client.stats.rebinds > 0);
    expect(tookMs).toBeGreaterThan(3900);
    expect(tookMs).toBeLessThan(4300);
  });

  test("tries the other address family too when the first socket that it took hears nothing", async () => {
    const { client, heard } = await connect("both.test", "::");
    const lost = client.overheadBytes === 24 + 28 ? "udp4" : "udp6";
    down.add(lost);
    client.rebind();
    await pass(6000, () => client.send(Buffer.from("moved")) && heard.length > 0);
    expect(heard[0]).toBe("moved");
    expect(client.overheadBytes).toBe(24 + (lost === "udp4" ? 48 : 28));
  });
});

describe("the UDP client that someone floods", () => {
  test("takes every datagram of the server among 1000 forged ones a second, and spends on more a bounded time", async () => {
    const { server, client, connectionId } = await connect();
    const received: string[] = [];
    client.ondatagram = (datagram) => received.push(Buffer.from(datagram).toString());
    const socket = pluginSockets.at(-1)!;
    const forged = Buffer.alloc(60, 7);
    forged.writeUInt32LE(connectionId, 0);
    forged.writeUInt32LE(60_000, 4);
    const forge = (count: number): void => {
      for (let i = 0; i < count; i++)
        socket.emit("message", forged, { address: HOST, port: 1, family: "IPv4", size: forged.length });
    };
    const sent: string[] = [];
    for (let i = 0; i < 200; i++) {
      forge(50);
      sent.push(String(i));
      server.send(Buffer.from(sent.at(-1)!));
      await pass(50);
    }
    expect(received).toEqual(sent);
    expect(client.stats).toMatchObject({ unauthentic: 10_000, overBudget: 0 });
    await pass(1000);
    forge(10_000);
    expect(client.stats).toMatchObject({ unauthentic: 12_000, overBudget: 8000 });
  });
});
