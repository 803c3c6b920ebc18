/**
 * The datagram channel of one connection, as the client keeps it: opens the kind that it wants most of those that the
 * server has, and when a channel fails, asks for one of the next kind after a pause, for as long as the connection
 * lives. Silence is not a failure: the link bridges it. docs/WIRE-FORMAT.md section 4.
 */

import { systemClock, type Clock } from "../host/clock.js";
import type { OfferedKind } from "../session/channel-kinds.js";
import type { Hello, Joined, ReadControl, UdpOffer, WebRtcAnswer } from "../session/control-records.js";
import type { WebRtcClientChannel } from "../channels/webrtc/webrtc-channel.js";
import type { Session } from "../session/session.js";
import { RETRY_DELAYS_MS, RETRY_JITTER_RATIO } from "./limits.js";
import type { ResolvedClientOptions } from "./options.js";
import { warnOnce } from "./warn-once.js";

/** What a path needs of its session. */
export type PathSession = Pick<Session, "attach" | "detach" | "flushAll" | "sendControl">;

export interface DatagramPathContext {
  readonly options: ResolvedClientOptions;
  /** The host that the WebSocket reached. */
  readonly host: string;
  readonly hello: Hello;
  readonly clock?: Clock;
}

export class DatagramPath {
  /**
   * Why there is no channel: how the last try or the last channel ended. undefined while one is open, and before any
   * failed.
   */
  lastError: string | undefined;

  readonly #session: PathSession;
  readonly #context: DatagramPathContext;
  readonly #clock: Clock;
  /** What both ends can, most wanted first. */
  readonly #kinds: readonly OfferedKind[];
  #kindIndex = 0;
  #failureCount = 0;
  /** The last try brought a channel that opened. */
  #opened = false;
  #retryTimer: unknown;
  #stopped = false;
  #joined = false;
  /**
   * The server may make one offer of UDP: for the join, or for the close that it was told of. What comes beyond is not
   * taken: it would be the server that says when sockets are opened.
   */
  #expectsUdp = false;
  #iceServers: Joined["iceServers"];
  /** The WebRTC channel that waits for its answer, or took it. */
  #webrtc: WebRtcClientChannel | undefined;

  constructor(session: PathSession, context: DatagramPathContext) {
    this.#session = session;
    this.#context = context;
    this.#clock = context.clock ?? systemClock;
    const offered = context.hello.channels ?? ["udp"];
    const { channels } = context.options;
    this.#kinds = channels.filter((kind) => offered.includes(kind));
    if (this.#kinds.length === 0 && channels.length > 0)
      this.lastError = `the server has no ${channels.join(" and no ")}`;
  }

  /** Takes a CONTROL record of the server; those that are not about channels have no effect. */
  onControl(control: ReadControl): void {
    if (this.#stopped) return;
    if (control.kind === "joined") this.#onJoined(control);
    if (control.kind === "udp") this.#onUdpOffer(control);
    if (control.kind === "webrtc-answer") this.#onAnswer(control);
    if (control.kind === "end") this.#onEnd();
    if (control.kind === "close") {
      this.#session.detach();
      // Now: the end of the WebSocket may follow at once, and what only rode datagrams is to go out before.
      this.#session.flushAll();
      this.#fail("closed by the server");
    }
  }

  /** Asks for the first channel; UDP the server offers by itself. */
  #onJoined({ iceServers }: Joined): void {
    if (this.#joined) return;
    this.#joined = true;
    this.#expectsUdp = true;
    this.#iceServers = iceServers;
    if (this.#kind === "webrtc" && this.#webrtc === undefined) this.#openWebRtc();
  }

  /**
   * The server is about to close the WebSocket: what only rode datagrams goes before the answer, which the server waits
   * for.
   */
  #onEnd(): void {
    this.stop();
    this.#session.detach();
    this.#session.flushAll();
    this.#session.sendControl({ kind: "end" });
  }

  /** The attached channel opened. */
  onOpen(): void {
    this.#opened = true;
    this.#failureCount = 0;
    this.lastError = undefined;
  }

  /**
   * The attached channel ended by itself, for this reason: never opened in time, or its socket or connection failed.
   */
  onClose(reason: string): void {
    this.#fail(reason);
  }

  /** Ends the tries; the channel itself is the driver's to close. */
  stop(): void {
    this.#stopped = true;
    this.#webrtc = undefined;
    this.#clock.clearTimeout(this.#retryTimer);
  }

  get #kind(): OfferedKind | undefined {
    return this.#kinds[this.#kindIndex % this.#kinds.length];
  }

  #onUdpOffer(offer: UdpOffer): void {
    if (!this.#expectsUdp) return;
    this.#expectsUdp = false;
    this.#openUdp(offer);
  }

  #openUdp(offer: UdpOffer): void {
    const { options, host } = this.#context;
    if (this.#stopped || this.#kind !== "udp" || options.openers.udp === undefined) return;
    this.#clock.clearTimeout(this.#retryTimer);
    this.#try(() => this.#session.attach(options.openers.udp!({ ...offer, host: offer.host ?? host })));
  }

  #openWebRtc(): void {
    const { options } = this.#context;
    const iceServers = this.#iceServers;
    if (this.#stopped || options.openers.webrtc === undefined) return;
    this.#clock.clearTimeout(this.#retryTimer);
    this.#try(() => {
      this.#webrtc = options.openers.webrtc!({
        sendRequest: (peer) => this.#session.sendControl({ kind: "webrtc-request", peer }),
        ...(iceServers && { iceServers }),
      });
      this.#session.attach(this.#webrtc);
    });
  }

  /**
   * An opener that throws is a try that failed: browsers do so for what they do not take from the server (its
   * iceServers).
   */
  #try(open: () => void): void {
    try {
      open();
    } catch (error) {
      const { message } = error as Error;
      warnOnce(`no ${this.#kind} channel: ${message}`);
      this.#fail(message);
    }
  }

  #onAnswer(answer: WebRtcAnswer): void {
    this.#webrtc?.accept(answer);
  }

  #fail(reason: string): void {
    this.lastError = `${this.#kind}: ${reason}`;
    this.#retryLater();
  }

  /** Asks for another channel after a pause, and again until one comes. */
  #retryLater(): void {
    if (this.#stopped) return;
    this.#webrtc = undefined;
    const delayMs = RETRY_DELAYS_MS[Math.min(this.#failureCount++, RETRY_DELAYS_MS.length - 1)]!;
    const variedMs = delayMs * (1 + RETRY_JITTER_RATIO * (2 * Math.random() - 1));
    this.#clock.clearTimeout(this.#retryTimer);
    this.#retryTimer = this.#clock.setTimeout(() => this.#retry(), variedMs);
  }

  /**
   * A kind that had opened is tried again first: what it needs is there. After one that did not, it is the next one's
   * turn.
   */
  #retry(): void {
    if (!this.#opened) this.#kindIndex++;
    this.#opened = false;
    if (this.#kind === "webrtc") {
      this.#openWebRtc();
      return;
    }
    this.#expectsUdp = true;
    this.#session.sendControl({ kind: "close" });
    this.#retryLater();
  }
}
