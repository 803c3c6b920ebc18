/** A page that runs the channel suite on the browser's own WebRTC channel; its peer is the relay's (channel-relay.ts). */

import type { DatagramChannel } from "../../../plugin/channels/datagram-channel.js";
import { openBrowserWebRtcChannel } from "../../../plugin/channels/webrtc/webrtc-browser-client.js";
import { describeChannel } from "../../compliance/channel-suite.js";
import type { PageMessage, RelayMessage } from "../channel-relay.js";
import { runTests } from "./suite-runner.js";

/** The far end: its calls travel by WebSocket, so it answers later than a channel would. */
class RelayedChannel implements DatagramChannel {
  readonly kind = "webrtc" as const;
  state: DatagramChannel["state"] = "connecting";
  maxDatagramBytes = 0;
  overheadBytes = 0;
  readonly writable = true;
  readonly queuesUnseen = false;
  onopen: (() => void) | null = null;
  onwritable: (() => void) | null = null;
  onmoved: (() => void) | null = null;
  ondatagram: ((datagram: Uint8Array) => void) | null = null;
  onclose: ((reason: string) => void) | null = null;

  constructor(readonly socket: WebSocket) {}

  /** Of what was not sent while it was not open, a channel says so. */
  send(datagram: Uint8Array): boolean {
    if (datagram.length === 0 || (this.maxDatagramBytes > 0 && datagram.length > this.maxDatagramBytes))
      throw new RangeError("datagram");
    if (this.state !== "open") return false;
    this.socket.send(datagram);
    return true;
  }

  close(): void {
    if (this.state === "closed") return;
    this.state = "closed";
    this.socket.send(JSON.stringify({ close: true } satisfies PageMessage));
    this.onclose?.("closed");
  }

  handle(message: RelayMessage): void {
    if ("answer" in message)
      Object.assign(this, { maxDatagramBytes: message.maxDatagramBytes, overheadBytes: message.overheadBytes });
    if ("open" in message && this.state === "connecting") {
      this.state = "open";
      this.onopen?.();
    }
    if ("closed" in message && this.state !== "closed") {
      this.state = "closed";
      this.onclose?.(message.closed);
    }
  }
}

async function makePair() {
  const socket = new WebSocket(location.href.replace("http", "ws"));
  socket.binaryType = "arraybuffer";
  await new Promise((resolve) => (socket.onopen = resolve));
  const far = new RelayedChannel(socket);
  const near = openBrowserWebRtcChannel({
    sendRequest: (request) => socket.send(JSON.stringify({ request } satisfies PageMessage)),
  });
  socket.onmessage = ({ data }: MessageEvent<string | ArrayBuffer>) => {
    if (typeof data !== "string") {
      if (far.state === "open") far.ondatagram?.(new Uint8Array(data));
      return;
    }
    const message = JSON.parse(data) as RelayMessage;
    far.handle(message);
    if ("answer" in message) near.accept({ peer: message.answer, host: message.host, port: message.port });
  };
  return { a: near, b: far, close: () => socket.close() };
}

describeChannel("the WebRTC channel of this browser", makePair);
Object.assign(window, { runTests });
