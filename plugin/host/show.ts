/** How messages of errors show a value that was not expected. */

/** Short, on one line; a string in quotation marks. */
export function show(value: unknown): string {
  if (typeof value === "object" && value !== null) return Array.isArray(value) ? "an array" : "an object";
  return typeof value === "string" ? JSON.stringify(value) : String(value);
}
