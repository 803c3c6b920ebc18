/** What a client may send before it is in its room. The SDK sends nothing; what comes is bounded, and a client beyond that is not let in. */

import { RECORDS_BEFORE_JOIN_MAX, RECORD_BYTES_BEFORE_JOIN_MAX } from "./limits.js";

export class Admission {
  #admitted = false;
  #records = 0;
  #bytes = 0;

  get admitted(): boolean {
    return this.#admitted;
  }

  /** The client is in its room: the bound ends. */
  admit(): void {
    this.#admitted = true;
  }

  /** Whether a record of so many bytes may be taken. */
  takes(recordBytes: number): boolean {
    if (this.#admitted) return true;
    this.#records++;
    this.#bytes += recordBytes;
    return this.#records <= RECORDS_BEFORE_JOIN_MAX && this.#bytes <= RECORD_BYTES_BEFORE_JOIN_MAX;
  }
}
