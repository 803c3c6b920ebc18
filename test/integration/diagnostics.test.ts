/** What an operator and a developer are told: why there is no channel, what is bound, and whose UDP is blocked. */

import { Protocol } from "@colyseus/core";
import type { FecTransportOptions } from "colyseus-fec";
import { FecClient, linkStats, type FecClientOptions } from "colyseus-fec/client";
import { afterEach, describe, expect, test } from "vitest";
import { silentUdpSocket, startServer, until, untilUdp, type TestServer } from "./harness.js";
import { connect, reserve, symbol, untilRead } from "./raw-connection.js";
import { newSeat, startBoth } from "./reference.js";
import { SyncRoom, Witness } from "./sync-room.js";

let server: TestServer | undefined;

afterEach(async () => {
  await server?.stop();
  server = undefined;
});

describe("lastChannelError on a server of ws-transport", () => {
  async function joinPlain(options: FecClientOptions) {
    const both = await startBoth({ sync: SyncRoom });
    server = both;
    const room = await new FecClient(both.referenceUrl, options).consumeSeatReservation(await newSeat("sync"));
    const witness = new Witness(room);
    await witness.play(3);
    await witness.check();
    return room;
  }

  test("says that the server does not speak colyseus-fec", async () => {
    const room = await joinPlain({});
    expect(linkStats(room).path).toBe("websocket");
    expect(linkStats(room).lastChannelError).toEqual(expect.stringMatching(/does not speak/));
    await room.leave();
  });

  test("stays undefined for a client that wants no channel", async () => {
    const room = await joinPlain({ channels: [] });
    expect(linkStats(room).path).toBe("websocket");
    expect(linkStats(room).lastChannelError).toBeUndefined();
    await room.leave();
  });
});

describe("at the start core's logger is told", () => {
  async function linesOf(options: FecTransportOptions, port = 0): Promise<string[]> {
    server = await startServer({ sync: SyncRoom }, options, port);
    return server.log
      .filter(({ level, text }) => level === "info" && /^colyseus-fec: (?:UDP|WebRTC)/.test(text))
      .map(({ text }) => text);
  }

  test("once what is bound, UDP and WebRTC", async () => {
    const lines = await linesOf({ webrtc: {} });
    const { udpStats, webrtcStats } = server!.transport;
    expect(lines).toEqual([`colyseus-fec: UDP ${udpStats!.port}, WebRTC UDP ${webrtcStats!.ports[0]}`]);
  });

  test("once what is bound, UDP alone", async () => {
    const lines = await linesOf({ udp: { port: 0 } });
    expect(lines).toEqual([`colyseus-fec: UDP ${server!.transport.udpStats!.port}`]);
  });

  test("nothing where none is bound, asked for or not", async () => {
    expect(await linesOf({ udp: false })).toEqual([]);
    await server!.stop();
    const taken = await silentUdpSocket();
    expect(await linesOf({}, taken.port)).toEqual([]);
    expect(server!.transport.udpStats).toBeUndefined();
    taken.socket.close();
  });
});

describe("the warning that clients in a row got no answer by UDP", () => {
  const CLOSE = Buffer.concat([Buffer.of(0x1f), Buffer.from('{"t":"close"}')]);
  const warnings = () => server!.log.filter(({ text }) => text.includes("clients in a row got no answer by UDP"));

  /** A client that is in its room, was offered UDP, and whose path lets none through. */
  async function comeBlocked() {
    const raw = connect(server!, `${await reserve(server!)}&fec=1&channels=udp`);
    const offers = () => raw.records.filter((record) => record[0] === 0x1f && record.includes('"t":"udp"')).length;
    await until("an offer", () => offers() === 1);
    raw.socket.send(symbol(0, Uint8Array.of(Protocol.JOIN_ROOM)));
    return {
      ...raw,
      offers,
      /** Says that the channel never opened; resolves when the server knows. */
      giveUp: async () => {
        raw.socket.send(CLOSE);
        await untilRead(raw);
      },
    };
  }

  test("does not come for one client, however often it tries, nor for a second", async () => {
    server = await startServer({ sync: SyncRoom });
    const client = await comeBlocked();
    for (let count = 1; count <= 3; count++) {
      expect(client.offers()).toBe(count);
      await client.giveUp();
      // The server makes no more than one offer each half second, and fewer to a client that opens none.
      const asking = setInterval(() => void client.giveUp(), 500);
      if (count < 3) await until("the next offer", () => client.offers() > count);
      clearInterval(asking);
    }
    expect(server.transport.udpStats!.sessions).toBe(0);
    expect(warnings()).toEqual([]);
    const second = await comeBlocked();
    await second.giveUp();
    expect(warnings()).toEqual([]);
    for (const { socket } of [client, second]) socket.terminate();
  });

  test("comes once for three clients, and counts them anew after one whose channel opened", async () => {
    server = await startServer({ sync: SyncRoom });
    const clients = await Promise.all(Array.from({ length: 6 }, comeBlocked));
    for (const client of clients.slice(0, 2)) await client.giveUp();
    expect(warnings()).toEqual([]);
    const room = await new FecClient(server.url).joinOrCreate("sync");
    new Witness(room);
    await untilUdp(room);
    for (const client of clients.slice(2, 4)) await client.giveUp();
    expect(warnings()).toEqual([]);
    for (const client of clients.slice(4)) await client.giveUp();
    expect(warnings()).toEqual([
      { level: "warn", text: expect.stringMatching(/^colyseus-fec: 3 clients in a row/) as string },
    ]);
    await room.leave();
    for (const client of clients) client.socket.terminate();
  });
});
