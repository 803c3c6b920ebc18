/** Who is told when a UDP session goes another way: real sockets at several addresses of the loopback network. */

import { createSocket, type Socket } from "node:dgram";
import { once } from "node:events";
import { afterEach, describe, expect, test, vi } from "vitest";
import type { DatagramChannel } from "../../plugin/channels/datagram-channel.js";
import { openUdpChannel, type UdpClientChannel } from "../../plugin/channels/udp/udp-client.js";
import { UdpEndpoint } from "../../plugin/channels/udp/udp-server.js";

/** Where the client's next socket is. */
const home = vi.hoisted(() => ({ address: "127.0.0.1" }));

vi.mock(import("../../plugin/channels/udp/udp-socket.js"), async (original) => {
  const module = await original();
  const createUdpSocket: typeof module.createUdpSocket = (type) => {
    const socket = module.createUdpSocket(type);
    const connect = socket.connect.bind(socket);
    socket.connect = ((...given: Parameters<Socket["connect"]>) => {
      socket.bind(0, home.address);
      connect(...given);
    }) as Socket["connect"];
    return socket;
  };
  return { ...module, createUdpSocket };
});

const WAIT_MS_MAX = 5000;

const closers: (() => unknown)[] = [];

afterEach(async () => {
  home.address = "127.0.0.1";
  for (const close of closers.splice(0).reverse()) await close();
});

interface Session {
  server: DatagramChannel;
  client: UdpClientChannel;
  /** Who was told, in order. */
  told: string[];
  /** Resolves when a datagram of the client has reached the server, and one of the server the client. */
  exchange(): Promise<void>;
}

/** @param through the port that the client sends to; the server's own unless told. */
async function connect(through?: (serverPort: number) => Promise<number>): Promise<Session> {
  const endpoint = await UdpEndpoint.bind({ port: 0, host: "127.0.0.1" });
  const { channel: server, ...session } = endpoint.createChannel();
  const port = endpoint.address().port;
  const client = openUdpChannel({ host: "127.0.0.1", port: (await through?.(port)) ?? port, ...session });
  closers.push(
    () => endpoint.close(),
    () => client.close(),
  );
  const told: string[] = [];
  let heard = 0,
    answered = 0;
  server.onmoved = () => told.push("server");
  client.onmoved = () => told.push("client");
  server.ondatagram = () => void (heard++, server.send(Uint8Array.of(2)));
  client.ondatagram = () => answered++;
  await until(() => client.state === "open" && server.state === "open");
  const exchange = async (): Promise<void> => {
    const before = [heard, answered] as const;
    await until(() => client.send(Uint8Array.of(1)) && heard > before[0] && answered > before[1]);
  };
  await exchange();
  return { server, client, told, exchange };
}

describe("a UDP session that goes another way", () => {
  test("tells both ends when the client's new socket is at another address", async () => {
    const { client, told, exchange } = await connect();
    home.address = "127.0.0.2";
    client.rebind();
    await exchange();
    expect(told.sort()).toEqual(["client", "server"]);
    await exchange();
    home.address = "127.0.0.1";
    client.rebind();
    await exchange();
    expect(told.sort()).toEqual(["client", "client", "server", "server"]);
  });

  test("tells nobody when only the client's port is another", async () => {
    const { client, told, exchange } = await connect();
    const port = client.localPort;
    client.rebind();
    await exchange();
    expect(client.localPort).not.toBe(port);
    expect(told).toEqual([]);
  });

  test("tells the client of the address that it ends at, however many sockets it took on the way", async () => {
    const { client, told, exchange } = await connect();
    home.address = "127.0.0.2";
    client.rebind();
    home.address = "127.0.0.1";
    client.rebind();
    await exchange();
    expect(told).toEqual([]);
  });

  test("tells the server alone when a NAT before the client is at another address", async () => {
    let nat!: Socket;
    const upstream = async (address: string, port: number, relay: Socket): Promise<Socket> => {
      const socket = createSocket("udp4");
      socket.bind(0, address);
      await once(socket, "listening");
      socket.connect(port, "127.0.0.1");
      await once(socket, "connect");
      socket.on("message", (packet) => relay.send(packet, inside!.port, inside!.address));
      closers.push(() => socket.close());
      return socket;
    };
    let inside: { address: string; port: number } | undefined;
    let moveNat!: () => Promise<void>;
    const { told, exchange } = await connect(async (serverPort) => {
      const relay = createSocket("udp4");
      relay.bind(0, "127.0.0.1");
      await once(relay, "listening");
      closers.push(() => relay.close());
      nat = await upstream("127.0.0.1", serverPort, relay);
      relay.on("message", (packet, from) => {
        inside = from;
        nat.send(packet);
      });
      moveNat = async () => void (nat = await upstream("127.0.0.3", serverPort, relay));
      return relay.address().port;
    });
    await moveNat();
    await exchange();
    await until(() => told.length > 0);
    expect(told).toEqual(["server"]);
  });
});

async function until(condition: () => boolean): Promise<void> {
  const endMs = performance.now() + WAIT_MS_MAX;
  while (!condition()) {
    if (performance.now() > endMs) throw new Error("waited in vain");
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}
