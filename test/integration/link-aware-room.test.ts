/** A room whose onLinkBehind fails: that is the room's business, never the end of the process. */

import { Room, type Client } from "@colyseus/core";
import { schema, t } from "@colyseus/schema";
import { OnLinkBehindException, type LinkAwareRoom, type LinkBehindReport } from "colyseus-fec";
import type { Room as SdkRoom } from "@colyseus/sdk";
import { FecClient } from "colyseus-fec/client";
import { afterEach, beforeEach, expect, test } from "vitest";
import { serverClient, serverRoom, startServer, until, type TestServer } from "./harness.js";

/** Behaviours of onLinkBehind. */
const FAILURES: Record<string, () => void | Promise<void>> = {
  throws: () => {
    throw new Error("thrown");
  },
  rejects: () => Promise.reject(new Error("rejected")),
  "throws no Error": () => {
    // eslint-disable-next-line @typescript-eslint/only-throw-error -- games do
    throw "a string";
  },
};

const Tick = schema({ tick: t.uint32().default(0) }, "Tick");

class PlainRoom extends Room implements LinkAwareRoom {
  override state = new Tick();
  failure = "throws";
  calls = 0;

  override onCreate({ failure }: { failure: string }): void {
    this.failure = failure;
    this.setSimulationInterval(() => this.state.tick++, 20);
  }

  onLinkBehind(_client: Client, _report: LinkBehindReport): void | Promise<void> {
    this.calls++;
    return FAILURES[this.failure]!();
  }
}

class CatchingRoom extends PlainRoom {
  readonly caught: [error: Error, method: string][] = [];
  override onUncaughtException(error: Error, method: string): void {
    this.caught.push([error, method]);
    if (this.failure === "throws no Error") throw error;
  }
}

/** Has no state, and says nothing after its first words. */
class SilentRoom extends Room implements LinkAwareRoom {
  readonly reports: LinkBehindReport[] = [];

  onLinkBehind(_client: Client, report: LinkBehindReport): void {
    this.reports.push(report);
  }
}

let server: TestServer;
const escaped: unknown[] = [];
const onEscaped = (error: unknown) => void escaped.push(error);

beforeEach(async () => {
  escaped.length = 0;
  process.on("uncaughtException", onEscaped).on("unhandledRejection", onEscaped);
  server = await startServer({ plain: PlainRoom, catching: CatchingRoom, silent: SilentRoom }, { udp: false });
});

afterEach(async () => {
  process.off("uncaughtException", onEscaped).off("unhandledRejection", onEscaped);
  await server.stop();
});

function socketOf(room: SdkRoom): { pause(): void; resume(): void } {
  return (serverClient(room).ref as unknown as { webSocket: { pause(): void; resume(): void } }).webSocket;
}

/** Joins, and stops reading until the room was told twice. */
async function fallBehind<RoomType extends PlainRoom>(name: string, failure: string): Promise<RoomType> {
  const room = await new FecClient(server.url, { channels: [] }).create(name, { failure });
  const host = serverRoom<RoomType>(room);
  const socket = socketOf(room);
  await new Promise((resolve) => setTimeout(resolve, 600)); // a probe of the WebSocket is answered
  socket.pause(); // no answers come in
  await until("two calls", () => host.calls >= 2);
  socket.resume();
  await room.leave();
  return host;
}

test.each(Object.keys(FAILURES))(
  "an onLinkBehind that %s is told to onUncaughtException, with what it was about",
  async (failure) => {
    const { caught } = await fallBehind<CatchingRoom>("catching", failure);
    expect(caught.length).toBeGreaterThanOrEqual(2);
    const [error, method] = caught[0]! as [OnLinkBehindException, string];
    expect(method).toBe("onLinkBehind");
    expect(error).toBeInstanceOf(OnLinkBehindException);
    expect(error.report.state).toBe("behind");
    expect(error.client.sessionId).toBeTruthy();
    expect([error.message, (error.cause as Error).message ?? error.cause]).toEqual(
      Array(2).fill({ throws: "thrown", rejects: "rejected" }[failure] ?? "a string"),
    );
    expect(escaped).toEqual([]);
  },
);

test.each(Object.keys(FAILURES))(
  "an onLinkBehind that %s is logged where the room has no onUncaughtException",
  async (failure) => {
    await fallBehind("plain", failure);
    await until("the log", () =>
      server.log.some(({ level, text }) => level === "error" && text.includes("in onLinkBehind")),
    );
    expect(escaped).toEqual([]);
  },
);

test("a room that sends messages and no state is told, even of its last message", async () => {
  const room = await new FecClient(server.url, { channels: [] }).create("silent");
  room.onMessage("word", () => undefined);
  const host = serverRoom<SilentRoom>(room),
    socket = socketOf(room);
  host.broadcast("word", "first");
  await new Promise((resolve) => setTimeout(resolve, 600)); // a probe of the WebSocket is answered
  socket.pause(); // no answers come in
  host.broadcast("word", "last");
  await until("a report", () => host.reports.length > 0);
  expect(host.reports[0]).toMatchObject({ state: "behind" });
  socket.resume();
  await until("the report that it is level again", () => host.reports.at(-1)!.state === "level");
  await room.leave();
});
