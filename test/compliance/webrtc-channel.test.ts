/** The WebRTC channel in Node against the contract: server's end, client's end, and behind an impaired network. Loopback only. */

import type { DatagramChannel } from "../../plugin/channels/datagram-channel.js";
import { impairChannel } from "../../plugin/channels/impaired/impaired-channel.js";
import { openNativeWebRtcChannel } from "../../plugin/channels/webrtc/webrtc-native-client.js";
import { WebRtcEndpoint } from "../../plugin/channels/webrtc/webrtc-server.js";
import { describeChannel } from "./channel-suite.js";

interface Ends {
  server: DatagramChannel;
  client: DatagramChannel;
  close(): void;
}

async function connect(): Promise<Ends> {
  const endpoint = await WebRtcEndpoint.bind({ ports: [0], host: "127.0.0.1" });
  return new Promise((resolve) => {
    const client = openNativeWebRtcChannel({
      sendRequest: (request) => {
        const { channel: server, peer, port } = endpoint.createChannel(request);
        client.accept({ peer, host: "127.0.0.1", port });
        resolve({ server, client, close: () => endpoint.close() });
      },
    });
  });
}

describeChannel("the WebRTC client in Node", async () => {
  const { server, client, close } = await connect();
  return { a: client, b: server, close };
});

describeChannel("the WebRTC server", async () => {
  const { server, client, close } = await connect();
  return { a: server, b: client, close };
});

describeChannel("the WebRTC client in Node under loss, delay, reordering, copies and damage", async () => {
  const { server, client, close } = await connect();
  const impairment = { loss: 0.3, delayMs: 3, jitterMs: 5, reorder: true, duplicate: 0.1, corrupt: 0.2, seed: 7 };
  return { a: impairChannel(client, impairment), b: server, close };
});
