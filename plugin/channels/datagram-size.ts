/** The one argument check that every channel's `send` makes. */

/** @throws RangeError for an empty datagram or one above maxDatagramBytes. */
export function checkDatagramSize(datagram: Uint8Array, maxDatagramBytes: number): void {
  const bytes = datagram.length;
  if (bytes >= 1 && bytes <= maxDatagramBytes) return;
  throw new RangeError(`"datagram" expected 1..${maxDatagramBytes} bytes, got ${bytes}`);
}
