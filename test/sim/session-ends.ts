/** The two ends of a session's world: a real ServerSession with a room above it, a real ClientSession with a page above it. */
import { Protocol } from "@colyseus/core";
import type { WebSocket } from "ws";
import type { SeededRandom } from "colyseus-fec/netem";
import { LiveImpairment } from "../../plugin/channels/impaired/live-impairment.js";
import { ClientSession } from "../../plugin/client/client-session.js";
import type { ResolvedClientOptions } from "../../plugin/client/options.js";
import { RECORD_CONTROL } from "../../plugin/core/wire/constants.js";
import type { Clock } from "../../plugin/host/clock.js";
import { OPEN } from "../../plugin/host/socket-state.js";
import { DatagramOffer } from "../../plugin/server/datagram-offer.js";
import { ServerSession } from "../../plugin/server/server-session.js";
import type { UdpListener } from "../../plugin/server/udp-listener.js";
import { readControl, type ReadControl } from "../../plugin/session/control-records.js";
import { MESSAGE_BYTES_MIN, type MessageLedger } from "./message-ledger.js";
import type { ClientSocket, DatagramNetwork, LossyChannel, ServerSocket } from "./session-network.js";

/** As a server with ws-transport's default for maxPayload has them, bytes. */
const MESSAGE_BYTES_MAX = 4096;
const FRAGMENT_BYTES = 4090;

/** How often a handler answers, and throws. */
const ANSWER_RATIO = 0.1;
const THROW_RATIO = 0.02;

/** What handlers of these worlds throw; it must reach the host, and break nothing. */
export class HandlerError extends Error {}

/** What both ends have of their world. */
export interface EndContext {
  readonly clock: Clock;
  readonly random: SeededRandom;
  readonly network: DatagramNetwork;
  /** Of what the server sends, and of what the client sends. */
  readonly down: MessageLedger;
  readonly up: MessageLedger;
  fault(text: string): void;
}

/** The room's end. */
export class ServerEnd {
  readonly session: ServerSession;
  /** From which handler it closes, as soon as one runs: of any message, or of one that a datagram brought. */
  closesIn: "none" | "message" | "datagram" = "none";
  /** The code that the next close takes, whoever brings it about. */
  closeCode = 4050;
  /** From the client's LEAVE_ROOM to the close, ms: the room's onLeave may be asynchronous. */
  onLeaveMs = 0;
  /** The first close: when, and whether a datagram's handler made it, and what the channel was by then. */
  closed: { readonly ms: number; readonly inDatagram: boolean; readonly channel: string } | undefined;
  /** When the client was told of the end, and when its answer came. */
  endMs: number | undefined;
  answerMs: number | undefined;
  /** The code that "close" brought. */
  endedWith: number | undefined;
  /** The channel of the last offer. */
  channel: LossyChannel | undefined;

  readonly #context: EndContext;
  readonly #channels: LossyChannel[] = [];
  /** Whether core listens to the client: from the join until it leaves. */
  #listens = false;
  #left = false;

  constructor(context: EndContext, socket: ServerSocket) {
    this.#context = context;
    const { clock } = context;
    const write = socket.send.bind(socket);
    socket.send = (record) => {
      if (this.endMs !== undefined) context.fault("the server sent a record after `end`");
      if (controlOf(record)?.kind === "end") this.endMs = clock.now();
      write(record);
    };
    socket.on("message", (record: Buffer) => {
      if (controlOf(record)?.kind !== "end") return;
      this.answerMs ??= clock.now();
      context.up.forbidRest();
    });
    this.session = new ServerSession(
      socket as unknown as WebSocket,
      {
        onMessage: (bytes) => this.#onMessage(bytes),
        onHeard: () => {},
        onClose: (code) => {
          if (this.endedWith !== undefined) context.fault("the server's session ended twice");
          this.endedWith = code;
        },
      },
      {
        messageBytesMax: MESSAGE_BYTES_MAX,
        fragmentBytes: FRAGMENT_BYTES,
        channels: ["udp"],
        repair: "adaptive",
        impairment: new LiveImpairment(undefined),
        clock,
      },
    );
  }

  /** The client is let into the room, as FecTransport does. */
  join(): void {
    const { session } = this;
    this.#listens = true;
    session.admit();
    const offer = new DatagramOffer(
      session,
      { sessionId: "s", wanted: ["udp"], udp: this.#listener(), webrtc: undefined, localAddress: undefined },
      this.#context.clock,
    );
    session.channelKeeper = offer;
    offer.start();
  }

  /** The client's end of the channel that was offered under this id. */
  clientChannel(connectionId: number): LossyChannel {
    return this.#channels[connectionId]!.peer;
  }

  send(kind: "ordered" | "unreliable"): void {
    const { random, down } = this.#context;
    if (!this.session.isOpen) return;
    if (kind === "ordered") this.session.send(down.next(kind, messageBytes(random, 38_000)));
    else this.session.sendUnreliable(down.next(kind, 60));
  }

  close(): void {
    if (this.closed !== undefined || !this.session.isOpen) return;
    const { clock, network } = this.#context;
    this.closed = { ms: clock.now(), inDatagram: network.delivering, channel: this.channel?.state ?? "none" };
    this.session.close(this.closeCode);
  }

  /** As core does with the listeners of a client that leaves: what comes later is heard by nobody. */
  #onMessage(bytes: Uint8Array): boolean {
    const { clock, random, network, up, fault } = this.#context;
    if (this.endedWith !== undefined) fault("a message came after the session's end");
    if (this.#left) return false;
    if (bytes[0] === Protocol.LEAVE_ROOM) {
      this.#left = true;
      if (this.onLeaveMs > 0) clock.setTimeout(() => this.close(), this.onLeaveMs);
      else this.close();
      return true;
    }
    up.arrive(bytes);
    if (!this.#listens) return false;
    if (random.next() < ANSWER_RATIO) this.send("ordered");
    if (this.closesIn === "message" || (this.closesIn === "datagram" && network.delivering)) this.close();
    if (random.next() < THROW_RATIO) throw new HandlerError();
    return true;
  }

  /** The part of a UdpListener that an offer uses. */
  #listener(): UdpListener {
    const createChannel = (): unknown => {
      this.channel = this.#context.network.createPair().server;
      const connectionId = this.#channels.push(this.channel) - 1;
      return { channel: this.channel, connectionId, secret: new Uint8Array(32) };
    };
    return {
      endpoint: { createChannel },
      announced: { host: undefined, port: 1 },
      onOpened: () => {},
      onUnopened: () => {},
    } as unknown as UdpListener;
  }
}

/** The page's end; it knows nothing of the server's end but what the network brings. */
export class ClientEnd {
  /** undefined until hello has come. */
  session: ClientSession | undefined;
  /** Set by the world before anything comes. */
  socket!: ClientSocket;
  /** Whether it tells the server, at its end, that it has given all to the WebSocket. */
  answersEnd = true;
  /** It has given up its channel and said so. */
  answered = false;
  endedWith: number | undefined;

  readonly #context: EndContext;
  readonly #openChannel: (connectionId: number) => LossyChannel;

  /** @param openChannel the client's end of what was offered under an id. */
  constructor(context: EndContext, openChannel: (connectionId: number) => LossyChannel) {
    this.#context = context;
    this.#openChannel = openChannel;
  }

  handleRecord(bytes: Uint8Array): void {
    const control = this.session === undefined ? controlOf(bytes) : undefined;
    if (control?.kind === "hello") this.session = this.#begin(control);
    else this.session!.handleRecord(bytes);
  }

  handleClose(code: number): void {
    this.endedWith = code;
    this.session?.close();
  }

  send(kind: "ordered" | "unreliable"): void {
    const { random, up } = this.#context;
    if (this.session === undefined || this.socket.readyState !== OPEN) return;
    // The network has answered the close frame that this page has not read yet.
    if (!this.socket.carries) up.excuseRest();
    const byteLength = kind === "ordered" ? messageBytes(random, MESSAGE_BYTES_MAX - 200) : 60;
    this.session.send(up.next(kind, byteLength), kind === "ordered");
  }

  /** room.leave(): the server closes upon it. */
  leave(): void {
    this.session?.send(Uint8Array.of(Protocol.LEAVE_ROOM), true);
    this.#context.up.excuseRest();
  }

  /** As FecConnection.close(). What is under way from the server may be lost, as by any socket that its reader closes. */
  close(code: number): void {
    this.session?.prepareClose();
    this.socket.close(code);
    this.#context.up.excuseRest();
    this.#context.down.excuseAll();
  }

  #begin(hello: ReadControl & { kind: "hello" }): ClientSession {
    const { clock, network, fault } = this.#context;
    const udp = ({ connectionId }: { connectionId: number }): LossyChannel => {
      const channel = this.#openChannel(connectionId);
      network.connect(channel);
      return channel;
    };
    return new ClientSession(
      {
        writeRecord: (record) => this.#write(record),
        onMessage: (bytes) => this.#onMessage(bytes),
        onFailure: (code, reason) => fault(`the client's session failed with ${code}: ${reason}`),
      },
      {
        options: { channels: ["udp"], openers: { udp } } as unknown as ResolvedClientOptions,
        repair: "adaptive",
        impairment: new LiveImpairment(undefined),
        host: "h",
        hello,
        clock,
      },
    );
  }

  #write(record: Uint8Array): void {
    if (controlOf(record)?.kind === "end") {
      if (!this.answersEnd) return;
      this.answered = true;
      this.#context.up.excuseRest();
    }
    this.socket.send(record);
  }

  #onMessage(bytes: Uint8Array): void {
    const { random, down } = this.#context;
    down.arrive(bytes);
    if (random.next() < ANSWER_RATIO) this.send("ordered");
    if (random.next() < THROW_RATIO) throw new HandlerError();
  }
}

function controlOf(record: Uint8Array): ReadControl | undefined {
  return record[0] === RECORD_CONTROL ? readControl(record) : undefined;
}

/** Mostly what one datagram takes, some that are fragments, and a few that are bulk. */
function messageBytes(random: SeededRandom, bytesMax: number): number {
  const share = random.next();
  const most = share < 0.7 ? 200 : share < 0.9 ? 3200 : bytesMax;
  return MESSAGE_BYTES_MIN + random.int(Math.min(most, bytesMax) - MESSAGE_BYTES_MIN);
}
