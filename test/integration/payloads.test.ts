import { Room, type Client } from "@colyseus/core";
import { schema, StateView, t } from "@colyseus/schema";
import type { Room as SdkRoom } from "@colyseus/sdk";
import { FecClient, linkStats, type FecClientOptions } from "colyseus-fec/client";
import { afterAll, beforeAll, expect, test } from "vitest";
import { once, serverClient, serverRoom, startServer, until, untilUdp, type TestServer } from "./harness.js";

const MEGABYTE = 1024 * 1024;

const Secret = schema({ value: t.uint32().default(0) }, "Secret");
const PayloadState = schema(
  { tick: t.uint32().default(0), blob: t.string().default(""), secrets: t.map(Secret).view() },
  "PayloadState",
);

class PayloadRoom extends Room {
  declare state: InstanceType<typeof PayloadState>;
  readonly bytes: Buffer[] = [];
  readonly heard: unknown[] = [];
  override maxClients = 4;

  override onCreate({ blobBytes = 0 }: { blobBytes?: number }): void {
    this.patchRate = 25;
    this.state = new PayloadState();
    this.state.blob = "x".repeat(blobBytes);
    this.onMessageBytes("bytes", (client, bytes: Buffer) => {
      this.bytes.push(Buffer.from(bytes));
      client.sendBytes("bytes", bytes);
      bytes.fill(0xff); // ours to overwrite: the link must not read it again
    });
    this.onMessage("message", (client, message: unknown) => {
      this.heard.push(message);
      client.send("message", message);
    });
    this.onMessage("sum", (_client, numbers: number[]) => numbers.reduce((a, b) => a + b, 0));
    this.onMessage("reject", (_client, _payload, ctx) => ctx.reject("no"));
    this.onMessage("after", (client, n: number) => client.send("after", n, { afterNextPatch: true }));
    this.onMessage("grow", (_client, blobBytes: number) => {
      this.state.blob = "y".repeat(blobBytes);
    });
  }

  override onBeforePatch(): void {
    this.state.tick++;
    for (const secret of this.state.secrets.values()) secret.value = this.state.tick;
  }

  override onJoin(client: Client): void {
    const secret = new Secret();
    client.view = new StateView();
    this.state.secrets.set(client.sessionId, secret);
    client.view.add(secret);
    client.send("queued", "in onJoin");
  }
}

let server: TestServer;

beforeAll(async () => {
  server = await startServer({ payload: PayloadRoom }, { maxPayload: 4 * MEGABYTE });
});

afterAll(() => server.stop());

async function join(create: object = {}, options: FecClientOptions = {}): Promise<SdkRoom> {
  const room: SdkRoom = await new FecClient(server.url, options).create("payload", create);
  room.onMessage("queued", () => {});
  return room;
}

function pattern(length: number, seed = 1): Uint8Array {
  return Uint8Array.from({ length }, (_, i) => (i * 31 + seed * 17 + (i >> 8)) & 0xff);
}

/** Sends bytes up, waits for them back, and compares at both ends. */
async function roundTrip(room: SdkRoom, sizes: readonly number[]): Promise<void> {
  const host = serverRoom<PayloadRoom>(room);
  const back: Uint8Array[] = [];
  const off = room.onMessage("bytes", (bytes: Uint8Array) => back.push(bytes));
  const start = host.bytes.length;
  sizes.forEach((size, i) => room.sendBytes("bytes", pattern(size, i)));
  await until("all bytes back", () => back.length === sizes.length, 20_000);
  sizes.forEach((size, i) => {
    expect(Buffer.compare(host.bytes[start + i]!, pattern(size, i))).toBe(0);
    expect(Buffer.compare(back[i]!, pattern(size, i))).toBe(0);
  });
  off();
}

test("contract 6: bytes of any size from 0 to megabytes, both ways, in order, before and after UDP opens", async () => {
  const room = await join();
  const sizes = [0, 1, 100, 1170, 1180, 1200, 1201, 5000, 9700, 65_536, MEGABYTE, 3 * MEGABYTE, 0, 7];
  await roundTrip(room, sizes);
  await untilUdp(room);
  await roundTrip(room, sizes);
  expect(linkStats(room).path).toBe("udp");
  await room.leave();
});

test("contract 6: the same at 10 % loss, and what the room overwrites in place does not reach later messages", async () => {
  const room = await join({}, { netem: { loss: 0.1, delayMs: 10 }, repair: { schedule: "sliding", codeRate: 1 } });
  await untilUdp(room);
  for (let i = 0; i < 12; i++) await roundTrip(room, [0, 1, 200, 900, 1180, 3000, 100_000, 50]);
  await room.leave();
});

test("messages without a payload, of every type", async () => {
  const room = await join();
  await untilUdp(room);
  const back: unknown[] = [];
  room.onMessage("message", (message: unknown) => back.push(message));
  const messages = [undefined, null, 0, "", [], {}, { a: [1, { b: "x".repeat(3000) }] }, true];
  for (const message of messages) room.send("message", message);
  await until("all messages back", () => back.length === messages.length);
  expect(back).toEqual(messages);
  expect(serverRoom<PayloadRoom>(room).heard).toEqual(messages);
  await room.leave();
});

test("a state of 1 MB arrives at the join, and by a patch", async () => {
  const room = await join({ blobBytes: MEGABYTE });
  await until("the state", () => room.state?.blob !== undefined);
  expect(room.state.blob.length).toBe(MEGABYTE);
  await untilUdp(room);
  room.send("grow", 2 * MEGABYTE);
  await until("the patch", () => room.state.blob.length === 2 * MEGABYTE);
  const tick = room.state.tick;
  await until("patches after it", () => room.state.tick > tick + 10);
  await room.leave();
});

test("state views show each client its own", async () => {
  const first = await join();
  const second: SdkRoom = await new FecClient(server.url).joinById(first.roomId);
  second.onMessage("queued", () => {});
  await untilUdp(first);
  await untilUdp(second);
  for (const room of [first, second]) {
    const secret = () => room.state.secrets?.get(room.sessionId)?.value ?? 0;
    const start = secret();
    await until("its secret changes", () => secret() > start + 5);
    expect([...room.state.secrets.keys()]).toEqual([room.sessionId]);
  }
  await Promise.all([first.leave(), second.leave()]);
});

test("afterNextPatch messages come right after the patch", async () => {
  const room = await join();
  await untilUdp(room);
  const order: string[] = [];
  room.onStateChange(() => order.push("patch"));
  room.onMessage("after", () => order.push("after"));
  for (let i = 0; i < 5; i++) {
    room.send("after", i);
    await until("the answer", () => order.filter((entry) => entry === "after").length === i + 1);
    expect(order.at(-2)).toBe("patch");
  }
  await room.leave();
});

test("room.request is answered, rejected, and refused", async () => {
  const room = await join();
  await untilUdp(room);
  expect(await room.request("sum", [1, 2, 39])).toBe(42);
  await expect(room.request("reject")).rejects.toMatchObject({ reason: "no" });
  await expect(room.request("unknown")).rejects.toThrow("no onMessage");
  const answers = await Promise.all(Array.from({ length: 100 }, (_, i) => room.request("sum", [i, i])));
  expect(answers).toEqual(answers.map((_, i) => 2 * i));
  await room.leave();
});

test("contract 5 and 19: the bytes are copied when sent, and what is delivered is never reused", async () => {
  const room = await join();
  await untilUdp(room);
  const back: Uint8Array[] = [];
  room.onMessage("bytes", (bytes: Uint8Array) => back.push(bytes));
  const shared = new Uint8Array(64);
  for (let i = 0; i < 50; i++) {
    shared.fill(i);
    serverClient(room).sendBytes("bytes", shared);
    serverClient(room).raw(Buffer.concat([Buffer.of(17, 0xa5), Buffer.from("bytes"), shared.fill(i)]));
    shared.fill(0xee);
  }
  await until("all 100", () => back.length === 100);
  back.forEach((bytes, i) => expect([...new Set(bytes)]).toEqual([i >> 1]));
  await room.leave();
});

test("the onJoin queue comes after the state, in order", async () => {
  const order: string[] = [];
  const client = new FecClient(server.url);
  const room = await client.create("payload");
  room.onStateChange.once(() => order.push("state"));
  room.onMessage("queued", (text: string) => order.push(text));
  await until("both", () => order.length === 2);
  expect(order).toEqual(["state", "in onJoin"]);
  const left = once(room.onLeave);
  await room.leave();
  await left;
});
