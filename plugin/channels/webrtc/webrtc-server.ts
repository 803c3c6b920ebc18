/**
 * The server's end of the WebRTC channel: the sockets that all its connections share, told apart by ICE's user name,
 * and the connections. Sessions and their admission are the host's. docs/WIRE-FORMAT.md section 6.
 */

import { systemClock, type Clock } from "../../host/clock.js";
import type { DatagramChannel } from "../datagram-channel.js";
import { callHost } from "../../host/host-call.js";
import { WEBRTC_CONNECTING_MAX, WEBRTC_SESSIONS_MAX } from "../limits.js";
import { DatagramAllowance } from "./datagram-allowance.js";
import { MuxedPort } from "./muxed-port.js";
import { loadNative, type NativeLibrary } from "./native.js";
import { NativeChannel, SERVER_CHANNEL } from "./native-channel.js";
import { offerOf, type PeerFields } from "./sdp.js";

/** Why a channel ended whose client sent more than FLOOD_DATAGRAMS allows. */
export const TOO_MANY_DATAGRAMS = "too many datagrams";

export interface WebRtcEndpointOptions {
  /** One or more, 0 = any free one; each is a socket, and connections are spread over them. */
  ports: readonly number[];
  /** An IP literal; every address unless told. */
  host?: string;
  /** For tests. */
  clock?: Clock;
}

export interface WebRtcEndpointStats {
  created: number;
  opened: number;
  /** Ended without having opened. */
  unopened: number;
  /** Not made: too many. */
  refused: number;
  /** The library refused the client's half, or gave none of its own. */
  failed: number;
  /** Datagrams dropped, because their session had sent too much; and channels ended for it. */
  overRate: number;
  flooded: number;
  /** Of all channels that have ended: datagrams that SCTP did not take, and messages that were none. */
  sendDropped: number;
  malformed: number;
}

/** The muxed sockets of one server and its connections. */
export class WebRtcEndpoint {
  readonly stats: WebRtcEndpointStats = {
    created: 0,
    opened: 0,
    unopened: 0,
    refused: 0,
    failed: 0,
    overRate: 0,
    flooded: 0,
    sendDropped: 0,
    malformed: 0,
  };

  readonly #library: NativeLibrary;
  readonly #muxed: readonly MuxedPort[];
  readonly #clock: Clock;
  readonly #channels = new Set<WebRtcServerChannel>();
  #next = 0;
  #closed = false;

  /**
   * Loads the library and binds the ports; those of several that cannot be bound are left out. Rejects with the
   * system's error of the last when none is left, or with a NativeLibraryError.
   */
  static async bind({ ports, host, clock = systemClock }: WebRtcEndpointOptions): Promise<WebRtcEndpoint> {
    const library = await loadNative();
    const muxed: MuxedPort[] = [];
    let lastError: unknown;
    for (const port of ports) {
      try {
        muxed.push(await MuxedPort.bind(library, port, host));
      } catch (error) {
        lastError = error;
      }
    }
    if (muxed.length === 0) throw lastError;
    return new WebRtcEndpoint(library, muxed, clock);
  }

  private constructor(library: NativeLibrary, muxed: readonly MuxedPort[], clock: Clock) {
    this.#library = library;
    this.#muxed = muxed;
    this.#clock = clock;
  }

  /** The ports that are bound. */
  get ports(): number[] {
    return this.#muxed.map(({ port }) => port);
  }

  /** Connections, open or under way. */
  get channelCount(): number {
    return this.#channels.size;
  }

  /**
   * A connection for one client, whose half came in its request; it opens when both have checked each other. The answer
   * is the server's half and the port. @throws RangeError when there are too many, TypeError for fields that are none,
   * Error from the library or after close().
   */
  createChannel(client: PeerFields): { channel: DatagramChannel; peer: PeerFields; port: number } {
    if (this.#closed) throw new Error("the WebRTC endpoint is closed");
    if (this.#channels.size >= WEBRTC_SESSIONS_MAX || this.#connectingCount() >= WEBRTC_CONNECTING_MAX) {
      this.stats.refused++;
      throw new RangeError(
        `WebRTC connections expected at most ${WEBRTC_SESSIONS_MAX}, and ${WEBRTC_CONNECTING_MAX} not yet open`,
      );
    }
    const muxed = this.#muxed[this.#next++ % this.#muxed.length]!;
    const channel = new WebRtcServerChannel(this.stats, (ended) => this.#channels.delete(ended), this.#clock);
    this.#channels.add(channel);
    this.stats.created++;
    try {
      return { channel, peer: channel.answer(this.#library, client, muxed), port: muxed.port };
    } catch (error) {
      this.stats.failed++;
      channel.close();
      throw error;
    }
  }

  /** Closes every channel (reason "endpoint closed") and the sockets; idempotent. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    for (const channel of [...this.#channels]) callHost(() => channel.shut("endpoint closed"));
    for (const muxed of this.#muxed) muxed.close();
  }

  #connectingCount(): number {
    let count = 0;
    for (const { state } of this.#channels) if (state === "connecting") count++;
    return count;
  }
}

class WebRtcServerChannel extends NativeChannel {
  readonly #totals: WebRtcEndpointStats;
  readonly #free: (channel: WebRtcServerChannel) => void;
  readonly #allowance = new DatagramAllowance(this.clock.now());
  #opened = false;

  constructor(totals: WebRtcEndpointStats, free: (channel: WebRtcServerChannel) => void, clock: Clock) {
    super(undefined, clock);
    this.#totals = totals;
    this.#free = free;
  }

  /** Makes the connection for this client and returns the own half. */
  answer(library: NativeLibrary, client: PeerFields, muxed: MuxedPort): PeerFields {
    const connection = this.connect(library, muxed.connectionOptions, SERVER_CHANNEL);
    connection.setRemoteDescription(offerOf(client), "offer");
    // Without a valid offer the library ends the process.
    if (connection.signalingState() !== "have-remote-offer")
      throw new Error("the WebRTC library did not take the client's half");
    connection.setLocalDescription("answer");
    return this.ownFields(connection);
  }

  /** Ends the channel for a reason that is the endpoint's. */
  shut(reason: string): void {
    this.end(reason);
  }

  protected override open(): void {
    if (this.state !== "connecting") return;
    this.#opened = true;
    this.#totals.opened++;
    super.open();
  }

  protected override deliver(message: unknown): void {
    if (this.state !== "open") return;
    const verdict = this.#allowance.verdict(this.clock.now());
    if (verdict === "take") {
      super.deliver(message);
      return;
    }
    this.#totals.overRate++;
    if (verdict === "drop") return;
    this.#totals.flooded++;
    this.end(TOO_MANY_DATAGRAMS);
  }

  protected override release(): void {
    super.release();
    if (!this.#opened) this.#totals.unopened++;
    this.#totals.sendDropped += this.stats.sendDropped;
    this.#totals.malformed += this.stats.malformed;
    this.#free(this);
  }
}
