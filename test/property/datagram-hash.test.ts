/**
 * A hash over every datagram and every record of three hundred seeded worlds: same seed, same inputs, same bytes out. Moving and
 * renaming code leaves it as it is. A commit that changes behaviour on purpose puts in the hash that this test then prints.
 */
import { createHash } from "node:crypto";
import { expect, it } from "vitest";
import { playRandomWorld, standstillsOf } from "../sim/random-world.js";

const SEEDS = Array.from({ length: 300 }, (_, i) => i + 1);

const HASHES = {
  "channels that always take datagrams": "f31c83bdedeadacceb1e31a3f016d323ed8e52292df72edd486cc2941584bce2",
  "channels that stand still now and then": "0da2d0adc9be395baeb14bb09cfe6826b77c2bac5773a75e64e839dcadc9374b",
};

function hashOf(seeds: readonly number[]): string {
  const hash = createHash("sha256");
  const head = Buffer.alloc(13);
  const add = (path: number) => (from: "server" | "client", bytes: Uint8Array, nowMs: number) => {
    head.writeUInt8(path + (from === "server" ? 2 : 0), 0);
    head.writeDoubleLE(nowMs, 1);
    head.writeUInt32LE(bytes.length, 9);
    hash.update(head).update(bytes);
  };
  for (const seed of seeds) playRandomWorld(seed, 1, { onDatagram: add(0), onRecord: add(1) });
  return hash.digest("hex");
}

it.each(Object.entries(HASHES))("worlds with %s send what they sent", { timeout: 120_000 }, (name, expected) => {
  const still = name === "channels that stand still now and then";
  const seeds = SEEDS.filter((seed) => (standstillsOf(seed) !== undefined) === still);
  expect(seeds.length).toBeGreaterThan(100);
  expect(hashOf(seeds)).toBe(expected);
});
