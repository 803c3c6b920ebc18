/** Measures how long the game's datagrams wait at the bottleneck, and how many do not arrive: between netem's ends, less the link's delay. */
import { distribution } from "./statistics.js";

export class QueueProbe {
  readonly #sentMs = new Map<number, number>();
  #waits: number[] = [];
  /** Datagrams from the server since the measuring began, and those of them that came. */
  #sent = 0;
  #arrived = 0;

  /** @param delayMs what a datagram takes that does not wait. */
  constructor(private readonly delayMs: number) {}

  startMeasuring(): void {
    this.#waits = [];
    this.#sentMs.clear();
    this.#sent = this.#arrived = 0;
  }

  onSent(from: "server" | "client", datagram: Uint8Array, nowMs: number): void {
    if (from !== "server") return;
    this.#sent++;
    this.#sentMs.set(numberOf(datagram), nowMs);
  }

  onArrival(to: "server" | "client", datagram: Uint8Array, nowMs: number): void {
    const sentMs = to === "client" ? this.#sentMs.get(numberOf(datagram)) : undefined;
    if (sentMs === undefined) return;
    this.#sentMs.delete(numberOf(datagram));
    this.#arrived++;
    this.#waits.push(nowMs - sentMs - this.delayMs);
  }

  result(): { dropped: number; queueMean: number; queueP99: number } {
    const { mean, p99 } = distribution(Float64Array.from(this.#waits));
    return { dropped: 1 - this.#arrived / this.#sent, queueMean: mean, queueP99: p99 };
  }
}

/** The low 16 bits of a datagram's number (docs/WIRE-FORMAT.md section 2): enough for a minute. */
function numberOf(datagram: Uint8Array): number {
  return datagram[1]! | (datagram[2]! << 8);
}
