/**
 * Joins still WebP pictures, as a browser's screenshots are, to an animated one: RIFF chunks only, no pixels are touched.
 * Google's "WebP Container Specification", sections "Extended File Format" and "Animation".
 */

export interface Frame {
  /** A still WebP file, of the animation's size. */
  readonly webp: Uint8Array;
  /** How long it is shown, ms, 0..16,777,215. */
  readonly durationMs: number;
}

const RIFF_HEADER_BYTES = 12;
const CHUNK_HEADER_BYTES = 8;
/** Of the extended header. */
const ANIMATION_FLAG = 0x02;
/** Of a frame: draw over what was there without blending. */
const NO_BLENDING_FLAG = 0x02;
/** What a frame is made of: alpha, then lossy or lossless pixels. */
const IMAGE_CHUNKS = ["ALPH", "VP8 ", "VP8L"];

/** One file that shows the frames in turn, for ever. @throws TypeError for what is no still WebP picture. */
export function animateWebp(
  frames: readonly Frame[],
  size: { readonly width: number; readonly height: number },
): Uint8Array {
  const width = uint24(size.width - 1),
    height = uint24(size.height - 1);
  const header = chunk("VP8X", [Uint8Array.of(ANIMATION_FLAG, 0, 0, 0), width, height]);
  const loop = chunk("ANIM", [new Uint8Array(6)]);
  const parts = frames.map(({ webp, durationMs }) =>
    chunk("ANMF", [
      uint24(0),
      uint24(0),
      width,
      height,
      uint24(durationMs),
      Uint8Array.of(NO_BLENDING_FLAG),
      ...imageChunks(webp),
    ]),
  );
  return chunk("RIFF", [ascii("WEBP"), header, loop, ...parts]);
}

/** The chunks of a still picture that hold its pixels, headers and padding included. */
function imageChunks(webp: Uint8Array): Uint8Array[] {
  const view = new DataView(webp.buffer, webp.byteOffset, webp.byteLength);
  const name = (offset: number): string => String.fromCharCode(...webp.subarray(offset, offset + 4));
  if (webp.length < RIFF_HEADER_BYTES || name(0) !== "RIFF" || name(8) !== "WEBP")
    throw new TypeError('"webp" expected a WebP file, got something else');
  const found: Uint8Array[] = [];
  for (let offset = RIFF_HEADER_BYTES; offset + CHUNK_HEADER_BYTES <= webp.length;) {
    const bytes = view.getUint32(offset + 4, true);
    const end = offset + CHUNK_HEADER_BYTES + bytes + (bytes % 2);
    if (end > webp.length)
      throw new TypeError(`"webp" expected a whole chunk ${name(offset)}, got ${webp.length - offset} bytes of it`);
    if (IMAGE_CHUNKS.includes(name(offset))) found.push(webp.subarray(offset, end));
    offset = end;
  }
  if (found.length === 0) throw new TypeError('"webp" expected a still picture, got none');
  return found;
}

function chunk(name: string, parts: readonly Uint8Array[]): Uint8Array {
  const bytes = parts.reduce((sum, part) => sum + part.length, 0);
  const whole = new Uint8Array(CHUNK_HEADER_BYTES + bytes + (bytes % 2));
  whole.set(ascii(name));
  new DataView(whole.buffer).setUint32(4, bytes, true);
  let offset = CHUNK_HEADER_BYTES;
  for (const part of parts) {
    whole.set(part, offset);
    offset += part.length;
  }
  return whole;
}

function ascii(text: string): Uint8Array {
  return Uint8Array.from(text, (character) => character.charCodeAt(0));
}

function uint24(value: number): Uint8Array {
  return Uint8Array.of(value & 0xff, (value >> 8) & 0xff, (value >> 16) & 0xff);
}
