/** What the page keeps in the browser, where the browser lets it. */
import { afterEach, expect, it, vi } from "vitest";
import { keep, recall } from "../../sample-game/web/storage.js";

afterEach(() => vi.unstubAllGlobals());

function stubStorage(): Map<string, string> {
  const values = new Map<string, string>();
  vi.stubGlobal("localStorage", {
    getItem: (key: string) => values.get(key) ?? null,
    setItem: (key: string, value: string) => void values.set(key, value),
    removeItem: (key: string) => void values.delete(key),
  });
  return values;
}

it("keeps a text, gives it back, and forgets it", () => {
  const values = stubStorage();
  expect(recall("localStorage", "name")).toBeUndefined();
  keep("localStorage", "name", "");
  expect(recall("localStorage", "name")).toBe("");
  keep("localStorage", "name", undefined);
  expect(values.size).toBe(0);
});

it("keeps nothing, without an error, where site data is blocked or full", () => {
  const refuse = (): never => {
    throw new DOMException("The operation is insecure.", "SecurityError");
  };
  // Browsers refuse at the first look at the property, or at its methods.
  const own = Object.getOwnPropertyDescriptor(globalThis, "sessionStorage");
  Object.defineProperty(globalThis, "sessionStorage", { configurable: true, get: refuse });
  vi.stubGlobal("localStorage", { getItem: refuse, setItem: refuse, removeItem: refuse });
  try {
    for (const store of ["localStorage", "sessionStorage"] as const) {
      keep(store, "name", "Ada");
      keep(store, "name", undefined);
      expect(recall(store, "name")).toBeUndefined();
    }
  } finally {
    if (own === undefined) delete (globalThis as { sessionStorage?: unknown }).sessionStorage;
    else Object.defineProperty(globalThis, "sessionStorage", own);
  }
});
