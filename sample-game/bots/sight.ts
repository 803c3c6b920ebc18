/**
 * From the synchronised state to what a bot sees: units instead of wire values, velocities from two looks.
 */
import { type ArenaView, PICKUP_KINDS, type PlayerView } from "../protocol/arena-view.js";
import { POSITION_SCALE, STEP_S } from "../rules/constants.js";
import { positionAfter } from "../rules/projectiles.js";
import type { PickupKind, Point } from "../rules/types.js";
import type { BotSight, SeenEnemy } from "./decide.js";

/** Faster than any player: it respawned elsewhere, u/s. */
const SPEED_MAX = 1500;

export class Sight {
  private readonly seen = new Map<string, Point & { tick: number; velocityX: number; velocityY: number }>();

  constructor(private readonly selfId: string) {}

  /** Looks at the state now; call it at most once a tick. */
  look(state: ArenaView): BotSight {
    const { tick } = state;
    const own = state.players.get(this.selfId);
    const enemies: SeenEnemy[] = [];
    state.players.forEach((player, id) => {
      if (id !== this.selfId && player.alive) enemies.push({ id, ...this.track(id, player, tick) });
    });
    for (const id of this.seen.keys()) if (state.players.get(id) === undefined) this.seen.delete(id);
    return {
      tick,
      self: own?.alive ? seeSelf(own) : undefined,
      enemies,
      pickups: seePickups(state),
      shots: seeShots(state, own?.slot),
    };
  }

  private track(id: string, player: PlayerView, tick: number): Omit<SeenEnemy, "id"> {
    const point = toPoint(player);
    const before = this.seen.get(id);
    const sinceS = before === undefined ? 0 : (tick - before.tick) * STEP_S;
    if (before !== undefined && sinceS <= 0) return before;
    let velocityX = before === undefined ? 0 : (point.x - before.x) / sinceS;
    let velocityY = before === undefined ? 0 : (point.y - before.y) / sinceS;
    if (Math.hypot(velocityX, velocityY) > SPEED_MAX) velocityX = velocityY = 0;
    const now = { ...point, tick, velocityX, velocityY };
    this.seen.set(id, now);
    return now;
  }
}

function seeSelf(own: PlayerView): NonNullable<BotSight["self"]> {
  return { ...toPoint(own), hp: own.hp, shield: own.shield, rapid: own.rapid, canDash: own.dashClock === 0 };
}

function seePickups(state: ArenaView): BotSight["pickups"] {
  const pickups: { x: number; y: number; kind: PickupKind }[] = [];
  state.pickups.forEach((pickup) => {
    const kind = PICKUP_KINDS[pickup.kind];
    if (pickup.ready && kind !== undefined) pickups.push({ ...toPoint(pickup), kind });
  });
  return pickups;
}

function seeShots(state: ArenaView, ownSlot: number | undefined): BotSight["shots"] {
  const shots: { x: number; y: number; angle: number }[] = [];
  state.projectiles.forEach((shot) => {
    if (shot.owner === ownSlot) return;
    const { angle } = shot;
    shots.push({ ...positionAfter({ ...toPoint(shot), angle }, (state.tick - shot.bornTick) * STEP_S), angle });
  });
  return shots;
}

function toPoint({ x, y }: Point): Point {
  return { x: x / POSITION_SCALE, y: y / POSITION_SCALE };
}
