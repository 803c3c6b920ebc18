/**
 * Warnings of what every connection would say again: each text once for a page or process, and so many texts at most.
 */

import { WARNINGS_MAX } from "./limits.js";

const warned = new Set<string>();

export function warnOnce(text: string): void {
  if (warned.has(text) || warned.size >= WARNINGS_MAX) return;
  warned.add(text);
  console.warn(`colyseus-fec: ${text}`);
}
