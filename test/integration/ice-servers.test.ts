/** Who gets the credential of a TURN server: a client that joined and wants WebRTC, nobody else and nothing sooner. */

import { Protocol, Room, type Client } from "@colyseus/core";
import { FecClient } from "colyseus-fec/client";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { startServer, until, untilPath, type TestServer } from "./harness.js";
import { connect, reserve, symbol, untilRead } from "./raw-connection.js";

const CREDENTIAL = "secret-credential";
const JOIN_ROOM = Uint8Array.of(Protocol.JOIN_ROOM);
const iceServers = [{ urls: "turn:192.0.2.1:3478", username: "u", credential: CREDENTIAL }];

/** A room whose onAuth waits for the test. */
class GuardedRoom extends Room {
  static decide: (isLetIn: boolean) => void;
  static decision: Promise<boolean>;

  static ask(): void {
    GuardedRoom.decision = new Promise((resolve) => (GuardedRoom.decide = resolve));
  }

  override onCreate(): void {
    this.onMessage("*", () => {});
  }

  override async onAuth(_client: Client, options: { free?: boolean }): Promise<boolean> {
    return options.free === true || (await GuardedRoom.decision);
  }
}

let server: TestServer;

beforeEach(async () => {
  GuardedRoom.ask();
  server = await startServer({ guarded: GuardedRoom }, { webrtc: { iceServers } });
});

afterEach(() => server.stop());

/** A client without an SDK that wants these kinds of channel, heard by the server, its onAuth not yet through. */
async function come(channels: string) {
  const raw = connect(server, `${await reserve(server, "guarded")}&fec=1&channels=${channels}`);
  await until("the first record", () => raw.records.length > 0);
  await untilRead(raw);
  return {
    ...raw,
    /** Index of the first message that holds the credential; -1 = none does. */
    secretAt: () => raw.records.findIndex((record) => record.includes(CREDENTIAL)),
    joinAt: () => raw.records.findIndex((record) => record[0] === 0x1e && record[6] === Protocol.JOIN_ROOM),
  };
}

type Guest = Awaited<ReturnType<typeof come>>;

/** Lets the client in, which says so; resolves when all that this brings is here. */
async function letIn(guest: Guest): Promise<void> {
  GuardedRoom.decide(true);
  await until("the join", () => guest.joinAt() >= 0);
  guest.socket.send(symbol(0, JOIN_ROOM));
  for (let i = 0; i < 3; i++) await untilRead(guest);
}

describe("a TURN server's credential", () => {
  test.each(["webrtc", "webrtc,udp", "udp,webrtc", "udp", ""])(
    "is in nothing that a client with channels=%s gets while onAuth is under way",
    async (channels) => {
      const guest = await come(channels);
      expect(guest.records[0]!.toString()).toContain('"t":"hello"');
      expect(guest.joinAt()).toBe(-1);
      expect(guest.secretAt()).toBe(-1);
      guest.socket.terminate();
      GuardedRoom.decide(false);
    },
  );

  test.each(["webrtc", "udp,webrtc"])(
    "never reaches a client with channels=%s that onAuth refuses",
    async (channels) => {
      const guest = await come(channels);
      GuardedRoom.decide(false);
      expect((await guest.closed).code).toBe(4002);
      expect(guest.records.length).toBeGreaterThan(1); // an error, after hello
      expect(guest.secretAt()).toBe(-1);
    },
  );

  test.each(["udp", ""])("never reaches a client that joins with channels=%s", async (channels) => {
    const guest = await come(channels);
    await letIn(guest);
    if (channels === "udp") await until("an offer", () => guest.records.some((record) => record.includes('"t":"udp"')));
    await untilRead(guest);
    expect(guest.secretAt()).toBe(-1);
    guest.socket.terminate();
  });

  test.each(["webrtc", "webrtc,udp"])(
    "reaches a client with channels=%s after the join, and not before",
    async (channels) => {
      const guest = await come(channels);
      await letIn(guest);
      await until("the credential", () => guest.secretAt() >= 0, 2000);
      expect(guest.secretAt()).toBeGreaterThan(guest.joinAt());
      guest.socket.terminate();
    },
  );

  test("is what a client opens its WebRTC connection with", async () => {
    const opened: string[] = [];
    class WatchedClient extends FecClient {
      protected override channelOpeners(): ReturnType<FecClient["channelOpeners"]> {
        const openers = super.channelOpeners();
        return {
          ...openers,
          webrtc: (options) => {
            opened.push(JSON.stringify(options));
            return openers.webrtc!(options);
          },
        };
      }
    }
    const room = await new WatchedClient(server.url, { channels: ["webrtc"] }).joinOrCreate("guarded", { free: true });
    await untilPath(room, "webrtc");
    expect(opened).toHaveLength(1);
    expect(opened[0]).toContain(CREDENTIAL);
    await room.leave();
  });
});
