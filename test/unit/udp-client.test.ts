/** The UDP client against the endpoint and against nobody: real sockets on 127.0.0.1. */

import { createSocket } from "node:dgram";
import { once } from "node:events";
import { afterEach, describe, expect, test } from "vitest";
import type { DatagramChannel } from "../../plugin/channels/datagram-channel.js";
import { openUdpChannel, type UdpClientChannel } from "../../plugin/channels/udp/udp-client.js";
import { UdpSealer } from "../../plugin/channels/udp/udp-envelope.js";
import { UdpEndpoint } from "../../plugin/channels/udp/udp-server.js";

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

function closed(channel: DatagramChannel): Promise<string> {
  return new Promise((resolve) => {
    channel.onclose = resolve;
  });
}

async function connect(): Promise<{ endpoint: UdpEndpoint; server: DatagramChannel; client: UdpClientChannel }> {
  const endpoint = await UdpEndpoint.bind({ port: 0, host: HOST });
  const { channel: server, ...session } = endpoint.createChannel();
  const client = openUdpChannel({ host: HOST, port: endpoint.address().port, ...session });
  closers.push(() => endpoint.close(), () => client.close());
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

describe("the UDP client", () => {
  test("gives up with reason timeout where nobody listens, refusals notwithstanding", async () => {
    const client = openUdpChannel({ host: HOST, port: await freePort(), timeoutMs: 300, ...SESSION });
    expect(await closed(client)).toBe("timeout");
    expect(client.stats.sent).toBeGreaterThanOrEqual(3);
    expect(client.state).toBe("closed");
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

  test("does not open for what is not authentic, and bounds the cipher's work for it", async () => {
    const socket = createSocket("udp4").bind(0, HOST);
    await once(socket, "listening");
    closers.push(() => socket.close());
    const client = openUdpChannel({ host: HOST, port: socket.address().port, timeoutMs: 400, ...SESSION });
    const forged = Buffer.alloc(40);
    forged.writeUInt32LE(SESSION.connectionId, 0);
    socket.on("message", (_packet, from) => {
      for (let i = 0; i < 300; i++) socket.send(forged, from.port, from.address);
    });
    let opened = false;
    client.onopen = () => {
      opened = true;
    };
    expect(await closed(client)).toBe("timeout");
    expect(opened).toBe(false);
    expect(client.stats.received).toBeGreaterThan(250);
    expect(client.stats.unauthentic).toBeLessThanOrEqual(200 + 50);
    expect(client.stats.overBudget).toBeGreaterThan(0);
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
    const accepted = endpoint.stats.accepted;
    client.rebind();
    await until(() => endpoint.stats.accepted > accepted);
    expect(client.localPort).not.toBe(before);
    server.send(Buffer.from("found you"));
    await until(() => received.length === 1);
    expect(received).toEqual(["found you"]);
    expect(client.state).toBe("open");
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
