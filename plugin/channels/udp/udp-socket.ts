/**
 * What the UDP channel's two sides share of node:dgram: sockets that never resolve names when sending,
 * sends that never throw, kernel buffers, a bounded send queue, and addresses.
 */

import { createSocket, type Socket, type SocketType } from "node:dgram";
import { isIPv6 } from "node:net";
import { onHostExit } from "../../host/host-end.js";
import {
  IPV4_UDP_HEADER_BYTES,
  IPV6_UDP_HEADER_BYTES,
  UDP_RECEIVE_BUFFER_BYTES,
  UDP_SEND_BUFFER_BYTES,
  UDP_SEND_QUEUE_BYTES_MAX,
} from "../limits.js";

/**
 * A socket to which only IP literals are given: its lookup answers at once, because an unconnected send would go
 * through DNS each time. It is closed as a process or worker exits: what comes to an open one while a worker of Node 20
 * is torn down can abort the whole process.
 */
export function createUdpSocket(type: SocketType): Socket {
  const socket = createSocket({
    type,
    lookup: (hostname, _options, callback) => callback(null, hostname, type === "udp6" ? 6 : 4),
  });
  const forget = onHostExit(() => socket.close());
  return socket.once("close", forget);
}

/** Asks for larger kernel buffers; a refusal only means more loss under bursts. */
export function enlargeBuffers(socket: Socket): void {
  try {
    socket.setRecvBufferSize(UDP_RECEIVE_BUFFER_BYTES);
    socket.setSendBufferSize(UDP_SEND_BUFFER_BYTES);
  } catch {
    // The sizes that the system gave stay.
  }
}

/** False while more than 256 KiB wait in the socket's own queue: sends are then dropped. */
export function hasSendRoom(socket: Socket): boolean {
  return socket.getSendQueueSize() < UDP_SEND_QUEUE_BYTES_MAX;
}

/**
 * Sends one packet, to `to` or where the socket is connected. Everything that can fail reaches the callback:
 * node:dgram throws for some of it, such as a port that is none or a socket that is closed.
 */
export function sendPacket(
  socket: Socket,
  packet: Buffer,
  to: { address: string; port: number } | undefined,
  onSent: (error: Error | null) => void,
): void {
  try {
    if (to === undefined) socket.send(packet, onSent);
    else socket.send(packet, to.port, to.address, onSent);
  } catch (error) {
    onSent(error as Error);
  }
}

/** True if datagrams to this address travel as IPv6; an IPv4-mapped address ("::ffff:192.0.2.1") travels as IPv4. */
export function travelsAsIpv6(address: string): boolean {
  return isIPv6(address) && !address.toLowerCase().startsWith("::ffff:");
}

/** Bytes of IP and UDP headers per datagram to this address. */
export function udpHeaderBytes(address: string): number {
  return travelsAsIpv6(address) ? IPV6_UDP_HEADER_BYTES : IPV4_UDP_HEADER_BYTES;
}
