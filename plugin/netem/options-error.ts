/** The words of a caller's mistake: `"loss" expected 0..1, got 2`. */

/** A value as an error message shows it: strings quoted, objects by their kind only. */
export function describe(value: unknown): string {
  if (typeof value === "string") return JSON.stringify(value);
  if (Array.isArray(value)) return "an array";
  if (typeof value === "function") return "a function";
  if (typeof value === "object" && value !== null) return "an object";
  return String(value);
}

/** `value` when it is a number in min..max. @throws TypeError for another type, RangeError outside. */
export function requireNumber(name: string, value: unknown, min: number, max: number): number {
  const expected = max === Infinity ? `${min} or more` : `${min}..${max}`;
  if (typeof value !== "number") throw new TypeError(`"${name}" expected ${expected}, got ${describe(value)}`);
  if (!(value >= min && value <= max)) throw new RangeError(`"${name}" expected ${expected}, got ${value}`);
  return value;
}

/** `value` when it is an integer in min..max. @throws TypeError for another type, RangeError otherwise. */
export function requireInteger(name: string, value: unknown, min: number, max: number): number {
  const number = requireNumber(name, value, min, max);
  if (!Number.isInteger(number)) throw new RangeError(`"${name}" expected an integer in ${min}..${max}, got ${number}`);
  return number;
}

/** `value` when it is true or false. @throws TypeError otherwise. */
export function requireBoolean(name: string, value: unknown): boolean {
  if (typeof value !== "boolean") throw new TypeError(`"${name}" expected true or false, got ${describe(value)}`);
  return value;
}

/** `value` when it is one of the words. @throws TypeError for another type, RangeError for another word. */
export function requireOneOf<Word extends string>(name: string, value: unknown, words: readonly Word[]): Word {
  const found = words.find((word) => word === value);
  if (found !== undefined) return found;
  const message = `"${name}" expected one of ${words.join(", ")}, got ${describe(value)}`;
  throw typeof value === "string" ? new RangeError(message) : new TypeError(message);
}

/** `value` as a record that has only known names. @throws TypeError for another type or an unknown name. */
export function requireRecord(name: string, value: unknown, known: readonly string[]): Record<string, unknown> {
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw new TypeError(`"${name}" expected an object, got ${describe(value)}`);
  }
  for (const key of Object.keys(value)) {
    if (!known.includes(key)) {
      throw new TypeError(`"${name}" expected only ${known.join(", ")}, got ${describe(key)}`);
    }
  }
  return value as Record<string, unknown>;
}

/** Checks a time that a caller passed. @throws RangeError unless it is a finite number. */
export function requireTimeMs(nowMs: number): void {
  if (!Number.isFinite(nowMs)) throw new RangeError(`"nowMs" expected a finite number, got ${describe(nowMs)}`);
}
