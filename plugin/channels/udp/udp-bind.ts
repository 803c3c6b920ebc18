/** Binding a UDP socket, at one address or at all of them, of whichever family the machine has. */

import type { Socket } from "node:dgram";
import { lookup } from "node:dns/promises";
import { createUdpSocket, enlargeBuffers } from "./udp-socket.js";

/** Errors that say "no IPv6 here": built without it, or switched off. */
const NO_IPV6 = new Set(["EAFNOSUPPORT", "EINVAL", "EADDRNOTAVAIL", "EPROTONOSUPPORT"]);

/**
 * A socket bound at a name or an IP literal; unless told, at every IPv6 and IPv4 address (IPv4 alone where there is no
 * IPv6). Port 0 = any free one. Rejects with the system's error (EADDRINUSE, EACCES, ENOTFOUND ...).
 */
export async function bindUdpSocket({
  port,
  host,
  log,
}: {
  port: number;
  host?: string;
  log?: (message: string) => void;
}): Promise<Socket> {
  if (host !== undefined) {
    const { address, family } = await lookup(host);
    return bindTo(port, address, family === 6 ? "udp6" : "udp4");
  }
  try {
    return await bindTo(port, "::", "udp6");
  } catch (error) {
    if (!NO_IPV6.has((error as NodeJS.ErrnoException).code ?? "")) throw error;
    log?.("no IPv6 on this machine: UDP on IPv4 alone");
    return bindTo(port, "0.0.0.0", "udp4");
  }
}

function bindTo(port: number, address: string, type: "udp4" | "udp6"): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = createUdpSocket(type);
    socket.once("error", (error) => {
      socket.close();
      reject(error);
    });
    socket.once("listening", () => {
      socket.removeAllListeners("error");
      enlargeBuffers(socket);
      resolve(socket);
    });
    // exclusive: workers of one cluster must not share the port, or a datagram reaches a process that does not know its
    // session.
    socket.bind({ port, address, exclusive: true });
  });
}
