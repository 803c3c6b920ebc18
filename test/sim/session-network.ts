/**
 * The network of a session's world: the two ends of a WebSocket, which is ordered and late, and pairs of datagram channels that
 * lose and reorder. Sockets and channels look as the session wants them; time is a FakeClock, all chance the world's.
 */
import { EventEmitter } from "node:events";
import type { ChannelState, DatagramChannel } from "../../plugin/channels/datagram-channel.js";
import { checkDatagramSize } from "../../plugin/channels/datagram-size.js";
import type { Clock } from "../../plugin/host/clock.js";
import { CLOSING, OPEN } from "../../plugin/host/socket-state.js";
import type { SeededRandom } from "colyseus-fec/netem";

const CLOSED = 3;

/** A client whose channel has not opened by now gives it up, ms. */
const CHANNEL_OPEN_TIMEOUT_MS = 3000;

/** What a WebSocket carries, one way or the other. */
export type SocketFrame =
  { readonly kind: "record"; readonly bytes: Uint8Array } | { readonly kind: "close"; readonly code: number };

/** One direction of a connection: every item is late by its own delay, and none overtakes. */
export class OrderedPipe<Item> {
  readonly #clock: Clock;
  readonly #delayMs: () => number;
  readonly #deliver: (item: Item) => void;
  readonly #items: Item[] = [];
  #lastDueMs = 0;

  constructor(clock: Clock, delayMs: () => number, deliver: (item: Item) => void) {
    this.#clock = clock;
    this.#delayMs = delayMs;
    this.#deliver = deliver;
  }

  push(item: Item): void {
    this.#items.push(item);
    const nowMs = this.#clock.now();
    this.#lastDueMs = Math.max(this.#lastDueMs, nowMs + this.#delayMs());
    this.#clock.setTimeout(() => this.#deliver(this.#items.shift()!), this.#lastDueMs - nowMs);
  }
}

/** The server's end, by the looks of `ws`: reads on until the peer's close frame, also while it waits for that itself. */
export class ServerSocket extends EventEmitter {
  readyState: number = OPEN;
  /** When the close frame went. */
  closeFrameMs: number | undefined;
  /** Set by the world before anything is sent. */
  toClient!: OrderedPipe<SocketFrame>;

  readonly #clock: Clock;
  readonly #lingerMs: number;

  /** @param lingerMs from the second close frame to the end of TCP. */
  constructor(clock: Clock, lingerMs: number) {
    super();
    this.#clock = clock;
    this.#lingerMs = lingerMs;
  }

  send(record: Uint8Array): void {
    if (this.readyState === OPEN) this.toClient.push({ kind: "record", bytes: record.slice() });
  }

  close(code: number): void {
    if (this.readyState !== OPEN) return;
    this.readyState = CLOSING;
    this.closeFrameMs = this.#clock.now();
    this.toClient.push({ kind: "close", code });
  }

  receive(frame: SocketFrame): void {
    if (frame.kind === "record") {
      this.emit("message", Buffer.from(frame.bytes), true);
      return;
    }
    this.close(frame.code);
    this.#clock.setTimeout(() => {
      this.readyState = CLOSED;
      this.emit("close", frame.code, Buffer.alloc(0));
    }, this.#lingerMs);
  }

  /** What the probe finds out is nobody's concern here. */
  ping(): void {}

  pause(): void {
    throw new Error("no client of these worlds sends so much that nobody hears");
  }

  terminate(): void {
    this.emit("close", 1006, Buffer.alloc(0));
  }
}

export interface ClientSocketHandlers {
  onRecord(bytes: Uint8Array): void;
  onClose(code: number): void;
}

/**
 * The client's end. A browser's network answers a close frame by itself, while the page, whose turns are late, still has to read what came
 * ahead of it; what the page writes in between is lost. `ws` is a browser without that lag, which also reads while it closes.
 */
export class ClientSocket {
  /** As the page sees it. */
  readyState: number = OPEN;
  /** Set by the world before anything is sent. */
  toServer!: OrderedPipe<SocketFrame>;

  readonly #handlers: ClientSocketHandlers;
  readonly #page: OrderedPipe<SocketFrame> | undefined;
  #sentClose = false;

  /** @param pageLagMs 0 = `ws`. */
  constructor(clock: Clock, random: SeededRandom, pageLagMs: number, handlers: ClientSocketHandlers) {
    this.#handlers = handlers;
    if (pageLagMs > 0)
      this.#page = new OrderedPipe(
        clock,
        () => random.next() * pageLagMs,
        (frame) => this.#read(frame),
      );
  }

  /** Whether what is written now reaches the server. */
  get carries(): boolean {
    return this.readyState === OPEN && !this.#sentClose;
  }

  send(record: Uint8Array): void {
    if (this.carries) this.toServer.push({ kind: "record", bytes: record.slice() });
  }

  close(code: number): void {
    if (this.readyState !== OPEN) return;
    this.readyState = CLOSING;
    this.#sendClose(code);
  }

  receive(frame: SocketFrame): void {
    if (this.#page === undefined) {
      this.#read(frame);
      return;
    }
    if (frame.kind === "close") this.#sendClose(frame.code);
    this.#page.push(frame);
  }

  #read(frame: SocketFrame): void {
    if (frame.kind === "record") {
      if (this.readyState === OPEN || this.#page === undefined) this.#handlers.onRecord(frame.bytes);
      return;
    }
    this.#sendClose(frame.code);
    this.readyState = CLOSED;
    this.#handlers.onClose(frame.code);
  }

  #sendClose(code: number): void {
    if (this.#sentClose) return;
    this.#sentClose = true;
    this.toServer.push({ kind: "close", code });
  }
}

/** How datagrams fare. */
export interface DatagramHabits {
  readonly delayMs: number;
  readonly jitterMs: number;
  readonly lossRatio: number;
  /** Of channels that never open. */
  readonly blockedRatio: number;
}

/** Makes the pairs of channels of a world, and carries their datagrams. */
export class DatagramNetwork {
  /** Nothing passes. */
  dark = false;
  /** A channel is handing a datagram to its end now. */
  delivering = false;
  deliveredCount = 0;
  openedCount = 0;
  readonly channels: LossyChannel[] = [];

  readonly #clock: Clock;
  readonly #random: SeededRandom;
  readonly #habits: DatagramHabits;

  constructor(clock: Clock, random: SeededRandom, habits: DatagramHabits) {
    this.#clock = clock;
    this.#random = random;
    this.#habits = habits;
  }

  /** Two ends that are connecting; see {@link connect}. */
  createPair(): { server: LossyChannel; client: LossyChannel } {
    const server = new LossyChannel(this);
    const client = new LossyChannel(this);
    server.peer = client;
    client.peer = server;
    this.channels.push(server, client);
    return { server, client };
  }

  /** Opens both ends in a while, either first; or never, and the client gives up. */
  connect(client: LossyChannel): void {
    const random = this.#random;
    this.#clock.setTimeout(() => client.state === "connecting" && client.end("timeout"), CHANNEL_OPEN_TIMEOUT_MS);
    if (random.next() < this.#habits.blockedRatio) return;
    const [first, second] = random.int(3) ? [client.peer, client] : [client, client.peer];
    const { delayMs } = this.#habits;
    this.#clock.setTimeout(() => first.open(), delayMs);
    this.#clock.setTimeout(() => second.open(), 2 * delayMs + 1);
  }

  carry(datagram: Uint8Array, to: LossyChannel): void {
    const { delayMs, jitterMs, lossRatio } = this.#habits;
    if (this.dark || this.#random.next() < lossRatio) return;
    const copy = datagram.slice();
    this.#clock.setTimeout(() => this.#deliver(copy, to), delayMs + this.#random.next() * jitterMs);
  }

  #deliver(datagram: Uint8Array, to: LossyChannel): void {
    if (to.state !== "open") return;
    this.deliveredCount++;
    this.delivering = true;
    to.ondatagram?.(datagram);
    this.delivering = false;
  }
}

/** One end of a pair. As with UDP, the other end is not told of a close. */
export class LossyChannel implements DatagramChannel {
  readonly kind = "udp" as const;
  readonly maxDatagramBytes = 1176;
  readonly overheadBytes = 52;
  readonly queuesUnseen = false;
  readonly writable = true;
  state: ChannelState = "connecting";
  peer!: LossyChannel;
  onopen: (() => void) | null = null;
  onwritable: (() => void) | null = null;
  onmoved: (() => void) | null = null;
  ondatagram: ((datagram: Uint8Array) => void) | null = null;
  onclose: ((reason: string) => void) | null = null;

  readonly #network: DatagramNetwork;

  constructor(network: DatagramNetwork) {
    this.#network = network;
  }

  open(): void {
    if (this.state !== "connecting") return;
    this.state = "open";
    this.#network.openedCount++;
    this.onopen?.();
  }

  send(datagram: Uint8Array): boolean {
    checkDatagramSize(datagram, this.maxDatagramBytes);
    if (this.state !== "open") return false;
    this.#network.carry(datagram, this.peer);
    return true;
  }

  close(): void {
    this.end("closed");
  }

  /** Ends, by itself unless by {@link close}. */
  end(reason: string): void {
    if (this.state === "closed") return;
    this.state = "closed";
    this.onclose?.(reason);
  }
}
