/** What the page keeps in the browser: nothing where the browser refuses site data, which the page does without. */

type Store = "localStorage" | "sessionStorage";

/** @returns undefined where nothing is kept. */
export function recall(store: Store, key: string): string | undefined {
  try {
    return globalThis[store].getItem(key) ?? undefined;
  } catch {
    return undefined;
  }
}

/** @param value undefined forgets the key. */
export function keep(store: Store, key: string, value: string | undefined): void {
  try {
    if (value === undefined) globalThis[store].removeItem(key);
    else globalThis[store].setItem(key, value);
  } catch {
    // Refused, or full.
  }
}
