/**
 * Where every shot is shown. The state tells only where and when it was fired; here it flies by itself.
 * A shot starts on the time line of who fired it (others: the delayed one that they are shown on; the own player: the
 * predicted one, as a "ghost" that the server's shot replaces) and blends into the server's present.
 */
import type { ProjectileView } from "../../protocol/arena-view.js";
import { POSITION_SCALE } from "../../rules/constants.js";
import type { Point } from "../../rules/types.js";
import { BEGIN_TICKS, GHOST_GRACE_MS, GHOSTS_MAX, PAUSE_MS, SHOT_BLEND_MS, SHOT_TAIL_MS, STEP_MS } from "./limits.js";
import { type ShotPath, traceShot } from "./shot-path.js";

/** A shot as it is drawn, u and parts of a turn. */
export interface ShownShot {
  x: number;
  y: number;
  readonly angle: number;
  readonly owner: number;
  /** Ticks that it is seen to have flown; below 0 it is not shown yet. */
  flownTicks: number;
}

export interface ShotEnd extends Point {
  readonly angle: number;
  readonly owner: number;
  /** A wall or the edge, a player, or nothing: it grew too old. */
  readonly kind: "wall" | "player" | "age";
}

/** What a frame tells its caller. */
export interface ShotListener {
  /** A shot of someone else begins to be shown, at its muzzle. */
  onBegin(shot: ShownShot): void;
  onEnd(end: ShotEnd): void;
}

interface Shot extends ShownShot {
  readonly path: ShotPath;
  readonly bornTick: number;
  readonly seenMs: number;
  /** Shown ahead of the server's present when first seen, ticks; fades. */
  readonly leadTicks: number;
  /** Shown minus true position when first seen, u; fades. */
  readonly offX: number;
  readonly offY: number;
  /** Flight at which the server ended it; Infinity while it flies. */
  endTicks: number;
  endedMs: number;
  /** Its begin was shown, by this or by its ghost. */
  begun: boolean;
  /** Its end was shown: only the state still knows it. */
  over: boolean;
}

interface Ghost extends ShownShot {
  readonly path: ShotPath;
  readonly bornMs: number;
  /** It reached its end, and that was shown. */
  over: boolean;
}

export class Shots {
  private readonly shots = new Map<string, Shot>();
  private readonly ghosts: Ghost[] = [];
  private readonly present = new Set<string>();
  private lastFrameMs = -Infinity;

  /** How many are known, ghosts included. */
  get count(): number {
    return this.shots.size + this.ghosts.length;
  }

  /** The own player fired, by prediction. u and parts of a turn. */
  predict(x: number, y: number, angle: number, owner: number, nowMs: number): void {
    if (this.ghosts.length >= GHOSTS_MAX) this.ghosts.shift();
    this.ghosts.push({ x, y, angle, owner, flownTicks: 0, path: traceShot(x, y, angle), bornMs: nowMs, over: false });
  }

  /**
   * A patch was applied.
   * @param ownSlot of the player whose shots may have ghosts; -1 for none.
   * @param lagTicks how far others are shown behind the present.
   */
  onPatch(
    projectiles: { forEach(callback: (shot: ProjectileView, key: string) => void): void },
    clock: { readonly tick: number; readonly presentTick: number; readonly lagTicks: number; readonly nowMs: number },
    ownSlot: number,
  ): void {
    const { present, shots } = this;
    present.clear();
    projectiles.forEach((shot, key) => {
      present.add(key);
      const known = shots.get(key);
      // Ids wrap: the same key may be another shot.
      if (known === undefined || known.bornTick !== shot.bornTick) shots.set(key, this.begin(shot, clock, ownSlot));
    });
    const isPaused = clock.nowMs - this.lastFrameMs > PAUSE_MS;
    for (const [key, shot] of shots) {
      if (present.has(key)) continue;
      if (shot.endTicks < Infinity) {
        // No frame comes to show its end: a hidden page would keep them all.
        if (isPaused && clock.nowMs - shot.endedMs > SHOT_TAIL_MS) shots.delete(key);
        continue;
      }
      if (shot.over) shots.delete(key);
      shot.endTicks = Math.max(0, clock.tick - shot.bornTick);
      shot.endedMs = clock.nowMs;
    }
  }

  /** Moves all to this moment. */
  advance(presentTick: number, nowMs: number, roundTripMs: number, listener: ShotListener): void {
    this.lastFrameMs = nowMs;
    for (const [key, shot] of this.shots) {
      if (!shot.over) this.fly(shot, presentTick, nowMs, listener);
      if (shot.over && shot.endTicks < Infinity) this.shots.delete(key);
    }
    for (let i = this.ghosts.length - 1; i >= 0; i--) {
      const ghost = this.ghosts[i]!;
      const ageMs = nowMs - ghost.bornMs;
      place(ghost, ghost.path, Math.min(ageMs / STEP_MS, ghost.path.ticks), 0, 0);
      if (!ghost.over && ageMs / STEP_MS >= ghost.path.ticks) {
        ghost.over = true;
        listener.onEnd({ x: ghost.x, y: ghost.y, angle: ghost.angle, owner: ghost.owner, kind: ghost.path.end });
      }
      if (ageMs > roundTripMs + GHOST_GRACE_MS) this.ghosts.splice(i, 1);
    }
  }

  /** Every shot to draw. */
  forEach(draw: (shot: ShownShot) => void): void {
    for (const shot of this.shots.values()) if (!shot.over && shot.flownTicks >= 0) draw(shot);
    for (const ghost of this.ghosts) if (!ghost.over) draw(ghost);
  }

  clear(): void {
    this.shots.clear();
    this.ghosts.length = 0;
  }

  private begin(
    { x, y, angle, owner, bornTick }: ProjectileView,
    {
      presentTick,
      lagTicks,
      nowMs,
    }: { readonly presentTick: number; readonly lagTicks: number; readonly nowMs: number },
    ownSlot: number,
  ): Shot {
    const path = traceShot(x / POSITION_SCALE, y / POSITION_SCALE, angle);
    const shot = {
      path,
      bornTick,
      angle,
      owner,
      x: path.x,
      y: path.y,
      flownTicks: -1,
      seenMs: nowMs,
      leadTicks: -lagTicks,
      offX: 0,
      offY: 0,
      endTicks: Infinity,
      endedMs: 0,
      begun: presentTick - bornTick > lagTicks + BEGIN_TICKS,
      over: false,
    };
    if (owner !== ownSlot) return shot;
    const ghost = this.ghosts.shift();
    if (ghost === undefined) return shot;
    const flown = Math.min((nowMs - ghost.bornMs) / STEP_MS, ghost.path.ticks);
    const leadTicks = flown - (presentTick - bornTick);
    return {
      ...shot,
      leadTicks,
      begun: true,
      over: ghost.over,
      offX: ghost.path.x + ghost.path.stepX * flown - (path.x + path.stepX * flown),
      offY: ghost.path.y + ghost.path.stepY * flown - (path.y + path.stepY * flown),
    };
  }

  private fly(shot: Shot, presentTick: number, nowMs: number, listener: ShotListener): void {
    const { path } = shot;
    const left = Math.max(0, 1 - (nowMs - shot.seenMs) / SHOT_BLEND_MS);
    const flown = presentTick - shot.bornTick + shot.leadTicks * left;
    // Ended a full tick before its path: something stood in the way.
    const met = shot.endTicks < path.ticks - 1;
    const limit = met ? shot.endTicks : path.ticks;
    place(shot, path, Math.min(flown, limit), shot.offX * left, shot.offY * left);
    if (!shot.begun && flown >= 0) {
      shot.begun = true;
      listener.onBegin(shot);
    }
    const late = nowMs - shot.endedMs > SHOT_TAIL_MS && shot.endTicks < Infinity;
    if (flown < limit && !late) return;
    shot.over = true;
    listener.onEnd({ x: shot.x, y: shot.y, angle: shot.angle, owner: shot.owner, kind: met ? "player" : path.end });
  }
}

function place(shot: ShownShot, path: ShotPath, flownTicks: number, offX: number, offY: number): void {
  shot.flownTicks = flownTicks;
  shot.x = path.x + path.stepX * flownTicks + offX;
  shot.y = path.y + path.stepY * flownTicks + offY;
}
