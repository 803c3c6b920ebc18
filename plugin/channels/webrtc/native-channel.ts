/**
 * An end of a WebRTC channel on the native library: the server's, and that of a client in Node. The data channel is
 * negotiated beforehand (id 0), so none is opened by a message (RFC 8831 section 6.5).
 */

import { guarded } from "../../host/host-call.js";
import { WEBRTC_LIFETIME_MS, WEBRTC_MESSAGE_BYTES_MAX, WEBRTC_REFUSE_MS } from "../limits.js";
import type { NativeDataChannel, NativeLibrary, NativePeerConnection } from "./native.js";
import { fieldsOfOwn, type PeerFields } from "./sdp.js";
import { WebRtcChannel } from "./webrtc-channel.js";

export const NEGOTIATED = { negotiated: true, id: 0, unordered: true } as const;

/** How SCTP treats what each side sends (RFC 8831 section 6.4): never kept for long. */
export const SERVER_CHANNEL = { ...NEGOTIATED, maxPacketLifeTime: WEBRTC_LIFETIME_MS } as const;
export const CLIENT_CHANNEL = { ...NEGOTIATED, maxRetransmits: 0 } as const;

/** Options of every connection: what is sent when is decided here, not by the library. */
export const CONNECTION_OPTIONS = {
  iceServers: [],
  disableAutoNegotiation: true,
  maxMessageSize: WEBRTC_MESSAGE_BYTES_MAX,
} as const;

/** Why a channel ended whose peer opened another on its connection. */
export const FOREIGN_CHANNEL = "a data channel of the peer's own";

export abstract class NativeChannel extends WebRtcChannel {
  /** The library's count ends where usrsctp's own buffer of 1 MB begins. */
  readonly queuesUnseen = true;
  #connection: NativePeerConnection | undefined;
  #data: NativeDataChannel | undefined;

  /** Makes the connection and its data channel. Throws what the library throws. */
  protected connect(library: NativeLibrary, connectionOptions: object, channelOptions: object): NativePeerConnection {
    const connection = new library.PeerConnection("colyseus-fec", { ...CONNECTION_OPTIONS, ...connectionOptions });
    this.#connection = connection;
    connection.onStateChange(
      guarded((state) => {
        if (state === "failed" || state === "disconnected" || state === "closed") this.end(`connection ${state}`);
      }),
    );
    connection.onDataChannel(guarded((channel) => this.#refuse(channel)));
    const data = connection.createDataChannel("d", channelOptions);
    this.#data = data;
    data.onOpen(guarded(() => this.open()));
    data.onClosed(guarded(() => this.end("closed by the peer")));
    data.onError(guarded((error) => this.end(`data channel: ${error}`)));
    data.onMessage(guarded((message) => this.deliver(message)));
    data.setBufferedAmountLowThreshold(0);
    data.onBufferedAmountLow(guarded(() => this.drained()));
    return connection;
  }

  /** The own half of the connection, after setLocalDescription. @throws Error when the library gave none. */
  protected ownFields(connection: NativePeerConnection): PeerFields {
    const fields = fieldsOfOwn(connection.localDescription()?.sdp ?? "");
    if (fields === undefined) throw new Error("the WebRTC library made no usable description");
    return fields;
  }

  /**
   * Nobody of ours opens a second channel. What comes by it is read, since a queue of 1024 messages that nobody reads
   * blocks the library, and with it every session, as soon as its connection is closed; so the connection ends a moment
   * later.
   */
  #refuse(channel: NativeDataChannel): void {
    channel.onMessage(() => {});
    channel.onClosed(() => {});
    this.clock.setTimeout(() => this.end(FOREIGN_CHANNEL), WEBRTC_REFUSE_MS);
  }

  protected override bufferedBytes(): number {
    return this.#data?.bufferedAmount() ?? 0;
  }

  protected override transmit(datagram: Uint8Array): boolean {
    try {
      this.#data?.sendMessageBinary(datagram);
      return true;
    } catch {
      // Closed, and its event not yet here.
      return false;
    }
  }

  protected override release(): void {
    const connection = this.#connection;
    this.#connection = undefined;
    this.#data = undefined;
    connection?.close();
  }
}
