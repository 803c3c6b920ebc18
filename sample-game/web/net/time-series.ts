/**
 * The last minute of several values sampled together, as the plot library wants them: one typed array for the times
 * and one for each value, in order, without a copy per update. Bounded; NaN is a gap.
 */

export class TimeSeries {
  readonly #capacity: number;
  readonly #times: Float64Array;
  readonly #columns: Float64Array[];
  #start = 0;
  #end = 0;

  /** capacity: samples kept, 1 or more; columns: values in a sample. @throws RangeError */
  constructor(capacity: number, columns: number) {
    if (!Number.isInteger(capacity) || capacity < 1) throw new RangeError(`"capacity" expected a whole number from 1, got ${capacity}`);
    this.#capacity = capacity;
    // Twice the room: samples move back to the front once in `capacity` samples, and a view is always contiguous.
    this.#times = new Float64Array(2 * capacity);
    this.#columns = Array.from({ length: columns }, () => new Float64Array(2 * capacity));
  }

  get length(): number {
    return this.#end - this.#start;
  }

  /** Adds a sample, and forgets the oldest above the capacity. Times must not go back. */
  push(time: number, values: readonly number[]): void {
    if (this.#end === this.#times.length) this.#moveToFront();
    this.#times[this.#end] = time;
    this.#columns.forEach((column, index) => (column[this.#end] = values[index] ?? NaN));
    this.#end++;
    if (this.length > this.#capacity) this.#start++;
  }

  /** Views of the times and then of each column, oldest first; valid until the next push. */
  views(): Float64Array[] {
    return [this.#times, ...this.#columns].map((column) => column.subarray(this.#start, this.#end));
  }

  /** The values of one column not older than `sinceTime`, gaps left out, oldest first. */
  since(column: number, sinceTime: number): number[] {
    const values: number[] = [];
    for (let i = this.#end - 1; i >= this.#start && this.#times[i]! >= sinceTime; i--) {
      const value = this.#columns[column]![i]!;
      if (!Number.isNaN(value)) values.push(value);
    }
    return values.reverse();
  }

  clear(): void {
    this.#start = this.#end = 0;
  }

  #moveToFront(): void {
    for (const column of [this.#times, ...this.#columns]) column.copyWithin(0, this.#start, this.#end);
    this.#end -= this.#start;
    this.#start = 0;
  }
}
