/** A TCP relay on loopback whose way to the client has a rate: what the kernel's buffers and this one hold is a slow link's queue. */

import { connect, createServer, type AddressInfo, type Socket } from "node:net";

const PERIOD_MS = 10;

export interface ThrottledRelay {
  readonly port: number;
  /** Bytes per second towards each client; Infinity = as fast as they come. */
  bytesPerSecond: number;
  stop(): Promise<void>;
}

/** Relays every connection to this port of 127.0.0.1. */
export async function startRelay(port: number): Promise<ThrottledRelay> {
  const sockets = new Set<Socket>();
  const pairs = new Set<{ to: Socket; held: Buffer[]; allowance: number }>();
  const server = createServer((client) => {
    const upstream = connect(port, "127.0.0.1");
    const pair = { to: client, held: [] as Buffer[], allowance: 0 };
    pairs.add(pair);
    for (const socket of [client, upstream]) {
      sockets.add(socket);
      socket.setNoDelay(true);
      socket.on("error", () => socket.destroy());
    }
    client.pipe(upstream);
    upstream.on("data", (chunk) => {
      if (relay.bytesPerSecond === Infinity && pair.held.length === 0) client.write(chunk);
      else pair.held.push(chunk);
    });
    upstream.on("close", () => {
      for (const chunk of pair.held.splice(0)) client.write(chunk);
      client.end();
      pairs.delete(pair);
    });
    client.on("close", () => upstream.destroy());
  });
  let beforeMs = performance.now();
  const timer = setInterval(() => {
    const nowMs = performance.now();
    const earned = relay.bytesPerSecond * ((nowMs - beforeMs) / 1000);
    beforeMs = nowMs;
    for (const pair of pairs) {
      // What is not used is kept for a tenth of a second: timers are late on a busy machine.
      pair.allowance = Math.min(Math.max(earned, relay.bytesPerSecond / 10), pair.allowance + earned);
      while (pair.held.length > 0 && pair.allowance >= 1) {
        const chunk = pair.held.shift()!;
        const part = chunk.subarray(0, Math.min(chunk.length, pair.allowance));
        if (part.length < chunk.length) pair.held.unshift(chunk.subarray(part.length));
        pair.to.write(part);
        pair.allowance -= part.length;
      }
    }
  }, PERIOD_MS);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const relay: ThrottledRelay = {
    port: (server.address() as AddressInfo).port,
    bytesPerSecond: Infinity,
    stop: async () => {
      clearInterval(timer);
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  return relay;
}
