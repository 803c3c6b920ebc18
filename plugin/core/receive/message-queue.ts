/** Messages that wait to be polled. What is polled has let go of its place; places are used again. */

/** A message and its stream. */
export interface QueuedMessage {
  bytes: Uint8Array;
  ordered: boolean;
}

const NO_BYTES = new Uint8Array(0);

export class MessageQueue {
  /**
   * Places, the first #end in use, of which the first #start were polled. As many as ever waited at once: one
   * datagram's messages, or what a gap held back.
   */
  readonly #places: QueuedMessage[] = [];
  readonly #polled: QueuedMessage = { bytes: NO_BYTES, ordered: true };
  #start = 0;
  #end = 0;

  push(bytes: Uint8Array, ordered: boolean): void {
    const place = (this.#places[this.#end++] ??= { bytes, ordered });
    place.bytes = bytes;
    place.ordered = ordered;
  }

  /** The oldest message, out of the queue. The object is reused by the next call; its bytes are the caller's. */
  shift(): QueuedMessage | undefined {
    if (this.#start === this.#end) return undefined;
    const place = this.#places[this.#start++]!,
      polled = this.#polled;
    polled.bytes = place.bytes;
    polled.ordered = place.ordered;
    place.bytes = NO_BYTES;
    if (this.#start === this.#end) this.#start = this.#end = 0;
    return polled;
  }
}
