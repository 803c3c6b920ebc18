/** A TCP relay whose way to the client has a rate, and which can be cut: what the kernel's buffers and this one hold is a slow link's queue. */

import { connect, createServer, type AddressInfo, type Socket } from "node:net";

const PERIOD_MS = 10;

export interface ThrottledRelay {
  readonly port: number;
  /** Bytes per second towards each client; Infinity = as fast as they come. */
  bytesPerSecond: number;
  /** Ends every connection, and each new one at once, while it is true. */
  isCut: boolean;
  stop(): Promise<void>;
}

/** Relays every connection to this port of the host, an address of this machine; listens at the same one. */
export async function startRelay(port: number, host = "127.0.0.1"): Promise<ThrottledRelay> {
  const sockets = new Set<Socket>();
  const pairs = new Set<{ to: Socket; held: Buffer[]; allowance: number }>();
  let isCut = false;
  const server = createServer((client) => {
    if (isCut) return void client.destroy();
    const upstream = connect(port, host);
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
  await new Promise<void>((resolve) => server.listen(0, host, resolve));
  const relay: ThrottledRelay = {
    port: (server.address() as AddressInfo).port,
    bytesPerSecond: Infinity,
    get isCut() {
      return isCut;
    },
    set isCut(cut) {
      isCut = cut;
      if (cut) for (const socket of sockets) socket.destroy();
    },
    stop: async () => {
      clearInterval(timer);
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  return relay;
}
