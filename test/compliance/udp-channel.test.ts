/** The UDP channel against the contract: server's end, client's end, and behind an impaired network. Loopback only. */

import type { DatagramChannel } from "../../plugin/channels/datagram-channel.js";
import { impairChannel } from "../../plugin/channels/impaired/impaired-channel.js";
import { openUdpChannel } from "../../plugin/channels/udp/udp-client.js";
import { UdpEndpoint } from "../../plugin/channels/udp/udp-server.js";
import { describeChannel, type ChannelPair } from "./channel-suite.js";

interface Ends {
  server: DatagramChannel;
  client: DatagramChannel;
  close(): Promise<void>;
}

async function connect(host: string): Promise<Ends> {
  const endpoint = await UdpEndpoint.bind({ port: 0, host });
  const { channel: server, ...session } = endpoint.createChannel();
  const client = openUdpChannel({ host, port: endpoint.address().port, ...session });
  return { server, client, close: () => endpoint.close() };
}

async function fromClient(host: string): Promise<ChannelPair> {
  const { server, client, close } = await connect(host);
  return { a: client, b: server, close };
}

describeChannel("the UDP client", () => fromClient("127.0.0.1"));

describeChannel("the UDP client at a host name", () => fromClient("localhost"));

describeChannel("the UDP server", async () => {
  const { server, client, close } = await connect("127.0.0.1");
  return { a: server, b: client, close };
});

describeChannel("the UDP client under loss, delay, reordering, copies and damage", async () => {
  const { server, client, close } = await connect("127.0.0.1");
  const impairment = { loss: 0.3, delayMs: 3, jitterMs: 5, reorder: true, duplicate: 0.1, corrupt: 0.2, seed: 11 };
  return { a: impairChannel(client, impairment), b: server, close };
});

describeChannel("the UDP server behind a slow link with a short queue", async () => {
  const { server, client, close } = await connect("127.0.0.1");
  return { a: impairChannel(server, { rateKbps: 20_000, queueBytes: 20_000, delayMs: 2 }), b: client, close };
});
