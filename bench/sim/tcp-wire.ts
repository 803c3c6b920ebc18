/** Segments and acknowledgements of the TCP model as bytes of their real length, so that netem can carry them. The layout is the model's own. */
import type { Ack, Segment } from "./tcp-receiver.js";

/** TCP header with timestamps (RFC 9293, RFC 7323), and IPv4's. */
export const TCP_HEADER_BYTES = 32;
export const IP_HEADER_BYTES = 20;

/** Kind and length of the SACK option, and one block (RFC 2018). */
const SACK_OPTION_BYTES = 4;
const SACK_BLOCK_BYTES = 8;

export function encodeSegment({ seq, bytes, sentMs }: Segment): Uint8Array {
  const encoded = new Uint8Array(TCP_HEADER_BYTES + bytes),
    view = new DataView(encoded.buffer);
  view.setUint32(0, seq);
  view.setUint32(4, bytes);
  view.setFloat64(8, sentMs);
  return encoded;
}

export function decodeSegment(encoded: Uint8Array): Segment {
  const view = new DataView(encoded.buffer, encoded.byteOffset);
  return { seq: view.getUint32(0), bytes: view.getUint32(4), sentMs: view.getFloat64(8) };
}

export function encodeAck({ cumulative, blocks, duplicate, echoMs }: Ack): Uint8Array {
  const encoded = new Uint8Array(
      TCP_HEADER_BYTES + (blocks.length > 0 ? SACK_OPTION_BYTES + SACK_BLOCK_BYTES * blocks.length : 0),
    ),
    view = new DataView(encoded.buffer);
  view.setUint32(0, cumulative);
  view.setUint8(4, blocks.length);
  view.setUint8(5, duplicate ? 1 : 0);
  view.setFloat64(6, echoMs);
  blocks.forEach(([from, to], i) => {
    view.setUint32(14 + 8 * i, from);
    view.setUint32(18 + 8 * i, to);
  });
  return encoded;
}

export function decodeAck(encoded: Uint8Array): Ack {
  const view = new DataView(encoded.buffer, encoded.byteOffset);
  const blocks = Array.from(
    { length: view.getUint8(4) },
    (_, i) => [view.getUint32(14 + 8 * i), view.getUint32(18 + 8 * i)] as const,
  );
  return { cumulative: view.getUint32(0), blocks, duplicate: view.getUint8(5) === 1, echoMs: view.getFloat64(6) };
}
