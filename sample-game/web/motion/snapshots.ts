/**
 * Where one player was, by tick, and where it is shown between ticks: interpolated, for a moment extrapolated, and never
 * dragged across the arena when it respawned.
 */
import { TURN } from "../../rules/constants.js";
import { EXTRAPOLATE_TICKS, SNAPSHOTS_MAX, TELEPORT_UNITS_PER_TICK } from "./limits.js";

/** A shown position, u, and aim, parts of a turn with fraction. */
export interface Pose {
  x: number;
  y: number;
  aim: number;
}

export class Snapshots {
  private readonly ticks = new Float64Array(SNAPSHOTS_MAX);
  private readonly xs = new Float64Array(SNAPSHOTS_MAX);
  private readonly ys = new Float64Array(SNAPSHOTS_MAX);
  private readonly aims = new Float64Array(SNAPSHOTS_MAX);
  private count = 0;

  /** Adds the player as of `tick`; one that is not newer than the newest has no effect. */
  add(tick: number, x: number, y: number, aim: number): void {
    if (this.count > 0 && tick <= this.ticks[this.slot(0)]!) return;
    this.count += 1;
    const slot = this.slot(0);
    this.ticks[slot] = tick;
    this.xs[slot] = x;
    this.ys[slot] = y;
    this.aims[slot] = aim;
  }

  /** Writes the pose at `tick` into `pose`. @returns false before the first snapshot. */
  sample(tick: number, pose: Pose): boolean {
    if (this.count === 0) return false;
    const known = Math.min(this.count, SNAPSHOTS_MAX);
    let back = 0;
    while (back < known && this.ticks[this.slot(back)]! > tick) back += 1;
    if (back === 0) this.extrapolate(tick, known, pose);
    else if (back === known) this.copy(this.slot(known - 1), pose);
    else this.between(this.slot(back), this.slot(back - 1), tick, pose);
    return true;
  }

  /** Index of the snapshot that is `back` before the newest. */
  private slot(back: number): number {
    return (this.count - 1 - back) % SNAPSHOTS_MAX;
  }

  private between(before: number, after: number, tick: number, pose: Pose): void {
    const span = this.ticks[after]! - this.ticks[before]!;
    const share = (tick - this.ticks[before]!) / span;
    if (this.jumps(before, after)) {
      this.copy(before, pose);
      return;
    }
    pose.x = this.xs[before]! + (this.xs[after]! - this.xs[before]!) * share;
    pose.y = this.ys[before]! + (this.ys[after]! - this.ys[before]!) * share;
    pose.aim = mixAngles(this.aims[before]!, this.aims[after]!, share);
  }

  private extrapolate(tick: number, known: number, pose: Pose): void {
    const newest = this.slot(0);
    this.copy(newest, pose);
    if (known < 2) return;
    const before = this.slot(1);
    const span = this.ticks[newest]! - this.ticks[before]!;
    if (this.jumps(before, newest)) return;
    const ahead = Math.min(EXTRAPOLATE_TICKS, tick - this.ticks[newest]!) / span;
    pose.x += (this.xs[newest]! - this.xs[before]!) * ahead;
    pose.y += (this.ys[newest]! - this.ys[before]!) * ahead;
  }

  private jumps(before: number, after: number): boolean {
    const span = this.ticks[after]! - this.ticks[before]!;
    const way = Math.hypot(this.xs[after]! - this.xs[before]!, this.ys[after]! - this.ys[before]!);
    return way > TELEPORT_UNITS_PER_TICK * span;
  }

  private copy(slot: number, pose: Pose): void {
    pose.x = this.xs[slot]!;
    pose.y = this.ys[slot]!;
    pose.aim = this.aims[slot]!;
  }
}

/** The angle at `share` of the shorter way from a to b, parts of a turn. */
export function mixAngles(a: number, b: number, share: number): number {
  const way = ((((b - a) % TURN) + TURN * 1.5) % TURN) - TURN / 2;
  return (a + way * share + TURN) % TURN;
}
