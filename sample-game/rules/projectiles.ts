/**
 * Shots: firing, flight and hits. Changes the world that it is given, reads nothing else.
 */
import { WALLS } from "./arena-map.js";
import {
  ARENA_HEIGHT,
  ARENA_WIDTH,
  BUTTON_FIRE,
  FIRE_TICKS,
  PLAYER_RADIUS,
  PROJECTILE_DAMAGE,
  PROJECTILE_IDS,
  PROJECTILE_LIFE_TICKS,
  PROJECTILE_RADIUS,
  PROJECTILE_SPEED,
  PROJECTILES_MAX,
  RAPID_FIRE_TICKS,
  RESPAWN_TICKS,
} from "./constants.js";
import { crossesWall, distanceToSegment, toRadians } from "./geometry.js";
import type { Player, Point, Projectile, World, WorldEvent } from "./types.js";

/** Counts the player's fire clock down and fires if the button is held and the clock allows. */
export function fireIfAsked(world: World, player: Player, buttons: number): void {
  player.fireClock = Math.max(0, player.fireClock - 1);
  if ((buttons & BUTTON_FIRE) === 0 || player.fireClock > 0) return;
  if (world.projectiles.size >= PROJECTILES_MAX) return;
  player.fireClock = player.rapidClock > 0 ? RAPID_FIRE_TICKS : FIRE_TICKS;
  const id = world.nextProjectileId;
  world.nextProjectileId = (id + 1) % PROJECTILE_IDS;
  world.projectiles.set(id, {
    id,
    ownerId: player.id,
    ownerSlot: player.slot,
    originX: player.x,
    originY: player.y,
    bornTick: world.tick,
    angle: player.aim,
    x: player.x,
    y: player.y,
  });
}

/** Moves every projectile one step; those that hit, leave or age out are removed. */
export function advanceProjectiles(world: World, dt: number, events: WorldEvent[]): void {
  for (const projectile of world.projectiles.values()) {
    const from = { x: projectile.x, y: projectile.y };
    const to = positionAfter(projectile, dt);
    projectile.x = to.x;
    projectile.y = to.y;
    const victim = firstHit(world, projectile, from, to);
    if (victim !== undefined) damage(world, victim, projectile, events);
    if (victim !== undefined || isSpent(world, projectile, from, to)) world.projectiles.delete(projectile.id);
  }
}

/** Where the projectile is after dt more seconds of free flight; also for drawing between ticks. */
export function positionAfter(projectile: Point & { angle: number }, dt: number): Point {
  const angle = toRadians(projectile.angle);
  return {
    x: projectile.x + Math.cos(angle) * PROJECTILE_SPEED * dt,
    y: projectile.y + Math.sin(angle) * PROJECTILE_SPEED * dt,
  };
}

/** The living player, not the owner, whom this step's path meets; of several, the nearest to its start. */
function firstHit(world: World, projectile: Projectile, from: Point, to: Point): Player | undefined {
  let nearest: Player | undefined;
  let nearestSquared = Infinity;
  for (const player of world.players.values()) {
    if (!player.alive || player.id === projectile.ownerId) continue;
    if (distanceToSegment(player, from, to) > PLAYER_RADIUS + PROJECTILE_RADIUS) continue;
    const squared = (player.x - from.x) ** 2 + (player.y - from.y) ** 2;
    if (squared >= nearestSquared) continue;
    nearest = player;
    nearestSquared = squared;
  }
  return nearest;
}

function isSpent(world: World, projectile: Projectile, from: Point, to: Point): boolean {
  const outside = to.x < 0 || to.x > ARENA_WIDTH || to.y < 0 || to.y > ARENA_HEIGHT;
  if (outside || world.tick - projectile.bornTick >= PROJECTILE_LIFE_TICKS) return true;
  return WALLS.some((wall) => crossesWall(from, to, wall));
}

function damage(world: World, victim: Player, projectile: Projectile, events: WorldEvent[]): void {
  const absorbed = Math.min(victim.shield, PROJECTILE_DAMAGE);
  victim.shield -= absorbed;
  victim.hp = Math.max(0, victim.hp - (PROJECTILE_DAMAGE - absorbed));
  if (victim.hp > 0) return;
  victim.alive = false;
  victim.respawnClock = RESPAWN_TICKS;
  victim.deaths += 1;
  // The owner may have left while the shot was under way.
  const killer = world.players.get(projectile.ownerId);
  if (killer !== undefined) killer.score += 1;
  events.push({ kind: "kill", killerId: projectile.ownerId, victimId: victim.id });
}
