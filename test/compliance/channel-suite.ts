/**
 * The contract of DatagramChannel (plugin/channels/datagram-channel.ts) as tests, for every implementation.
 * A channel may lose datagrams, so what must arrive is sent again until it does. Real channels run on real time:
 * waits are for events, bounded, and go on as soon as these come.
 */

import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { DatagramChannel } from "../../plugin/channels/datagram-channel.js";

export interface ChannelPair {
  a: DatagramChannel;
  b: DatagramChannel;
  /** Frees what the pair stands on, after the channels. */
  close(): void | Promise<void>;
}

const WAIT_MS_MAX = 8000;
const RESEND_MS = 5;

/** @param makePair two channels that are peers of each other, connecting or open. */
export function describeChannel(name: string, makePair: () => Promise<ChannelPair>): void {
  describe(`${name} keeps the contract of a datagram channel`, () => {
    let pair: ChannelPair;
    let a: DatagramChannel;
    let b: DatagramChannel;
    let opened: string[];

    beforeEach(async () => {
      pair = await makePair();
      ({ a, b } = pair);
      opened = [];
      a.onopen = () => opened.push("a");
      b.onopen = () => opened.push("b");
    });

    afterEach(async () => {
      a.close();
      b.close();
      await pair.close();
    });

    const open = (): Promise<void> => until(() => a.state === "open" && b.state === "open");

    test("is not open before onopen, and calls onopen once at each end", async () => {
      const before = [a.state, b.state];
      await open();
      await settle();
      expect(opened.filter((end) => end === "a")).toHaveLength(before[0] === "open" ? 0 : 1);
      expect(opened.filter((end) => end === "b")).toHaveLength(before[1] === "open" ? 0 : 1);
    });

    test("says its sizes once open, and keeps them", async () => {
      await open();
      for (const channel of [a, b]) {
        const { maxDatagramBytes, overheadBytes } = channel;
        expect(Number.isInteger(maxDatagramBytes)).toBe(true);
        expect(maxDatagramBytes).toBeGreaterThanOrEqual(512);
        expect(maxDatagramBytes).toBeLessThanOrEqual(1200);
        expect(overheadBytes).toBeGreaterThanOrEqual(0);
        channel.send(bytesOf(maxDatagramBytes));
        expect([channel.maxDatagramBytes, channel.overheadBytes]).toEqual([maxDatagramBytes, overheadBytes]);
      }
    });

    test("carries datagrams of 1 byte to maxDatagramBytes whole and unchanged, both ways", async () => {
      await open();
      for (const [from, to] of [
        [a, b],
        [b, a],
      ] as const) {
        for (const size of [1, 2, 100, from.maxDatagramBytes - 1, from.maxDatagramBytes]) {
          const sent = bytesOf(size);
          expect(await deliver(from, to, sent)).toEqual(sent);
        }
      }
    });

    test("keeps the boundaries of datagrams sent together", async () => {
      await open();
      const sizes: number[] = [];
      b.ondatagram = (datagram) => sizes.push(datagram.length);
      await until(() => {
        for (let size = 1; size <= 20; size++) a.send(bytesOf(size));
        return new Set(sizes).size === 20;
      });
      expect(Math.max(...sizes)).toBe(20);
    });

    test("consumes the bytes before send returns", async () => {
      await open();
      const received: Uint8Array[] = [];
      b.ondatagram = (datagram) => received.push(Uint8Array.from(datagram));
      await until(() => {
        const buffer = new Uint8Array(64).fill(7);
        a.send(buffer);
        buffer.fill(9);
        return received.length >= 3;
      });
      for (const datagram of received) expect(datagram).toEqual(new Uint8Array(64).fill(7));
    });

    test("does not call the peer's ondatagram from within send", async () => {
      await open();
      let sending = false;
      let inside = 0;
      let count = 0;
      b.ondatagram = () => {
        count++;
        if (sending) inside++;
      };
      await until(() => {
        sending = true;
        a.send(bytesOf(8));
        sending = false;
        return count >= 3;
      });
      expect(inside).toBe(0);
    });

    test("throws RangeError for an empty datagram and for one above maxDatagramBytes", async () => {
      expect(() => a.send(new Uint8Array(0))).toThrow(RangeError);
      await open();
      expect(() => a.send(new Uint8Array(0))).toThrow(RangeError);
      expect(() => a.send(new Uint8Array(a.maxDatagramBytes + 1))).toThrow(RangeError);
      expect(a.state).toBe("open");
    });

    test("returns false instead of throwing while it is not open", () => {
      for (const channel of [a, b]) {
        if (channel.state !== "open") expect(channel.send(bytesOf(10))).toBe(false);
      }
    });

    test("drops datagrams while nobody listens, and goes on", async () => {
      await open();
      b.ondatagram = null;
      for (let i = 0; i < 20; i++) a.send(bytesOf(50));
      await settle();
      const sent = bytesOf(51);
      expect(await deliver(a, b, sent)).toEqual(sent);
    });

    test("survives a burst of 3000 full datagrams, and carries the next", async () => {
      await open();
      const full = bytesOf(a.maxDatagramBytes);
      for (let i = 0; i < 3000; i++) expect(typeof a.send(full)).toBe("boolean");
      const sent = bytesOf(33);
      expect(await deliver(a, b, sent)).toEqual(sent);
    });

    test("is writable again after it was not, and nothing sent while it was writable is refused", async () => {
      await open();
      const full = bytesOf(a.maxDatagramBytes);
      let refused = 0,
        heldBack = 0;
      for (let i = 0; i < 3000; i++) {
        if (!a.writable) heldBack++;
        else if (!a.send(full)) refused++;
      }
      expect(refused).toBe(0);
      expect(heldBack).toBeLessThanOrEqual(2999);
      await until(() => a.writable);
      const sent = bytesOf(34);
      expect(await deliver(a, b, sent)).toEqual(sent);
      expect(typeof a.queuesUnseen).toBe("boolean");
    });

    test("lets a handler send", async () => {
      await open();
      b.ondatagram = (datagram) => b.send(datagram);
      const sent = bytesOf(20);
      expect(await deliver(a, a, sent)).toEqual(sent);
    });

    test('closes once, with reason "closed", and is silent from then on', async () => {
      await open();
      const events: string[] = [];
      a.onclose = (reason) => events.push(`close ${reason}`);
      a.ondatagram = () => events.push("datagram");
      for (let i = 0; i < 20; i++) b.send(bytesOf(10));
      a.close();
      a.close();
      expect(a.state).toBe("closed");
      expect(a.send(bytesOf(10))).toBe(false);
      for (let i = 0; i < 20; i++) b.send(bytesOf(10));
      await until(() => events.length > 0);
      await settle();
      expect(events).toEqual(["close closed"]);
    });

    test("does not open after it was closed while connecting", async () => {
      if (a.state !== "connecting") return;
      const reasons: string[] = [];
      a.onclose = (reason) => reasons.push(reason);
      a.close();
      await settle();
      expect(reasons).toEqual(["closed"]);
      expect(a.state).toBe("closed");
      expect(opened).not.toContain("a");
    });

    test("can be closed by its own ondatagram", async () => {
      await open();
      let count = 0;
      b.ondatagram = () => {
        count++;
        b.close();
      };
      await until(() => {
        for (let i = 0; i < 5; i++) a.send(bytesOf(10));
        return count > 0;
      });
      await settle();
      expect(count).toBe(1);
    });
  });
}

/** Bytes that tell their length and place. */
function bytesOf(length: number): Uint8Array {
  return Uint8Array.from({ length }, (_, i) => (i * 31 + length) & 0xff);
}

/** Sends until `to` gets a datagram of these bytes' length; resolves with a copy of it. */
async function deliver(from: DatagramChannel, to: DatagramChannel, sent: Uint8Array): Promise<Uint8Array> {
  let received: Uint8Array | undefined;
  to.ondatagram = (datagram) => {
    if (datagram.length === sent.length) received = Uint8Array.from(datagram);
  };
  await until(() => {
    if (received === undefined) from.send(sent);
    return received !== undefined;
  });
  return received!;
}

/** Asks again every 5 ms, 8 s at most. */
async function until(done: () => boolean): Promise<void> {
  const endMs = performance.now() + WAIT_MS_MAX;
  while (!done()) {
    if (performance.now() > endMs) throw new Error(`nothing came in ${WAIT_MS_MAX} ms`);
    await new Promise((resolve) => setTimeout(resolve, RESEND_MS));
  }
}

/** Time for what should not happen, to happen. */
function settle(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 60));
}
