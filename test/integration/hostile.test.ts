import { createSocket } from "node:dgram";
import { linkStats as serverLinkStats } from "colyseus-fec";
import { FecClient, linkStats } from "colyseus-fec/client";
import { readControl, type UdpOffer } from "../../plugin/session/control-records.js";
import { UdpSealer } from "../../plugin/channels/udp/udp-envelope.js";
import { afterEach, beforeEach, expect, test } from "vitest";
import { WebSocket } from "ws";
import { serverClient, silentUdpSocket, startServer, until, untilUdp, type TestServer } from "./harness.js";
import { connect, reserve } from "./raw-connection.js";
import { SyncRoom, Witness } from "./sync-room.js";

let server: TestServer;

beforeEach(async () => {
  server = await startServer({ sync: SyncRoom });
});

afterEach(() => server.stop());

async function joinByUdp() {
  const room = await new FecClient(server.url).joinOrCreate("sync");
  const witness = new Witness(room);
  await untilUdp(room);
  return { room, witness };
}

test("a peer that breaks the protocol is closed, and nobody else notices", async () => {
  const { room, witness } = await joinByUdp();
  const violations: [record: Uint8Array | string, code: number][] = [
    [Uint8Array.of(), 1002],
    [Uint8Array.of(0x0d, 1, 2), 1002],
    [Uint8Array.of(0x1e, 0xff, 0, 0, 0, 0), 1002],
    [Uint8Array.of(0x1e, 3, 0, 9, 0, 0), 1002],
    [Uint8Array.of(0x1f, 0x7b), 1002],
    ["text", 1002],
    [Buffer.concat([Buffer.of(0x1f), Buffer.alloc(4096, " ")]), 1009],
  ];
  for (const [record, code] of violations) {
    const { socket, closed } = connect(server, `${await reserve(server)}&fec=1&channels=udp`);
    socket.once("open", () => socket.send(record));
    expect((await closed).code, String(record)).toBe(code);
  }
  await witness.play(10);
  await witness.check();
  await room.leave();
});

test("unknown control records are ignored, and asking for offers in a loop gets no more than one", async () => {
  const { socket, records } = connect(server, `${await reserve(server)}&fec=1&channels=udp`);
  const offers = () => records.filter((record) => record[0] === 0x1f && record.includes('"t":"udp"')).length;
  await until("an offer", () => offers() === 1);
  socket.send(Buffer.concat([Buffer.of(0x1f), Buffer.from('{"t":"later","x":1}')]));
  for (let i = 0; i < 20; i++) socket.send(Buffer.concat([Buffer.of(0x1f), Buffer.from('{"t":"close"}')]));
  await until("the channel is closed", () => server.transport.udpStats!.sessions === 0);
  expect(offers()).toBe(1);
  expect(socket.readyState).toBe(WebSocket.OPEN);
  socket.terminate();
});

test("a player who names another address sends it one challenge for each probe, and no patches", async () => {
  const { socket, records } = connect(server, `${await reserve(server)}&fec=1&channels=udp`);
  const controls = () => records.filter((record) => record[0] === 0x1f).map((record) => readControl(record));
  const offer = await until("an offer", () =>
    controls().find((control): control is UdpOffer => control.kind === "udp"),
  );
  socket.send(Uint8Array.of(0x1e, 3, 0, 0, 0, 0, 10)); // JOIN_ROOM, acknowledged
  const victim = await silentUdpSocket();
  const heard: number[] = [];
  victim.socket.on("message", (packet) => heard.push(packet.length));
  const sealer = new UdpSealer(offer.secret, "c2s", offer.connectionId);
  for (let i = 0; i < 3; i++) victim.socket.send(sealer.seal(new Uint8Array(0)), offer.port, "127.0.0.1");
  await until("challenges", () => heard.length === 3);
  const patches = records.length;
  await until("patches by WebSocket", () => records.length > patches + 20);
  expect(heard).toEqual([34, 34, 34]);
  socket.terminate();
  victim.socket.close();
});

test("garbage on the UDP port changes nothing but a counter", async () => {
  const { room, witness } = await joinByUdp();
  const stranger = createSocket("udp4");
  let answers = 0;
  stranger.on("message", () => answers++);
  for (let i = 0; i < 500; i++)
    stranger.send(Buffer.alloc(1 + ((i * 37) % 1300), i), server.transport.udpStats!.port, "127.0.0.1");
  await until("all of it was seen", () => {
    const { malformed, unknownConnection } = server.transport.udpStats!;
    return malformed + unknownConnection >= 450;
  });
  await witness.play(20);
  await witness.check();
  expect(answers).toBe(0);
  expect(linkStats(room).path).toBe("udp");
  expect(serverLinkStats(serverClient(room)).counters.datagramsMalformed).toBe(0);
  stranger.close();
  await room.leave();
});
