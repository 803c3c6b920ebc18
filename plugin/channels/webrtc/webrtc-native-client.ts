/**
 * A client's end of the WebRTC channel in Node, on the native library: for tests, bots and clients that must look like
 * browsers to a network. Retrying after a failure is the caller's. STUN and TURN servers are left to browsers.
 */

import type { ServerHalf } from "./signalling.js";
import { loadNative, type NativePeerConnection } from "./native.js";
import { CLIENT_CHANNEL, NativeChannel } from "./native-channel.js";
import { answerOf } from "./sdp.js";
import type { WebRtcClientChannel, WebRtcClientOptions } from "./webrtc-channel.js";

/**
 * Starts to open a channel; it is "connecting" when this returns. Ends by `onclose`: "timeout", "closed", what the
 * library says, or that it is not installed.
 */
export function openNativeWebRtcChannel(options: WebRtcClientOptions): WebRtcClientChannel {
  return new NativeClientChannel(options);
}

class NativeClientChannel extends NativeChannel implements WebRtcClientChannel {
  readonly #options: WebRtcClientOptions;
  #connection: NativePeerConnection | undefined;

  constructor(options: WebRtcClientOptions) {
    super(options.timeoutMs, options.clock);
    this.#options = options;
    void this.#request();
  }

  accept({ peer, host, port }: ServerHalf): void {
    const connection = this.#connection;
    if (this.state !== "connecting" || connection?.signalingState() !== "have-local-offer") return;
    try {
      connection.setRemoteDescription(answerOf(peer, host, port), "answer");
    } catch (error) {
      this.end(`answer: ${(error as Error).message}`);
    }
  }

  async #request(): Promise<void> {
    try {
      const library = await loadNative();
      if (this.state !== "connecting") return;
      this.#connection = this.connect(library, {}, CLIENT_CHANNEL);
      this.#connection.setLocalDescription("offer");
      this.#options.sendRequest(this.ownFields(this.#connection));
    } catch (error) {
      this.end((error as Error).message);
    }
  }

  protected override release(): void {
    this.#connection = undefined;
    super.release();
  }
}
