/** The judge of one direction of a session: makes its messages, and holds what arrives against them. */
import { Protocol } from "@colyseus/core";

/** Byte 0 is the protocol code, 1 the flag, 2..5 the number; the rest is filled with a function of the number. */
export const MESSAGE_BYTES_MIN = 6;

const ORDERED = 0;
const UNRELIABLE = 1;

export class MessageLedger {
  readonly #name: string;
  readonly #fault: (text: string) => void;
  /** Bytes of each message that was sent, and unreliable ones that did not arrive yet. */
  readonly #ordered: number[] = [];
  readonly #unreliable = new Map<number, number>();
  #unreliableCount = 0;
  #arrivedCount = 0;
  /** How many there were when the rest was excused: each ordered one of these must arrive, of those after them none need. */
  #excusedFrom: { readonly ordered: number; readonly unreliable: number } | undefined;
  #allExcused = false;
  #restForbidden = false;

  /** @param fault told of everything that should not be. */
  constructor(name: string, fault: (text: string) => void) {
    this.#name = name;
    this.#fault = fault;
  }

  /** Ordered messages that arrived. */
  get arrivedCount(): number {
    return this.#arrivedCount;
  }

  /** Messages that were sent though none of them may arrive. */
  get forbiddenCount(): number {
    if (!this.#restForbidden) return 0;
    const { ordered, unreliable } = this.#excusedFrom!;
    return this.#ordered.length - ordered + this.#unreliableCount - unreliable;
  }

  /** The next message that is sent. */
  next(kind: "ordered" | "unreliable", byteLength: number): Uint8Array {
    if (kind === "ordered") return make(ORDERED, this.#ordered.push(byteLength) - 1, byteLength);
    this.#unreliable.set(this.#unreliableCount, byteLength);
    return make(UNRELIABLE, this.#unreliableCount++, byteLength);
  }

  /** What is sent from now on need not arrive. */
  excuseRest(): void {
    this.#excusedFrom ??= { ordered: this.#ordered.length, unreliable: this.#unreliableCount };
  }

  /** What is excused must not arrive from now on. */
  forbidRest(): void {
    this.#restForbidden = true;
  }

  /** No message need arrive: but those that do in order, and once. */
  excuseAll(): void {
    this.#allExcused = true;
  }

  arrive(bytes: Uint8Array): void {
    const number = new DataView(bytes.buffer, bytes.byteOffset).getUint32(2);
    if (bytes[1] === ORDERED) this.#arriveOrdered(bytes, number);
    else this.#arriveUnreliable(bytes, number);
  }

  /** At the end: nothing is missing. */
  check(): void {
    const required = this.#excusedFrom?.ordered ?? this.#ordered.length;
    if (this.#arrivedCount < required && !this.#allExcused)
      this.#fault(`${this.#name}: ${this.#arrivedCount} of ${required} came`);
  }

  #arriveOrdered(bytes: Uint8Array, number: number): void {
    const expected = this.#arrivedCount++;
    if (number !== expected) this.#fault(`${this.#name}: ${number} came in the place of ${expected}`);
    this.#compare(bytes, ORDERED, number, this.#ordered[number]);
    if (this.#restForbidden && number >= this.#excusedFrom!.ordered)
      this.#fault(`${this.#name}: ${number} came after the end`);
  }

  #arriveUnreliable(bytes: Uint8Array, number: number): void {
    this.#compare(bytes, UNRELIABLE, number, this.#unreliable.get(number));
    this.#unreliable.delete(number);
    if (this.#restForbidden && number >= this.#excusedFrom!.unreliable)
      this.#fault(`${this.#name}: unreliable ${number} came after the end`);
  }

  #compare(bytes: Uint8Array, flag: number, number: number, byteLength: number | undefined): void {
    if (byteLength === undefined || Buffer.compare(make(flag, number, byteLength), bytes) !== 0)
      this.#fault(
        `${this.#name}: ${flag === ORDERED ? "" : "unreliable "}${number} is not what was sent, or came twice`,
      );
  }
}

function make(flag: number, number: number, byteLength: number): Uint8Array {
  const bytes = new Uint8Array(byteLength).fill(number * 31);
  bytes[0] = Protocol.ROOM_DATA;
  bytes[1] = flag;
  new DataView(bytes.buffer).setUint32(2, number);
  return bytes;
}
