/**
 * Checks a stream of sequence numbers that should be 0, 1, 2, ...: what is doubled, out of order, missing.
 */

/** Numbers remembered above the first gap; one that is farther ahead counts as out of order and is not remembered. */
const AHEAD_MAX = 4096;

export interface SequenceFaults {
  missing: number;
  doubled: number;
  outOfOrder: number;
}

export class SequenceCheck {
  doubled = 0;
  outOfOrder = 0;
  /** Every number below this one was seen. */
  private next = 0;
  private readonly ahead = new Set<number>();

  /** How many different numbers were seen. */
  get count(): number {
    return this.next + this.ahead.size;
  }

  add(seq: number): void {
    if (seq < this.next || this.ahead.has(seq)) {
      this.doubled += 1;
    } else if (seq === this.next) {
      this.next += 1;
      while (this.ahead.delete(this.next)) this.next += 1;
    } else {
      this.outOfOrder += 1;
      if (this.ahead.size < AHEAD_MAX) this.ahead.add(seq);
    }
  }

  /** @param sent how many numbers were sent. */
  faults(sent: number): SequenceFaults {
    return { missing: sent - this.count, doubled: this.doubled, outOfOrder: this.outOfOrder };
  }
}
