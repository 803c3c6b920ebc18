/**
 * The first byte of a Colyseus message: its low five bits say what it is, the others how it is sent (PROTOCOL_CODE_MASK
 * of @colyseus/shared-types).
 */

const PROTOCOL_CODE_MASK = 0x1f;

/** The protocol code of a message; 0, which is none, for an empty one. */
export function protocolCodeOf(message: Uint8Array): number {
  return (message[0] ?? 0) & PROTOCOL_CODE_MASK;
}
