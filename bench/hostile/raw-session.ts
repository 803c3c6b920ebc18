/**
 * The session of a hostile client: joins as any player does, by WebSocket, and opens a datagram channel by the wire document,
 * but has no Link: what it sends is what the attack says.
 */
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { WebSocket } from "ws";
import { encodeControl, readControl, type ReadControl } from "../../plugin/session/control-records.js";
import { UdpOpener, UdpSealer } from "../../plugin/channels/udp/udp-envelope.js";
import { encodeResponse, kindOf, tokenOf } from "../../plugin/channels/udp/udp-path.js";
import { openNativeWebRtcChannel } from "../../plugin/channels/webrtc/webrtc-native-client.js";
import type { WebRtcClientChannel } from "../../plugin/channels/webrtc/webrtc-channel.js";
import { encodeSymbolRecord, RECORD_CONTROL } from "../../plugin/core/index.js";
import type { Way } from "./protocol.js";

const HOST = "127.0.0.1";
const JOIN_ROOM = Uint8Array.of(10);

export interface UdpKeysOfSession {
  readonly secret: Uint8Array;
  readonly connectionId: number;
}

export interface RawSession {
  readonly socket: WebSocket;
  /** Sends one datagram; the channel's own bounds hold. */
  send(datagram: Uint8Array): void;
  /** Sends one UDP payload as it is, from the session's socket. */
  sendRaw(payload: Uint8Array): void;
  /** Called with every datagram of the server. */
  ondatagram: (datagram: Uint8Array) => void;
  readonly udp: UdpKeysOfSession | undefined;
}

/** Takes a seat in the room and connects; resolves when the channel is open. */
export async function joinRaw(port: number, way: Way): Promise<RawSession> {
  const seat = await fetch(`http://${HOST}:${port}/matchmake/joinOrCreate/arena`, {
    method: "POST",
    headers: { "Content-Type": "application/json", Accept: "application/json" },
    body: "{}",
  });
  const { processId, roomId, sessionId } = (await seat.json()) as Record<string, string>;
  const channels = way === "udp" || way === "webrtc" ? `&channels=${way}` : "";
  const query = `sessionId=${sessionId}${way === "plain" ? "" : `&fec=1${channels}`}`;
  const socket = new WebSocket(`ws://${HOST}:${port}/${processId}/${roomId}?${query}`);
  socket.on("error", () => {});
  const session = { socket, send: () => {}, sendRaw: () => {}, ondatagram: () => {}, udp: undefined };
  if (way === "plain" || way === "websocket") {
    await once(socket, "message");
    await inRoom(socket);
    socket.send(way === "plain" ? JOIN_ROOM : encodeSymbolRecord(0, true, true, JOIN_ROOM));
    return session;
  }
  const opened = way === "udp" ? openUdp(session, port) : openWebRtc(session);
  await inRoom(socket);
  socket.send(encodeSymbolRecord(0, true, true, JOIN_ROOM));
  return opened;
}

/** The server's answer to the join has had its time. */
function inRoom(socket: WebSocket): Promise<void> {
  return new Promise((resolve, reject) => {
    socket.once("close", (code) => reject(new Error(`closed with ${code}`)));
    setTimeout(resolve, 500);
  });
}

function controls(socket: WebSocket, take: (control: ReadControl) => void): void {
  socket.on("message", (record: Buffer) => record[0] === RECORD_CONTROL && take(readControl(record)));
}

function openUdp(session: RawSession, port: number): Promise<RawSession> {
  return new Promise((resolve) => {
    controls(session.socket, (offer) => {
      if (offer.kind !== "udp") return;
      const { secret, connectionId } = offer;
      const sealer = new UdpSealer(secret, "c2s", connectionId);
      const opener = new UdpOpener(secret, "s2c", connectionId);
      const socket = createSocket("udp4");
      const sendRaw = (payload: Uint8Array): void => socket.send(payload, offer.port ?? port, HOST);
      const opened = {
        ...session,
        udp: { secret, connectionId },
        sendRaw,
        send: (d: Uint8Array) => sendRaw(sealer.seal(d)),
      };
      socket.on("message", (packet) => {
        const read = opener.open(packet);
        if (!read.ok) return;
        const kind = kindOf(read.datagram);
        if (kind === "challenge") opened.send(encodeResponse(tokenOf(read.datagram)));
        else if (kind === "data") opened.ondatagram(read.datagram);
        if (kind === "probe" || kind === "data") resolve(opened);
      });
      opened.send(new Uint8Array(0));
    });
  });
}

function openWebRtc(session: RawSession): Promise<RawSession> {
  return new Promise((resolve, reject) => {
    let channel: WebRtcClientChannel | undefined;
    controls(session.socket, (control) => {
      if (control.kind === "webrtc-answer") channel?.accept(control);
      if (control.kind !== "joined") return;
      channel = openNativeWebRtcChannel({
        sendRequest: (peer) => session.socket.send(encodeControl({ kind: "webrtc-request", peer })),
      });
      const opened: RawSession = { ...session, send: (datagram) => void channel!.send(datagram) };
      channel.ondatagram = (datagram) => opened.ondatagram(datagram);
      channel.onopen = () => resolve(opened);
      channel.onclose = (reason) => reject(new Error(`webrtc: ${reason}`));
    });
  });
}
