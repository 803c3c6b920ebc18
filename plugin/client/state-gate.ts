/**
 * Holds unreliable patches back until ROOM_STATE was delivered: before it, the SDK has nothing to apply them to.
 * Bounded: the newest 32, and 1 MiB. Everything else passes; the order among what passes is the link's.
 */

import { Protocol } from "@colyseus/sdk";
import { protocolCodeOf } from "../session/protocol-code.js";
import { UNRELIABLE_HELD_BYTES_MAX, UNRELIABLE_HELD_MAX } from "./limits.js";

export class StateGate {
  readonly #emit: (bytes: Uint8Array) => void;
  readonly #held: Uint8Array[] = [];
  #heldBytes = 0;
  #open = false;

  constructor(emit: (bytes: Uint8Array) => void) {
    this.#emit = emit;
  }

  deliver(bytes: Uint8Array, ordered: boolean): void {
    const code = protocolCodeOf(bytes);
    if (this.#open || (ordered && code !== Protocol.ROOM_STATE)) this.#emit(bytes);
    else if (ordered) this.#openWith(bytes);
    else if (code === Protocol.ROOM_STATE_PATCH) this.#hold(bytes);
    else this.#emit(bytes);
  }

  #openWith(state: Uint8Array): void {
    this.#open = true;
    try {
      this.#emit(state);
    } finally {
      for (const bytes of this.#held.splice(0)) this.#emit(bytes);
    }
  }

  #hold(bytes: Uint8Array): void {
    this.#held.push(bytes);
    this.#heldBytes += bytes.length;
    while (this.#held.length > UNRELIABLE_HELD_MAX || this.#heldBytes > UNRELIABLE_HELD_BYTES_MAX)
      this.#heldBytes -= this.#held.shift()!.length;
  }
}
