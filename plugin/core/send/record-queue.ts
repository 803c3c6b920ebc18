/**
 * Records that wait for the reliable path, oldest first. Taking one costs the same however many wait: where every
 * message of a client is answered, an array's shift() moved tens of thousands for each (bench:hostile, "websocket:
 * requests").
 */

/** Places of records that were taken, at most so many or half of all; then the rest moves to the front. */
const TAKEN_MAX = 1024;

export class RecordQueue {
  readonly #records: Uint8Array[] = [];
  /** The first so many were taken. */
  #taken = 0;

  push(record: Uint8Array): void {
    this.#records.push(record);
  }

  /** The oldest record, out of the queue. */
  shift(): Uint8Array | undefined {
    const records = this.#records,
      record = records[this.#taken];
    if (record === undefined) return undefined;
    this.#taken++;
    if (this.#taken === records.length) {
      records.length = this.#taken = 0;
    } else if (this.#taken >= TAKEN_MAX && 2 * this.#taken >= records.length) {
      records.copyWithin(0, this.#taken);
      records.length -= this.#taken;
      this.#taken = 0;
    }
    return record;
  }
}
