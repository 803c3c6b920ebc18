/**
 * A client's end of the WebRTC channel in a browser, on its RTCPeerConnection. The browser's own candidates are not
 * sent: the server learns its address from the connectivity checks, so nothing waits for gathering. Retrying is the
 * caller's.
 */

import type { ServerHalf } from "./signalling.js";
import { WEBRTC_DISCONNECTED_MS } from "../limits.js";
import { answerOf, fieldsOfOwn, midOfOwn } from "./sdp.js";
import { WebRtcChannel, type WebRtcClientChannel, type WebRtcClientOptions } from "./webrtc-channel.js";

/**
 * Starts to open a channel; it is "connecting" when this returns. Ends by `onclose`: "timeout", "closed", or what the
 * browser says. @throws what RTCPeerConnection throws for iceServers.
 */
export function openBrowserWebRtcChannel(options: WebRtcClientOptions): WebRtcClientChannel {
  return new BrowserClientChannel(options);
}

class BrowserClientChannel extends WebRtcChannel implements WebRtcClientChannel {
  readonly queuesUnseen = false;
  readonly #connection: RTCPeerConnection;
  readonly #data: RTCDataChannel;
  #disconnectedTimer: unknown;

  constructor({ sendRequest, iceServers, timeoutMs, clock }: WebRtcClientOptions) {
    // Before super(), whose timer would outlive an error here.
    const connection = new RTCPeerConnection({
      iceServers: (iceServers ?? []).map(({ urls, ...rest }) => ({ urls: [...urls], ...rest })),
    });
    super(timeoutMs, clock);
    this.#connection = connection;
    this.#connection.onconnectionstatechange = () => this.#onState();
    this.#data = this.#connection.createDataChannel("d", {
      negotiated: true,
      id: 0,
      ordered: false,
      maxRetransmits: 0,
    });
    this.#data.binaryType = "arraybuffer";
    this.#data.onopen = () => this.open();
    this.#data.onclose = () => this.end("closed by the peer");
    this.#data.onmessage = ({ data }) => this.deliver(data);
    this.#data.onbufferedamountlow = () => this.drained();
    addEventListener("pagehide", this.#onPageHide);
    void this.#request(sendRequest);
  }

  accept({ peer, host, port }: ServerHalf): void {
    const connection = this.#connection;
    if (this.state !== "connecting" || connection.signalingState !== "have-local-offer") return;
    const sdp = answerOf(peer, host, port, midOfOwn(connection.localDescription?.sdp ?? ""));
    connection
      .setRemoteDescription({ type: "answer", sdp })
      .catch((error: Error) => this.end(`answer: ${error.message}`));
  }

  protected override bufferedBytes(): number {
    return this.#data.bufferedAmount;
  }

  protected override transmit(datagram: Uint8Array): boolean {
    try {
      this.#data.send(datagram as Uint8Array<ArrayBuffer>);
      return true;
    } catch {
      // Closing, or the browser's own buffer is full.
      return false;
    }
  }

  protected override release(): void {
    removeEventListener("pagehide", this.#onPageHide);
    this.clock.clearTimeout(this.#disconnectedTimer);
    this.#connection.onconnectionstatechange = null;
    this.#data.onopen = this.#data.onclose = this.#data.onmessage = this.#data.onbufferedamountlow = null;
    this.#connection.close();
  }

  async #request(sendRequest: WebRtcClientOptions["sendRequest"]): Promise<void> {
    try {
      const connection = this.#connection;
      await connection.setLocalDescription(await connection.createOffer());
      if (this.state !== "connecting") return;
      const fields = fieldsOfOwn(connection.localDescription?.sdp ?? "");
      if (fields === undefined) this.end("the browser made no usable description");
      else sendRequest(fields);
    } catch (error) {
      this.end(`offer: ${(error as Error).message}`);
    }
  }

  #onState(): void {
    const { connectionState } = this.#connection;
    this.clock.clearTimeout(this.#disconnectedTimer);
    if (connectionState === "failed" || connectionState === "closed") this.end(`connection ${connectionState}`);
    // It may come back by itself; on another network it does not, and a new connection is made sooner than the browser
    // gives up.
    if (connectionState === "disconnected")
      this.#disconnectedTimer = this.clock.setTimeout(() => this.end("connection lost"), WEBRTC_DISCONNECTED_MS);
  }

  readonly #onPageHide = (): void => this.end("page hidden");
}
