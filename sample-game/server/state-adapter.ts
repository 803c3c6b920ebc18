/**
 * From the pure world to the synchronised state: in place, so that only what changed is patched
 * (assigning an equal value to a schema field is no change). Nothing flows back.
 */
import { PICKUP_KINDS } from "../protocol/arena-view.js";
import { AIM_STEP, POSITION_SCALE, TURN } from "../rules/constants.js";
import type { Pickup, Player, Projectile, World } from "../rules/types.js";
import { type ArenaState, PickupState, PlayerState, ProjectileState } from "./schema.js";

/** Makes the state show the world. */
export function syncState(world: World, state: ArenaState): void {
  state.tick = world.tick;
  syncMap(
    world.players,
    state.players,
    (id) => id,
    () => new PlayerState(),
    syncPlayer,
  );
  syncMap(world.projectiles, state.projectiles, projectileKey, newProjectile, () => undefined);
  syncMap(
    world.pickups,
    state.pickups,
    (id) => id,
    newPickup,
    (pickup, shown) => {
      shown.ready = pickup.returnClock === 0;
    },
  );
}

/** Sends every aim once more with the next patch. */
export function refreshAims(state: ArenaState): void {
  state.players.forEach((player) => player.setDirty("aim"));
}

interface SyncedMap<T> {
  get(key: string): T | undefined;
  set(key: string, value: T): unknown;
  delete(key: string): boolean;
  forEach(callback: (value: T, key: string) => void): void;
}

/** Adds what is new (filled before it is added, so that its ADD is complete), updates the rest, deletes what is gone. */
function syncMap<K, V, S>(
  source: ReadonlyMap<K, V>,
  target: SyncedMap<S>,
  keyOf: (id: K) => string,
  create: (value: V) => S,
  update: (value: V, shown: S) => void,
): void {
  const gone = new Set<string>();
  target.forEach((_, key) => gone.add(key));
  for (const [id, value] of source) {
    const key = keyOf(id);
    gone.delete(key);
    const known = target.get(key);
    const shown = known ?? create(value);
    update(value, shown);
    if (known === undefined) target.set(key, shown);
  }
  for (const key of gone) target.delete(key);
}

function syncPlayer(player: Player, shown: PlayerState): void {
  shown.name = player.name;
  shown.slot = player.slot;
  shown.bot = player.bot;
  shown.x = scaled(player.x);
  shown.y = scaled(player.y);
  shown.aim = Math.round(player.aim / AIM_STEP) % (TURN / AIM_STEP);
  shown.dashClock = player.dashClock;
  shown.dashAngle = player.dashAngle;
  shown.alive = player.alive;
  shown.hp = player.hp;
  shown.shield = player.shield;
  shown.score = player.score % 65536;
  shown.deaths = player.deaths % 65536;
  shown.rapid = player.rapidClock > 0;
}

function newProjectile(projectile: Projectile): ProjectileState {
  return new ProjectileState().assign({
    owner: projectile.ownerSlot,
    x: scaled(projectile.originX),
    y: scaled(projectile.originY),
    angle: projectile.angle,
    bornTick: projectile.bornTick,
  });
}

function newPickup(pickup: Pickup): PickupState {
  return new PickupState().assign({
    kind: PICKUP_KINDS.indexOf(pickup.kind),
    x: scaled(pickup.x),
    y: scaled(pickup.y),
    ready: pickup.returnClock === 0,
  });
}

function projectileKey(id: number): string {
  return id.toString(36);
}

function scaled(units: number): number {
  return Math.round(units * POSITION_SCALE);
}
