/**
 * Pickups: taking them, what they give, and their return.
 */
import {
  HP_MAX,
  PICKUP_HEALTH,
  PICKUP_RADIUS,
  PICKUP_RAPID_TICKS,
  PICKUP_RETURN_TICKS,
  PLAYER_RADIUS,
  SHIELD_MAX,
} from "./constants.js";
import { distance } from "./geometry.js";
import type { Pickup, PickupKind, Player, World, WorldEvent } from "./types.js";

/** Counts the return clocks down and gives each pickup to the first player who stands on it and can use it. */
export function stepPickups(world: World, events: WorldEvent[]): void {
  for (const pickup of world.pickups.values()) {
    if (pickup.returnClock > 0) {
      pickup.returnClock -= 1;
      continue;
    }
    const taker = findTaker(world, pickup);
    if (taker === undefined) continue;
    apply(pickup.kind, taker);
    pickup.returnClock = PICKUP_RETURN_TICKS;
    events.push({ kind: "pickup", playerId: taker.id, pickup: pickup.kind });
  }
}

function findTaker(world: World, pickup: Pickup): Player | undefined {
  for (const player of world.players.values()) {
    if (!player.alive || !canUse(pickup.kind, player)) continue;
    if (distance(player, pickup) <= PLAYER_RADIUS + PICKUP_RADIUS) return player;
  }
  return undefined;
}

function canUse(kind: PickupKind, player: Player): boolean {
  if (kind === "health") return player.hp < HP_MAX;
  if (kind === "shield") return player.shield < SHIELD_MAX;
  return true;
}

function apply(kind: PickupKind, player: Player): void {
  if (kind === "health") player.hp = Math.min(HP_MAX, player.hp + PICKUP_HEALTH);
  else if (kind === "shield") player.shield = SHIELD_MAX;
  else player.rapidClock = PICKUP_RAPID_TICKS;
}
