/**
 * Joins the symbols of one message, given in order, and bounds its size. Copies; the message's bytes belong to the
 * receiver.
 */

export type AssemblyFault = "first inside a message" | "no first symbol" | "empty fragment" | "too large";

/** What a buffer begins with, and the largest that is kept for the next message, bytes. */
const BUFFER_BYTES_MIN = 4096;
const BUFFER_BYTES_KEPT = 65_536;

const NO_BYTES = new Uint8Array(0);

export class MessageAssembler {
  /** The open message's bytes so far; no more memory than twice them, however many symbols bring them. */
  #buffer = NO_BYTES;
  #length = 0;
  #open = false;

  /** @param messageBytesMax largest message, bytes. */
  constructor(private readonly messageBytesMax: number) {}

  /**
   * Takes the next symbol's payload, bytes[start..end), copied. Returns the message if it is complete, a fault, or
   * undefined.
   */
  add(
    bytes: Uint8Array,
    start: number,
    end: number,
    first: boolean,
    last: boolean,
  ): Uint8Array | AssemblyFault | undefined {
    if (first === this.#open) return first ? "first inside a message" : "no first symbol";
    if (this.#length + end - start > this.messageBytesMax) return "too large";
    // Not bytes.slice: of a Node Buffer that would be a view of the host's memory.
    if (first && last) return Uint8Array.prototype.slice.call(bytes, start, end);
    // No sender cuts one: a message could be made of endless many.
    if (start === end) return "empty fragment";
    this.#open = true;
    this.#append(bytes, start, end);
    if (!last) return undefined;
    const message = this.#buffer.slice(0, this.#length);
    this.#length = 0;
    this.#open = false;
    if (this.#buffer.length > BUFFER_BYTES_KEPT) this.#buffer = NO_BYTES;
    return message;
  }

  #append(bytes: Uint8Array, start: number, end: number): void {
    const length = this.#length + end - start;
    if (length > this.#buffer.length) {
      const larger = new Uint8Array(Math.max(BUFFER_BYTES_MIN, length, 2 * this.#buffer.length));
      larger.set(this.#buffer.subarray(0, this.#length));
      this.#buffer = larger;
    }
    this.#buffer.set(bytes.subarray(start, end), this.#length);
    this.#length = length;
  }
}
