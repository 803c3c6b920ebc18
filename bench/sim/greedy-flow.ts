/** A download beside the game: the TCP model (CUBIC) that never runs dry, through the game's bottleneck. Its acknowledgements come back after the link's delay, never lost. */
import type { CrossTraffic } from "../../test/sim/world.js";
import { TcpReceiver, type Ack } from "./tcp-receiver.js";
import { TcpSender } from "./tcp-sender.js";
import { IP_HEADER_BYTES, TCP_HEADER_BYTES, decodeSegment, encodeSegment } from "./tcp-wire.js";

export class GreedyFlow implements CrossTraffic {
  readonly #sender: TcpSender;
  readonly #receiver = new TcpReceiver();
  readonly #acks: { ack: Ack; dueMs: number }[] = [];

  /** @param delayMs one way; @param overheadBytes what netem's rate counts on top of a datagram, which a segment is shortened by. */
  constructor(
    private readonly delayMs: number,
    private readonly overheadBytes: number,
  ) {
    this.#sender = new TcpSender(2 * delayMs, "cubic");
    this.#sender.write(Number.MAX_SAFE_INTEGER);
  }

  /** Bytes that came through, in order. */
  get receivedBytes(): number {
    return this.#receiver.received;
  }

  stop(): void {
    this.#sender.stop();
  }

  nextTimeMs(): number {
    return Math.min(this.#sender.nextTimeMs(), this.#receiver.nextTimeMs(), this.#acks[0]?.dueMs ?? Infinity);
  }

  poll(nowMs: number): Uint8Array | undefined {
    for (let ack = this.#receiver.pollAck(nowMs); ack; ack = this.#receiver.pollAck(nowMs))
      this.#acks.push({ ack, dueMs: nowMs + this.delayMs });
    while (this.#acks.length > 0 && this.#acks[0]!.dueMs <= nowMs)
      this.#sender.handleAck(this.#acks.shift()!.ack, nowMs);
    if (this.#sender.nextTimeMs() <= nowMs) this.#sender.handleTimeout(nowMs);
    const segment = this.#sender.poll(nowMs);
    return (
      segment &&
      encodeSegment(segment).subarray(0, TCP_HEADER_BYTES + segment.bytes + IP_HEADER_BYTES - this.overheadBytes)
    );
  }

  handleDatagram(datagram: Uint8Array, nowMs: number): void {
    this.#receiver.handleSegment(decodeSegment(datagram), nowMs);
  }
}
