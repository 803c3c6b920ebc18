/**
 * The arena's state as its readers see it: structural, so that one function takes the server's own
 * schema objects and the ones that a client decoded. Meanings and units: server/schema.ts.
 */
import { Fnv } from "../rules/hash.js";
import type { PickupKind } from "../rules/types.js";

/** PickupView.kind is an index in here. */
export const PICKUP_KINDS: readonly PickupKind[] = ["health", "rapid", "shield"];

export interface PlayerView {
  name: string;
  slot: number;
  bot: boolean;
  x: number;
  y: number;
  aim: number;
  dashClock: number;
  dashAngle: number;
  alive: boolean;
  hp: number;
  shield: number;
  score: number;
  deaths: number;
  rapid: boolean;
}

export interface ProjectileView {
  owner: number;
  x: number;
  y: number;
  angle: number;
  bornTick: number;
}

export interface PickupView {
  kind: number;
  x: number;
  y: number;
  ready: boolean;
}

/** What Map and MapSchema share. */
export interface Entries<T> {
  readonly size: number;
  get(key: string): T | undefined;
  forEach(callback: (value: T, key: string) => void): void;
}

export interface ArenaView {
  tick: number;
  patchMs: number;
  checkTick: number;
  frozen: boolean;
  players: Entries<PlayerView>;
  projectiles: Entries<ProjectileView>;
  pickups: Entries<PickupView>;
}

/**
 * Hash of everything that is delivered for certain: equal hash = equal state, whatever the order of the maps.
 * Left out: `aim`, which may be lost (it is refreshed instead), and `patchMs`, which is a time stamp.
 */
export function hashState(state: ArenaView): string {
  let sum = 0;
  const addUp = (fnv: Fnv): void => {
    sum = (sum + Number.parseInt(fnv.digest(), 16)) >>> 0;
  };
  state.players.forEach((p, key) => {
    const fnv = new Fnv().add("player").add(key).add(p.name).add(p.slot).add(p.bot).add(p.x).add(p.y);
    fnv.add(p.dashClock).add(p.dashAngle).add(p.alive).add(p.hp).add(p.shield);
    addUp(fnv.add(p.score).add(p.deaths).add(p.rapid));
  });
  state.projectiles.forEach((p, key) => {
    addUp(new Fnv().add("projectile").add(key).add(p.owner).add(p.x).add(p.y).add(p.angle).add(p.bornTick));
  });
  state.pickups.forEach((p, key) => {
    addUp(new Fnv().add("pickup").add(key).add(p.kind).add(p.x).add(p.y).add(p.ready));
  });
  return new Fnv().add(sum).add(state.tick).add(state.checkTick).add(state.frozen).digest();
}
