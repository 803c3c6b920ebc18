/**
 * The server's end of a WebRTC channel, worked by a page over a WebSocket: text is signalling and events, binary is one
 * datagram. So the channel suite runs in the page, with the browser's own channel at one end and this one at the other.
 */

import type { Server } from "node:http";
import { WebSocketServer } from "ws";
import { WebRtcEndpoint } from "../../plugin/channels/webrtc/webrtc-server.js";
import type { PeerFields } from "../../plugin/channels/webrtc/sdp.js";

/** What the page sends as text. */
export type PageMessage = { request: PeerFields } | { close: true };
/** What the page is sent as text. */
export type RelayMessage =
  | { answer: PeerFields; host: string; port: number; maxDatagramBytes: number; overheadBytes: number }
  | { open: true }
  | { closed: string };

/** Serves one channel for each WebSocket that is opened. @returns how to end it. */
export async function serveChannels(http: Server, host: string): Promise<() => void> {
  const endpoint = await WebRtcEndpoint.bind({ ports: [0], host });
  const sockets = new WebSocketServer({ server: http });
  sockets.on("connection", (socket) => {
    const tell = (message: RelayMessage): void => socket.send(JSON.stringify(message));
    let send: ((datagram: Uint8Array) => void) | undefined;
    let close: (() => void) | undefined;
    socket.on("message", (data: Buffer, binary) => {
      if (binary) {
        send?.(data);
        return;
      }
      const message = JSON.parse(data.toString()) as PageMessage;
      if ("close" in message) {
        close?.();
        return;
      }
      const { channel, peer, port } = endpoint.createChannel(message.request);
      channel.onopen = () => tell({ open: true });
      channel.onclose = (reason) => tell({ closed: reason });
      channel.ondatagram = (datagram) => socket.send(datagram);
      send = (datagram) => channel.send(datagram);
      close = () => channel.close();
      tell({
        answer: peer,
        host,
        port,
        maxDatagramBytes: channel.maxDatagramBytes,
        overheadBytes: channel.overheadBytes,
      });
    });
    socket.on("close", () => close?.());
  });
  return () => {
    endpoint.close();
    sockets.close();
  };
}
