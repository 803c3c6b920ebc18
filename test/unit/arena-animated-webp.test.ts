import { describe, expect, it } from "vitest";
import { animateWebp } from "../../sample-game/pictures/animated-webp.js";

const text = (...parts: (string | number[])[]): Uint8Array =>
  Uint8Array.from(parts.flatMap((part) => (typeof part === "string" ? [...part].map((c) => c.charCodeAt(0)) : part)));

const le32 = (n: number): number[] => [n & 255, (n >> 8) & 255, (n >> 16) & 255, n >>> 24];

/** A still file with these chunks. */
function still(...chunks: [name: string, body: number[]][]): Uint8Array {
  const bodies = chunks.map(([name, body]) => text(name, le32(body.length), body, body.length % 2 ? [0] : []));
  return text(
    "RIFF",
    le32(4 + bodies.reduce((n, { length }) => n + length, 0)),
    "WEBP",
    ...bodies.map((body) => [...body]),
  );
}

describe("an animated WebP", () => {
  it("is the frames' pixel chunks in RIFF chunks, as the container specification has them", () => {
    const frames = [
      { webp: still(["VP8 ", [1, 2, 3]]), durationMs: 125 },
      {
        webp: still(["VP8X", new Array(10).fill(0)], ["ALPH", [9]], ["VP8 ", [4, 5]], ["EXIF", [7]]),
        durationMs: 70_000,
      },
    ];
    const frame = (duration: number[], body: number[]): number[] => [
      ...text("ANMF", le32(16 + body.length)),
      0,
      0,
      0,
      0,
      0,
      0,
      0x6f,
      3,
      0,
      0xf3,
      1,
      0,
      ...duration,
      2,
      ...body,
    ];
    const parts = [
      ...text("WEBP", "VP8X", le32(10), [2, 0, 0, 0, 0x6f, 3, 0, 0xf3, 1, 0], "ANIM", le32(6), [0, 0, 0, 0, 0, 0]),
      ...frame([125, 0, 0], [...text("VP8 ", le32(3), [1, 2, 3, 0])]),
      ...frame([0x70, 0x11, 1], [...text("ALPH", le32(1), [9, 0], "VP8 ", le32(2), [4, 5])]),
    ];
    expect([...animateWebp(frames, { width: 880, height: 500 })]).toEqual([...text("RIFF", le32(parts.length), parts)]);
  });

  it.each([
    ["another kind of file", text("GIF89a......"), '"webp" expected a WebP file'],
    ["an empty file", new Uint8Array(), '"webp" expected a WebP file'],
    [
      "a file that is cut off",
      still(["VP8 ", [1, 2, 3, 4]]).subarray(0, 22),
      '"webp" expected a whole chunk VP8 , got 10 bytes of it',
    ],
    ["a file without pixels", still(["EXIF", [1, 2]]), '"webp" expected a still picture'],
  ])("is not made of %s", (_name, webp, message) => {
    expect(() => animateWebp([{ webp, durationMs: 1 }], { width: 1, height: 1 })).toThrow(message);
  });
});
