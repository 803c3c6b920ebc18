/**
 * FNV-1a over numbers and strings: equal hash = equal content, for tests and for the end-of-run check. Not for secrets.
 */
import type { World } from "./types.js";

export class Fnv {
  private hash = 0x811c9dc5;
  private readonly number = new Float64Array(1);
  private readonly bytes = new Uint8Array(this.number.buffer);

  add(value: number | string | boolean): this {
    if (typeof value === "string") {
      for (let i = 0; i < value.length; i++) this.mix(value.charCodeAt(i));
      this.mix(0xffff);
      return this;
    }
    this.number[0] = Number(value);
    for (let i = 0; i < 8; i++) this.mix(this.bytes[i]!);
    return this;
  }

  /** 8 hexadecimal digits. */
  digest(): string {
    return this.hash.toString(16).padStart(8, "0");
  }

  private mix(value: number): void {
    this.hash = Math.imul(this.hash ^ value, 0x01000193) >>> 0;
  }
}

/** Hash of everything in a world, hidden clocks and the random state included. */
export function hashWorld(world: World): string {
  const fnv = new Fnv().add(world.tick).add(world.nextProjectileId).add(world.random.state);
  for (const entries of [world.players, world.projectiles, world.pickups]) {
    for (const entry of entries.values()) {
      for (const value of Object.values(entry)) fnv.add(value as number | string | boolean);
    }
  }
  return fnv.digest();
}
