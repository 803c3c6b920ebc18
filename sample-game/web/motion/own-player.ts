/**
 * The own player, ahead of the server: every input is applied at once with the server's own movePlayer, and when a patch
 * tells the truth as of an acknowledged input, what differs is adopted and the inputs since are applied again.
 * Inputs, their acknowledgement and the replay ring are the SDK's (InputHandle); its Reconciler is not used because it
 * compares for equality, and the wire rounds positions to sixteenths that the server does not.
 */
import { POSITION_SCALE, STEP_S } from "../../rules/constants.js";
import { isDashing, movePlayer } from "../../rules/movement.js";
import type { Motion, PlayerInput } from "../../rules/types.js";
import { CORRECTION_MS, CORRECTION_SNAP, PREDICTION_TOLERANCE, PREDICTIONS_MAX } from "./limits.js";
import { mixAngles, type Pose } from "./snapshots.js";

/** The part of the SDK's InputHandle that prediction reads. */
export interface InputTimeline {
  /** Inputs sent; also the number of the newest. */
  readonly sentCount: number;
  /** The newest input that the state reflects. */
  readonly lastProcessed: number;
  /** Counts resets: numbers from before one mean nothing after it. */
  readonly epoch: number;
  /** An input that was sent and is not acknowledged. */
  at(seq: number): Readonly<PlayerInput> | undefined;
}

/** What a patch says of the own player; wire units, as in server/schema.ts. */
export interface OwnTruth {
  readonly x: number;
  readonly y: number;
  readonly dashClock: number;
  readonly dashAngle: number;
  readonly alive: boolean;
}

export class OwnPlayer {
  /** Corrections since the start, for telemetry: how many, and the largest, u. */
  corrections = 0;
  largestCorrection = 0;

  private motion: Motion = { x: 0, y: 0, aim: 0, dashClock: 0, dashAngle: 0 };
  private before: Motion = this.motion;
  private alive = false;
  private placed = false;
  private epoch: number;
  private readonly predicted: (Motion | undefined)[] = new Array<Motion | undefined>(PREDICTIONS_MAX);
  private readonly predictedSeqs = new Float64Array(PREDICTIONS_MAX).fill(-1);
  /** Shown minus predicted, u; fades. */
  private errorX = 0;
  private errorY = 0;

  constructor(private readonly timeline: InputTimeline) {
    this.epoch = timeline.epoch;
  }

  /** The predicted motion after the newest input; not smoothed. */
  get current(): Readonly<Motion> {
    return this.motion;
  }

  get isAlive(): boolean {
    return this.alive;
  }

  /** Is the shown player in the middle of a dash? */
  get dashing(): boolean {
    return this.alive && isDashing(this.motion.dashClock + 1);
  }

  /** The newest input was just sent. */
  onSend(input: Readonly<PlayerInput>): void {
    if (!this.placed) return;
    this.before = this.motion;
    this.apply(this.timeline.sentCount, input);
  }

  /** A patch was applied. */
  onPatch(truth: OwnTruth): void {
    if (this.timeline.epoch !== this.epoch) this.forget();
    const appeared = !this.placed || (truth.alive && !this.alive);
    this.alive = truth.alive;
    this.placed = true;
    if (!appeared && this.agrees(truth)) return;
    const shownX = this.motion.x + this.errorX;
    const shownY = this.motion.y + this.errorY;
    this.adopt(truth);
    const wayX = shownX - this.motion.x;
    const wayY = shownY - this.motion.y;
    const way = Math.hypot(wayX, wayY);
    if (appeared || way > CORRECTION_SNAP) {
      this.errorX = this.errorY = 0;
      this.before = this.motion;
      return;
    }
    this.corrections += 1;
    this.largestCorrection = Math.max(this.largestCorrection, way);
    this.errorX = wayX;
    this.errorY = wayY;
  }

  /** Lets corrections fade. */
  advance(elapsedMs: number): void {
    const keep = Math.exp(-elapsedMs / CORRECTION_MS);
    this.errorX *= keep;
    this.errorY *= keep;
  }

  /** Writes the shown pose; `share` of the way from the last tick to the newest, 0..1. @returns false before the first patch. */
  sample(share: number, pose: Pose): boolean {
    const { before, motion } = this;
    pose.x = before.x + (motion.x - before.x) * share + this.errorX;
    pose.y = before.y + (motion.y - before.y) * share + this.errorY;
    pose.aim = mixAngles(before.aim, motion.aim, share);
    return this.placed;
  }

  private apply(seq: number, input: Readonly<PlayerInput>): void {
    this.record(seq, this.alive ? movePlayer(this.motion, input, STEP_S) : { ...this.motion, aim: input.aim });
  }

  private record(seq: number, motion: Motion): void {
    this.motion = motion;
    this.predicted[seq % PREDICTIONS_MAX] = motion;
    this.predictedSeqs[seq % PREDICTIONS_MAX] = seq;
  }

  /** Did the prediction say what the patch says, as far as the wire can tell? */
  private agrees(truth: OwnTruth): boolean {
    const seq = this.timeline.lastProcessed;
    const said = this.predictedSeqs[seq % PREDICTIONS_MAX] === seq ? this.predicted[seq % PREDICTIONS_MAX] : undefined;
    if (said === undefined || said.dashClock !== truth.dashClock || said.dashAngle !== truth.dashAngle) return false;
    const offX = Math.abs(said.x - truth.x / POSITION_SCALE);
    const offY = Math.abs(said.y - truth.y / POSITION_SCALE);
    return Math.max(offX, offY) <= PREDICTION_TOLERANCE;
  }

  private adopt(truth: OwnTruth): void {
    const { x, y, dashClock, dashAngle } = truth;
    const { sentCount, lastProcessed } = this.timeline;
    this.record(lastProcessed, {
      x: x / POSITION_SCALE,
      y: y / POSITION_SCALE,
      aim: this.motion.aim,
      dashClock,
      dashAngle,
    });
    this.before = this.motion;
    for (let seq = lastProcessed + 1; seq <= sentCount; seq++) {
      const input = this.timeline.at(seq);
      if (input === undefined) continue;
      this.before = this.motion;
      this.apply(seq, input);
    }
  }

  /** A new connection: nothing that was predicted can be acknowledged any more. */
  private forget(): void {
    this.epoch = this.timeline.epoch;
    this.predictedSeqs.fill(-1);
    this.placed = false;
  }
}
