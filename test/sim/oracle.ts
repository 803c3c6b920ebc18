/** The list of messages sent as the judge of a long run: compares what came so far, then lets go of both lists. */
import type { End } from "./world.js";

/** Unreliable messages that are remembered: one that comes later than so many others is late by seconds. */
const UNRELIABLE_REMEMBERED = 4000;

export class Oracle {
  readonly #unreliable = new Map<string, number>();
  ordered = 0;
  unreliable = 0;

  constructor(private readonly from: End) {}

  /** Ordered messages sent that did not come yet. */
  get missing(): number {
    return this.from.sent.length;
  }

  /** @throws Error for a message that is not the next in order, or an unreliable one that was not sent, or twice. */
  check(): void {
    const { from } = this,
      { delivered } = from.peer;
    const waiting = [];
    for (const message of from.sent) {
      if (message.ordered) waiting.push(message);
      else this.#unreliable.set(key(message.bytes), (this.#unreliable.get(key(message.bytes)) ?? 0) + 1);
    }
    let at = 0;
    for (const { bytes, ordered } of delivered) {
      if (ordered) {
        const expected = waiting[at++];
        if (!expected || Buffer.compare(expected.bytes, bytes) !== 0)
          throw new Error(`${from.peer.name}: ordered message ${this.ordered} is not what was sent`);
        this.ordered++;
      } else {
        const left = this.#unreliable.get(key(bytes)) ?? 0;
        if (left === 0)
          throw new Error(
            `${from.peer.name}: an unreliable message of ${bytes.length} bytes was not sent, or comes twice`,
          );
        this.#unreliable.set(key(bytes), left - 1);
        this.unreliable++;
      }
    }
    delivered.length = 0;
    from.sent.length = 0;
    from.sent.push(...waiting.slice(at));
    for (const oldest of this.#unreliable.keys()) {
      if (this.#unreliable.size <= UNRELIABLE_REMEMBERED) break;
      this.#unreliable.delete(oldest);
    }
  }
}

function key(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("latin1");
}
