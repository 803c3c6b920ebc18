/**
 * The datagram channel of one server session: UDP is offered to the client over its WebSocket, WebRTC is answered when
 * the client asks; what comes of it is attached to the session's link. There is at most one, and a new one (fresh id
 * and secret, fresh connection) when the client says that it closed the last, less and less often while none opens, or
 * where one was abused. docs/WIRE-FORMAT.md section 4.
 */

import { logger } from "@colyseus/core";
import { systemClock, type Clock } from "../host/clock.js";
import type { OfferedKind } from "../session/channel-kinds.js";
import type { DatagramChannel } from "../channels/datagram-channel.js";
import type { PeerFields } from "../channels/webrtc/sdp.js";
import { FOREIGN_CHANNEL } from "../channels/webrtc/native-channel.js";
import { TOO_MANY_DATAGRAMS } from "../channels/webrtc/webrtc-server.js";
import { debugFec } from "./debug.js";
import type { ChannelKeeper, ServerSession } from "./server-session.js";
import { OFFER_INTERVAL_MS, OFFER_INTERVAL_MS_MAX } from "./limits.js";
import type { UdpListener } from "./udp-listener.js";
import type { WebRtcListener } from "./webrtc-listener.js";

/** Ends of a channel that its client brought about by what no client of ours does. */
const HOSTILE_ENDS: readonly string[] = [TOO_MANY_DATAGRAMS, FOREIGN_CHANNEL];

/** What an offer needs of its session. */
export type OfferedSession = Pick<ServerSession, "isOpen" | "attach" | "detach" | "sendControl">;

export interface OfferContext {
  readonly sessionId: string;
  /** Kinds that the client can open, most wanted first. */
  readonly wanted: readonly OfferedKind[];
  readonly udp: UdpListener | undefined;
  readonly webrtc: WebRtcListener | undefined;
  /**
   * The server's end of the client's WebSocket: where it finds a WebRTC connection, unless the server is told better.
   */
  readonly localAddress: string | undefined;
}

export class DatagramOffer implements ChannelKeeper {
  readonly #session: OfferedSession;
  readonly #context: OfferContext;
  readonly #clock: Clock;
  #offeredMs = -Infinity;
  /** Offers in a row whose channels never opened. */
  #unopenedCount = 0;
  /** Channels that ended because of what no client of ours does; no later one makes up for them. */
  #hostileCount = 0;
  /** The last offer's channel: not there yet, waiting for the client, or opened at some time; and its kind. */
  #offered: "none" | "waiting" | "opened" = "none";
  #kind: OfferedKind = "udp";

  constructor(session: OfferedSession, context: OfferContext, clock: Clock = systemClock) {
    this.#session = session;
    this.#context = context;
    this.#clock = clock;
  }

  /** Tells the client that it may ask, and makes the first offer; later ones follow when the client asks. */
  start(): void {
    const { wanted, webrtc } = this.#context;
    const hasWebRtc = webrtc?.endpoint !== undefined;
    // Credentials are for those who are in, and would use them.
    const { iceServers } = hasWebRtc && wanted.includes("webrtc") ? webrtc : {};
    this.#session.sendControl({ kind: "joined", ...(iceServers && { iceServers }) });
    // A client that wants WebRTC most asks for it by itself.
    if (wanted.find((kind) => kind === "udp" || hasWebRtc) === "udp") this.#offerUdp();
  }

  onChannelOpen(): void {
    this.#offered = "opened";
    this.#unopenedCount = 0;
    this.#context[this.#kind]?.onOpened();
    debugFec("%s channel opened", this.#kind);
  }

  onChannelClose(reason: string): void {
    if (!HOSTILE_ENDS.includes(reason)) return;
    this.#hostileCount++;
    this.#offeredMs = this.#clock.now();
  }

  onPeerClose(): void {
    this.#endLast();
    this.#offerUdp();
  }

  onWebRtcRequest(request: PeerFields): void {
    const { wanted, webrtc, localAddress } = this.#context;
    if (!wanted.includes("webrtc")) return;
    this.#endLast();
    const { endpoint } = webrtc ?? {};
    if (endpoint === undefined || !this.#isDue()) return;
    this.#open("webrtc", () => {
      const { channel, peer, port } = endpoint.createChannel(request);
      const announced = webrtc!.announce(localAddress, port);
      if (announced === undefined) {
        channel.close();
        throw new Error("no address to announce");
      }
      this.#attach("webrtc", channel);
      this.#session.sendControl({ kind: "webrtc-answer", peer, ...announced });
      debugFec("webrtc answered: at %s, port %d", announced.host, announced.port);
    });
  }

  /** The client gave its channel up. */
  #endLast(): void {
    this.#session.detach();
    if (this.#offered === "waiting") {
      this.#unopenedCount++;
      this.#context[this.#kind]?.onUnopened(this.#context.sessionId);
    }
    this.#offered = "none";
  }

  #offerUdp(): void {
    const { wanted, udp } = this.#context;
    const { endpoint, announced } = udp ?? {};
    if (endpoint === undefined || announced === undefined || !wanted.includes("udp") || !this.#isDue()) return;
    this.#open("udp", () => {
      const { channel, connectionId, secret } = endpoint.createChannel();
      this.#attach("udp", channel);
      this.#session.sendControl({ kind: "udp", ...announced, connectionId, secret });
      debugFec("udp offered: id %s, port %d", connectionId.toString(16), announced.port);
    });
  }

  /** Whether another offer may be made now, and notes that it is. */
  #isDue(): boolean {
    const nowMs = this.#clock.now();
    const intervalMs = Math.min(
      OFFER_INTERVAL_MS * 2 ** (Math.max(0, this.#unopenedCount - 1) + this.#hostileCount),
      OFFER_INTERVAL_MS_MAX,
    );
    if (!this.#session.isOpen || nowMs - this.#offeredMs < intervalMs) return false;
    this.#offeredMs = nowMs;
    return true;
  }

  #open(kind: OfferedKind, open: () => void): void {
    try {
      open();
    } catch (error) {
      // The endpoint is full or closing, or a library failed: this session stays on its WebSocket.
      logger.warn(`colyseus-fec: no ${kind} channel (${(error as Error).message})`);
    }
  }

  #attach(kind: OfferedKind, channel: DatagramChannel): void {
    this.#kind = kind;
    this.#offered = "waiting";
    this.#session.attach(channel);
  }
}
