/** A WebRTC client that sends more than any game does: the budget by made-up time, the end of its connection by real ones on 127.0.0.1. */

import { afterEach, describe, expect, test } from "vitest";
import type { DatagramChannel } from "../../plugin/channels/datagram-channel.js";
import { FLOOD_DATAGRAMS, SESSION_DATAGRAMS } from "../../plugin/channels/limits.js";
import { loadNative } from "../../plugin/channels/webrtc/native.js";
import { CLIENT_CHANNEL, CONNECTION_OPTIONS, FOREIGN_CHANNEL } from "../../plugin/channels/webrtc/native-channel.js";
import { answerOf, fieldsOfOwn } from "../../plugin/channels/webrtc/sdp.js";
import { DatagramAllowance } from "../../plugin/channels/webrtc/datagram-allowance.js";
import { openNativeWebRtcChannel } from "../../plugin/channels/webrtc/webrtc-native-client.js";
import { WebRtcEndpoint } from "../../plugin/channels/webrtc/webrtc-server.js";

const WAIT_MS_MAX = 15_000;

/** The verdicts on `count` datagrams that come at once. */
function verdicts(allowance: DatagramAllowance, count: number, nowMs: number): Record<string, number> {
  const counts: Record<string, number> = {};
  for (let i = 0; i < count; i++) {
    const verdict = allowance.verdict(nowMs);
    counts[verdict] = (counts[verdict] ?? 0) + 1;
  }
  return counts;
}

describe("what a server takes of one WebRTC client", () => {
  test("is 2000 datagrams a second after 4000; what is beyond is dropped, and 10000 of that end the connection", () => {
    const allowance = new DatagramAllowance(0);
    expect(verdicts(allowance, 5000, 0)).toEqual({ take: 4000, drop: 1000 });
    expect(verdicts(allowance, 5000, 1000)).toEqual({ take: 2000, drop: 3000 });
    expect(verdicts(allowance, 10_000, 2000)).toEqual({ take: 2000, drop: 7000, end: 1000 });
  });

  test("is never exceeded by a game at 250 datagrams a second, nor by what waited while the server stood still for 55 s", () => {
    const allowance = new DatagramAllowance(0);
    for (let ms = 0; ms < 60_000; ms += 4) expect(verdicts(allowance, 1, ms)).toEqual({ take: 1 });
    expect(verdicts(allowance, 15 * 250, 75_000)).toEqual({ take: 3750 });
    expect(verdicts(allowance, 55 * 250, 130_000)).not.toHaveProperty("end");
    expect(verdicts(allowance, 1, 130_004)).toEqual({ take: 1 });
  });

  test("is exceeded by one that floods in pulses as well", () => {
    const allowance = new DatagramAllowance(0);
    let ended = false;
    for (let ms = 0; ms < 10_000 && !ended; ms += 2000)
      ended = "end" in verdicts(allowance, SESSION_DATAGRAMS.burst + FLOOD_DATAGRAMS.burst, ms);
    expect(ended).toBe(true);
  });
});

describe("the WebRTC endpoint", () => {
  let endpoint: WebRtcEndpoint | undefined;

  afterEach(() => endpoint?.close());

  async function connect(): Promise<{ server: DatagramChannel; client: DatagramChannel; reasons: string[] }> {
    const ends = await new Promise<{ server: DatagramChannel; client: DatagramChannel }>((resolve) => {
      const client = openNativeWebRtcChannel({
        sendRequest: (request) => {
          const { channel: server, peer, port } = endpoint!.createChannel(request);
          client.accept({ peer, host: "127.0.0.1", port });
          resolve({ server, client });
        },
      });
    });
    const reasons: string[] = [];
    ends.server.onclose = (reason) => reasons.push(reason);
    await until(() => ends.server.state === "open" && ends.client.state === "open");
    return { ...ends, reasons };
  }

  test(
    "ends the connection of a client that floods it, hands on no more than the budget, and keeps the others",
    async () => {
      endpoint = await WebRtcEndpoint.bind({ ports: [0], host: "127.0.0.1" });
      const calm = await connect(),
        hostile = await connect();
      let taken = 0,
        calmTaken = 0;
      hostile.server.ondatagram = () => taken++;
      calm.server.ondatagram = () => calmTaken++;
      const startMs = performance.now();
      const datagram = Uint8Array.of(1, 2, 3);
      await until(() => {
        for (let i = 0; i < 200; i++) hostile.client.send(datagram);
        calm.client.send(datagram);
        return hostile.server.state === "closed";
      });
      const seconds = (performance.now() - startMs) / 1000;
      expect(hostile.reasons).toEqual(["too many datagrams"]);
      expect(taken).toBeLessThanOrEqual(SESSION_DATAGRAMS.burst + SESSION_DATAGRAMS.perSecond * (seconds + 1));
      expect(endpoint.stats.flooded).toBe(1);
      expect(endpoint.stats.overRate).toBeGreaterThan(FLOOD_DATAGRAMS.burst);
      const before = calmTaken;
      await until(() => calm.client.send(datagram) && calmTaken > before);
      expect([calm.server.state, calm.reasons, endpoint.channelCount]).toEqual(["open", [], 1]);
      calm.client.close();
      hostile.client.close();
    },
    2 * WAIT_MS_MAX,
  );
});

describe("a client that opens a data channel of its own", () => {
  let endpoint: WebRtcEndpoint | undefined;

  afterEach(() => endpoint?.close());

  test(
    "loses its connection, though it sent more by it than a queue holds; the process and the others go on",
    async () => {
      endpoint = await WebRtcEndpoint.bind({ ports: [0], host: "127.0.0.1" });
      const library = await loadNative();
      for (let round = 0; round < 3; round++) {
        const connection = new library.PeerConnection("hostile", CONNECTION_OPTIONS);
        connection.onStateChange(() => {});
        connection.createDataChannel("d", CLIENT_CHANNEL).onClosed(() => {});
        const own = connection.createDataChannel("own", {});
        let sent = 0;
        own.onClosed(() => {});
        own.onOpen(() => {
          for (; sent < 3000; sent++) own.sendMessageBinary(Uint8Array.of(1));
        });
        connection.setLocalDescription("offer");
        const { channel, peer, port } = endpoint.createChannel(fieldsOfOwn(connection.localDescription()!.sdp)!);
        const reasons: string[] = [];
        channel.onclose = (reason) => reasons.push(reason);
        connection.setRemoteDescription(answerOf(peer, "127.0.0.1", port), "answer");
        await until(() => channel.state === "closed");
        expect([reasons, sent]).toEqual([[FOREIGN_CHANNEL], 3000]);
        connection.close();
      }
      expect(endpoint.channelCount).toBe(0);
    },
    2 * WAIT_MS_MAX,
  );
});

async function until(condition: () => boolean): Promise<void> {
  const endMs = performance.now() + WAIT_MS_MAX;
  while (!condition()) {
    if (performance.now() > endMs) throw new Error("waited in vain");
    await new Promise((resolve) => setImmediate(resolve));
  }
}
