/** The check of a caller's integer argument, with one wording for all of the repair code. */

/** Returns value. @throws TypeError when it is no integer, RangeError when it is outside min..max. */
export function checkInteger(name: string, value: number, min: number, max: number): number {
  if (!Number.isInteger(value)) throw new TypeError(`"${name}" expected an integer, got ${String(value)}`);
  if (value < min || value > max) throw new RangeError(`"${name}" expected ${min}..${max}, got ${value}`);
  return value;
}
