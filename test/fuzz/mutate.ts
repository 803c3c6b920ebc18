/** What a fuzzer does to bytes: flips, overwrites, cuts, lengthens, splices. The result is new, and different from what went in. */
import type { SeededRandom } from "colyseus-fec/netem";

export type Mutation = "flip" | "overwrite" | "truncate" | "extend" | "splice" | "random";

const MUTATIONS: readonly Mutation[] = [
  "flip",
  "flip",
  "flip",
  "overwrite",
  "truncate",
  "truncate",
  "extend",
  "splice",
  "random",
];

/** @param other bytes of another datagram. @param from bytes before this one are left alone. */
export function mutate(
  bytes: Uint8Array,
  other: Uint8Array,
  random: SeededRandom,
  from = 0,
): { kind: Mutation; bytes: Uint8Array } {
  const kind = MUTATIONS[random.int(MUTATIONS.length)]!;
  const changed = apply(kind, bytes, other, random, Math.min(from, bytes.length));
  if (changed.length === bytes.length && Buffer.compare(changed, bytes) === 0)
    return { kind: "extend", bytes: apply("extend", bytes, other, random, from) };
  return { kind, bytes: changed };
}

function apply(kind: Mutation, bytes: Uint8Array, other: Uint8Array, random: SeededRandom, from: number): Uint8Array {
  const room = bytes.length - from;
  if (kind === "truncate") return bytes.slice(0, from + random.int(Math.max(1, room)));
  if (kind === "extend" || room <= 0)
    return Uint8Array.from([...bytes, ...Array.from({ length: 1 + random.int(40) }, () => random.int(256))]);
  const changed = bytes.slice();
  if (kind === "flip")
    for (let i = 1 + random.int(4); i > 0; i--) changed[from + random.int(room)]! ^= 1 << random.int(8);
  else if (kind === "splice")
    changed.set(
      other.subarray(from, Math.min(other.length, bytes.length)).subarray(random.int(Math.max(1, other.length - from))),
      from,
    );
  else
    for (
      let i = from + (kind === "random" ? 0 : random.int(room)),
        end = kind === "random" ? changed.length : Math.min(changed.length, i + 1 + random.int(8));
      i < end;
      i++
    )
      changed[i] = random.int(256);
  return changed;
}
