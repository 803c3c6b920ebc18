/**
 * The last minute of several values sampled together, as the plot library takes them: the times, and a column for each
 * value, oldest first. Bounded: above the capacity the oldest sample goes.
 */

export class TimeSeries {
  readonly times: number[] = [];
  /** null is a gap. */
  readonly columns: readonly (number | null)[][];
  readonly #capacity: number;

  /** capacity: samples kept, 1 or more; columns: values in a sample. @throws RangeError */
  constructor(capacity: number, columns: number) {
    if (!Number.isInteger(capacity) || capacity < 1)
      throw new RangeError(`"capacity" expected a whole number from 1, got ${capacity}`);
    this.#capacity = capacity;
    this.columns = Array.from({ length: columns }, () => []);
  }

  /** Adds a sample; times must not go back. A value that is no finite number, or left out, is a gap. */
  push(time: number, values: readonly number[]): void {
    this.times.push(time);
    this.columns.forEach((column, index) => column.push(Number.isFinite(values[index]) ? values[index]! : null));
    if (this.times.length <= this.#capacity) return;
    this.times.shift();
    for (const column of this.columns) column.shift();
  }

  /** The values of one column not older than `sinceTime`, without the gaps, oldest first. */
  since(column: number, sinceTime: number): number[] {
    const values: number[] = [];
    for (let i = this.times.length - 1; i >= 0 && this.times[i]! >= sinceTime; i--) {
      const value = this.columns[column]![i];
      if (typeof value === "number") values.push(value);
    }
    return values.reverse();
  }
}
