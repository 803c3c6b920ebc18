/**
 * CRC-32 (IEEE 802.3, reflected polynomial 0xEDB88320) as a trailer: the impaired channel knows by it which datagrams
 * netem damaged. It finds every 1 to 3 flipped bits of a datagram this short (Hamming distance 4 to 91,607 bits).
 */

export const CRC32_BYTES = 4;

const TABLE = Uint32Array.from({ length: 256 }, (_, byte) => {
  let crc = byte;
  for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0xedb88320 : crc >>> 1;
  return crc;
});

/** CRC-32 of the first `length` bytes. */
export function crc32(bytes: Uint8Array, length = bytes.length): number {
  let crc = 0xffffffff;
  for (let i = 0; i < length; i++) crc = TABLE[(crc ^ bytes[i]!) & 0xff]! ^ (crc >>> 8);
  return ~crc >>> 0;
}

/** A copy of the bytes with their CRC-32 behind them, little-endian. */
export function appendCrc32(bytes: Uint8Array): Uint8Array {
  const checked = new Uint8Array(bytes.length + CRC32_BYTES);
  checked.set(bytes);
  new DataView(checked.buffer).setUint32(bytes.length, crc32(bytes), true);
  return checked;
}

/** The bytes without their trailer, a view; undefined if they are damaged. */
export function stripCrc32(checked: Uint8Array): Uint8Array | undefined {
  const length = checked.length - CRC32_BYTES;
  if (length < 0) return undefined;
  const trailer = new DataView(checked.buffer, checked.byteOffset, checked.length).getUint32(length, true);
  return trailer === crc32(checked, length) ? checked.subarray(0, length) : undefined;
}
