/** Joins the symbols of one message, given in order, and bounds its size. Copies; the message's bytes belong to the receiver. */
import { concat } from "../symbol.js";

export type AssemblyFault = "first inside a message" | "no first symbol" | "too large";

export class MessageAssembler {
  #parts: Uint8Array[] = [];
  #length = 0;
  #open = false;

  /** @param messageBytesMax largest message, bytes. */
  constructor(private readonly messageBytesMax: number) {}

  /** Takes the next symbol's payload (copied). Returns the message if it is complete, a fault, or undefined. */
  add(payload: Uint8Array, first: boolean, last: boolean): Uint8Array | AssemblyFault | undefined {
    if (first === this.#open) return first ? "first inside a message" : "no first symbol";
    if (this.#length + payload.length > this.messageBytesMax) return "too large";
    if (first && last) return payload.slice();
    this.#open = true;
    this.#parts.push(payload.slice());
    this.#length += payload.length;
    if (!last) return undefined;
    const message = concat(this.#parts);
    this.#parts = [];
    this.#length = 0;
    this.#open = false;
    return message;
  }
}
