/**
 * One random session from hello to close, a function of its seed alone: a real ServerSession and a real ClientSession over
 * session-network.ts, on a clock by hand. Messages go both ways, handlers answer, throw and close, channels end and come back, the network goes dark, the host
 * seems to end; then one of the ends closes. Every message must arrive once and in order, and nothing may be left behind.
 */
import { SeededRandom, deriveSeed } from "colyseus-fec/netem";
import { CLOSE_DELAY_MS } from "../../plugin/server/limits.js";
import { FakeClock } from "../compliance/fake-clock.js";
import { MessageLedger } from "./message-ledger.js";
import { ClientEnd, ServerEnd } from "./session-ends.js";
import { ClientSocket, DatagramNetwork, OrderedPipe, ServerSocket, type SocketFrame } from "./session-network.js";

const KICKED = 4050;
/** Colyseus' code for a client that leaves by itself; a server may close with it too. */
const CONSENTED = 4000;

/** Longer than every timer of a session that is over. */
const SETTLE_MS = 40_000;

const FAULTS_SHOWN = 4;

const HOST_END = ["beforeExit", "exit"] as const;

/** How this world's session ends, drawn once. */
interface Ending {
  /** The server between two ticks, or in a handler; the client by LEAVE_ROOM, or by its close frame. */
  readonly by: "server" | "handler" | "leave" | "client";
  readonly code: number;
  /** At the server's `end` the client answers and is silent, answers and goes on sending, or does not answer. */
  readonly manner: "quiet" | "talkative" | "mute";
  /** The server closes while LEAVE_ROOM may be under way. */
  readonly kickedWhileLeaving: boolean;
  /** The host seems to end: never, in the middle, or while the server waits for the client's answer. */
  readonly hostEnds: "never" | "midway" | "closing";
}

/** What happened, for the sums that show that the worlds reach everything. */
export interface WorldCounts {
  messagesUp: number;
  messagesDown: number;
  datagrams: number;
  channelsOpened: number;
  /** Worlds in which: */
  handshakes: number;
  answers: number;
  waitsInFull: number;
  closesBeforeOpen: number;
  closesInDatagramHandlers: number;
  serverCloses4000: number;
  leaves: number;
  clientCloses: number;
  forbiddenSends: number;
  hostEndsMidway: number;
  hostEndsClosing: number;
}

/** Plays the world of one seed. @throws Error that lists what should not be. */
export async function playSessionWorld(seed: number): Promise<WorldCounts> {
  const { random } = Math;
  const jitter = new SeededRandom(deriveSeed(seed, 1));
  // DatagramPath varies its pauses by it.
  Math.random = () => jitter.next();
  try {
    return await new SessionWorld(seed).play();
  } finally {
    Math.random = random;
  }
}

class SessionWorld {
  readonly #random: SeededRandom;
  readonly #clock = new FakeClock();
  readonly #network: DatagramNetwork;
  readonly #down = new MessageLedger("to the client", (text) => this.#faults.push(text));
  readonly #up = new MessageLedger("to the server", (text) => this.#faults.push(text));
  readonly #serverSocket: ServerSocket;
  readonly #server: ServerEnd;
  readonly #client: ClientEnd;
  readonly #ending: Ending;
  readonly #pageLagMs: number;
  readonly #faults: string[] = [];
  readonly #hostListeners = HOST_END.map((event) => process.listeners(event as "exit"));
  #hostEndMs: number | undefined;

  constructor(seed: number) {
    const random = (this.#random = new SeededRandom(seed));
    const clock = this.#clock;
    this.#ending = randomEnding(random);
    this.#pageLagMs = random.int(2) ? 0 : 1 + random.int(30);
    this.#network = new DatagramNetwork(clock, random, {
      delayMs: [1, 5, 30, 80][random.int(4)]!,
      jitterMs: random.int(40),
      lossRatio: random.next() < 0.3 ? 0 : random.next() * 0.5,
      blockedRatio: random.int(4) ? 0.02 : 0.5,
    });
    const context = {
      clock,
      random,
      network: this.#network,
      down: this.#down,
      up: this.#up,
      fault: (text: string) => void this.#faults.push(text),
    };
    const delayMs = [1, 5, 30, 80, 150][random.int(5)]!;
    const jitterMs = random.int(60);
    const pipe = (deliver: (frame: SocketFrame) => void): OrderedPipe<SocketFrame> =>
      new OrderedPipe(clock, () => delayMs + random.next() * jitterMs, deliver);
    this.#serverSocket = new ServerSocket(clock, delayMs);
    this.#serverSocket.toClient = pipe((frame) => clientSocket.receive(frame));
    this.#server = new ServerEnd(context, this.#serverSocket);
    const client = (this.#client = new ClientEnd(context, (id) => this.#server.clientChannel(id)));
    const clientSocket = new ClientSocket(clock, random, this.#pageLagMs, {
      onRecord: (bytes) => client.handleRecord(bytes),
      onClose: (code) => client.handleClose(code),
    });
    clientSocket.toServer = pipe((frame) => this.#serverSocket.receive(frame));
    client.socket = clientSocket;
    client.answersEnd = this.#ending.manner !== "mute";
  }

  async play(): Promise<WorldCounts> {
    await this.#playBeforeJoin();
    if (this.#random.int(20) > 0) await this.#playGame();
    await this.#close();
    await this.#playAfterClose();
    await this.#clock.run(SETTLE_MS);
    this.#check();
    if (this.#faults.length > 0) throw new Error(this.#describeFaults());
    return this.#counts();
  }

  /** Core admits the client in a while, and either end may send by then. */
  async #playBeforeJoin(): Promise<void> {
    const random = this.#random;
    for (let steps = random.int(40); steps > 0; steps--) {
      if (random.int(2)) this.#client.send("ordered");
      if (random.int(6) === 0) this.#client.send("unreliable");
      if (random.int(2)) this.#server.send("ordered");
      await this.#clock.run(random.next() * 10);
    }
  }

  async #playGame(): Promise<void> {
    const random = this.#random;
    const stepCount = 40 + random.int(160);
    this.#server.join();
    for (let step = 0; step < stepCount; step++) {
      this.#talk();
      this.#mishap();
      if (this.#ending.hostEnds === "midway" && step === stepCount >> 1) this.#endHost();
      await this.#clock.run(random.int(10) ? random.next() * 25 : random.next() * 300);
    }
  }

  #talk(): void {
    const random = this.#random;
    for (let count = random.int(4); count > 0; count--) {
      if (random.next() < 0.6) this.#server.send("ordered");
      if (random.next() < 0.5) this.#client.send("ordered");
      if (random.next() < 0.3) this.#client.send("unreliable");
      if (random.next() < 0.3) this.#server.send("unreliable");
    }
  }

  /** Now and then the network goes dark, or is mended, or an end's channel ends by itself. */
  #mishap(): void {
    const random = this.#random;
    const { channel } = this.#server;
    if (random.next() < 0.01) this.#network.dark = !this.#network.dark;
    if (random.next() < 0.01 && channel?.state === "open") channel.end("failed");
    if (random.next() < 0.01 && channel?.peer.state === "open") channel.peer.end("failed");
  }

  /** As Node calls those who wait for its end; not those of the test's own process. */
  #endHost(): void {
    this.#hostEndMs = this.#clock.now();
    for (const run of process.listeners("beforeExit")) if (!this.#hostListeners[0]!.includes(run)) run(0);
  }

  /** Begins the end; at the latest by and by, where a handler was to do so and none ran. */
  async #close(): Promise<void> {
    const { by, code, kickedWhileLeaving } = this.#ending;
    const random = this.#random;
    this.#server.closeCode = code;
    switch (by) {
      case "server":
        this.#server.close();
        return;
      case "handler":
        this.#server.closesIn = random.int(4) ? "datagram" : "message";
        for (let step = 0; step < 80 && this.#server.closed === undefined; step++) {
          this.#talk();
          await this.#clock.run(random.next() * 25);
        }
        this.#server.close();
        return;
      case "leave":
        this.#server.onLeaveMs = random.int(2) ? 0 : random.int(200);
        this.#client.leave();
        if (kickedWhileLeaving) await this.#clock.run(random.next() * 60);
        // A client that had no hello yet has no session to leave.
        if (kickedWhileLeaving || this.#client.session === undefined) this.#server.close();
        return;
      case "client":
        this.#client.close(code);
        return;
    }
  }

  /** Nobody told the page that the end has begun. */
  async #playAfterClose(): Promise<void> {
    const random = this.#random;
    const hostEndsAt = this.#ending.hostEnds === "closing" ? random.int(10) : undefined;
    for (let step = 0; step < 60; step++) {
      if (step === hostEndsAt) this.#endHost();
      if (!this.#client.answered || this.#ending.manner === "talkative") this.#talk();
      await this.#clock.run(random.next() * 15);
    }
  }

  #check(): void {
    // The end's own promise: what the client had sent by datagram may be lost then, where its page is late.
    if (this.#hostEndMs !== undefined && this.#pageLagMs > 0) this.#up.excuseAll();
    this.#down.check();
    this.#up.check();
    this.#checkCodes();
    this.#checkFrameTime();
    if (this.#clock.timerCount > 0) this.#faults.push(`${this.#clock.timerCount} timers are left`);
    const open = this.#network.channels.filter(({ state }) => state === "open").length;
    if (open > 0) this.#faults.push(`${open} channels are left open`);
    HOST_END.forEach((event, i) => {
      if (process.listenerCount(event) !== this.#hostListeners[i]!.length)
        this.#faults.push(`"${event}" is listened to`);
    });
  }

  #checkCodes(): void {
    const { code } = this.#ending;
    for (const [name, { endedWith }] of [
      ["server", this.#server],
      ["client", this.#client],
    ] as const)
      if (endedWith !== code) this.#faults.push(`the ${name}'s session ended with ${endedWith}, not ${code}`);
  }

  /** The server's close frame goes at the client's answer, at the host's end, or after 100 ms; at once where the client is not asked. */
  #checkFrameTime(): void {
    const { closed, endMs, answerMs = Infinity } = this.#server;
    if (closed === undefined) return;
    const hostEndMs = Math.max(this.#hostEndMs ?? Infinity, closed.ms);
    const dueMs = endMs === undefined ? closed.ms : Math.min(endMs + CLOSE_DELAY_MS, answerMs, hostEndMs);
    const { closeFrameMs } = this.#serverSocket;
    if (closeFrameMs !== dueMs) this.#faults.push(`the close frame went at ${closeFrameMs} and not at ${dueMs} ms`);
  }

  #describeFaults(): string {
    const { by, code, manner, hostEnds } = this.#ending;
    const first = [...new Set(this.#faults)].slice(0, FAULTS_SHOWN).join("; ");
    return `${first} (end by ${by}, ${code}, ${manner}, host ends ${hostEnds}, page late by ${this.#pageLagMs} ms)`;
  }

  #counts(): WorldCounts {
    const { by, hostEnds } = this.#ending;
    const { closed, endMs, answerMs } = this.#server;
    const waitedMs = closed === undefined ? 0 : this.#serverSocket.closeFrameMs! - closed.ms;
    return {
      messagesUp: this.#up.arrivedCount,
      messagesDown: this.#down.arrivedCount,
      datagrams: this.#network.deliveredCount,
      channelsOpened: this.#network.openedCount,
      handshakes: Number(endMs !== undefined),
      answers: Number(answerMs !== undefined),
      waitsInFull: Number(waitedMs === CLOSE_DELAY_MS),
      closesBeforeOpen: Number(closed?.channel === "connecting"),
      closesInDatagramHandlers: Number(closed?.inDatagram === true),
      serverCloses4000: Number((by === "server" || by === "handler") && this.#ending.code === CONSENTED),
      leaves: Number(by === "leave"),
      clientCloses: Number(by === "client"),
      forbiddenSends: Number(this.#up.forbiddenCount > 0),
      hostEndsMidway: Number(hostEnds === "midway"),
      hostEndsClosing: Number(hostEnds === "closing"),
    };
  }
}

function randomEnding(random: SeededRandom): Ending {
  const by = (["server", "server", "handler", "handler", "leave", "client"] as const)[random.int(6)]!;
  return {
    by,
    code: by === "leave" || random.int(2) ? CONSENTED : KICKED,
    manner: (["quiet", "talkative", "mute"] as const)[random.int(3)]!,
    kickedWhileLeaving: random.int(3) === 0,
    hostEnds: (["never", "never", "never", "never", "midway", "closing"] as const)[random.int(6)]!,
  };
}
