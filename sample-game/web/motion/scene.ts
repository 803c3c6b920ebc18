/**
 * Everything a view draws, from the state of one room connection and the time: players where they are shown, shots in flight,
 * and what just happened. Pure: no DOM, no renderer, no clock of its own.
 */
import type { ArenaView, PlayerView } from "../../protocol/arena-view.js";
import { AIM_STEP, BUTTON_FIRE, FIRE_TICKS, POSITION_SCALE, RAPID_FIRE_TICKS } from "../../rules/constants.js";
import { isDashing } from "../../rules/movement.js";
import type { PlayerInput } from "../../rules/types.js";
import { EVENTS_MAX, PAUSE_MS, STEP_MS } from "./limits.js";
import { type InputTimeline, OwnPlayer } from "./own-player.js";
import { type ShotEnd, type ShotListener, Shots, type ShownShot } from "./shots.js";
import { type Pose, Snapshots } from "./snapshots.js";
import { TickClock } from "./tick-clock.js";

export type PlayerKind = "own" | "person" | "bot";

/** A player as it is drawn; u and parts of a turn. */
export interface ShownPlayer extends Pose {
  readonly id: string;
  readonly kind: PlayerKind;
  view: PlayerView;
  dashing: boolean;
  /** When it was last hurt, and last appeared, ms of the local clock. */
  hurtMs: number;
  bornMs: number;
}

export type SceneEvent =
  | ({ kind: "end" } & { end: ShotEnd })
  | { kind: "muzzle"; x: number; y: number; angle: number; owner: number }
  | { kind: "hurt" | "death" | "respawn"; player: ShownPlayer }
  | { kind: "pickup"; x: number; y: number; pickup: number };

interface Track extends ShownPlayer {
  readonly snapshots: Snapshots;
  hp: number;
  shield: number;
  alive: boolean;
}

export interface SceneOptions {
  /** Whose player is in the middle; "" for none. */
  readonly focusId: string;
  /** Of the focus' inputs: its player is predicted. undefined: interpolated like all others. */
  readonly timeline?: InputTimeline;
  /** Time between two patches as the server announced it, ms. */
  readonly patchMs: number;
}

export class Scene implements ShotListener {
  readonly clock: TickClock;
  readonly shots = new Shots();
  readonly own: OwnPlayer | undefined;
  /** What happened since the last frame took them. */
  readonly events: SceneEvent[] = [];

  private readonly tracks = new Map<string, Track>();
  private readonly readyPickups = new Map<string, boolean>();
  private lastPatchMs = -1;
  private lastFrameMs = -1;
  /** Ticks until the own player's next shot, by prediction. */
  private fireClock = 0;

  constructor(private readonly options: SceneOptions) {
    this.clock = new TickClock(options.patchMs);
    this.own = options.timeline === undefined ? undefined : new OwnPlayer(options.timeline);
  }

  /** The player in the middle, once it is known. */
  get focus(): ShownPlayer | undefined {
    return this.tracks.get(this.options.focusId);
  }

  /** Takes the state over; frames of the unreliable channel, which carry no stamp of their own, only bring aims. */
  onState(state: ArenaView, nowMs: number): void {
    const isPatch = state.patchMs !== this.lastPatchMs || state.tick !== this.clock.newestTick;
    if (!isPatch) return;
    this.lastPatchMs = state.patchMs;
    this.clock.onPatch(state.tick, nowMs);
    state.players.forEach((view, id) => this.onPlayer(id, view, state.tick, nowMs));
    for (const id of this.tracks.keys()) if (state.players.get(id) === undefined) this.tracks.delete(id);
    const focus = this.options.timeline === undefined ? undefined : state.players.get(this.options.focusId);
    if (focus !== undefined) this.own?.onPatch(focus);
    const presentTick = this.clock.presentTick(nowMs);
    const timing = { tick: state.tick, presentTick, lagTicks: this.clock.delayMs / STEP_MS, nowMs };
    this.shots.onPatch(state.projectiles, timing, focus?.slot ?? -1);
    state.pickups.forEach((pickup, id) => {
      if (this.readyPickups.get(id) === true && !pickup.ready) {
        this.emit({ kind: "pickup", x: pickup.x / POSITION_SCALE, y: pickup.y / POSITION_SCALE, pickup: pickup.kind });
      }
      this.readyPickups.set(id, pickup.ready);
    });
  }

  /** The own player's newest input was sent: moves and shoots at once. */
  onSend(input: Readonly<PlayerInput>, nowMs: number): void {
    const { own, focus } = this;
    if (own === undefined) return;
    own.onSend(input);
    this.fireClock = Math.max(0, this.fireClock - 1);
    if (!own.isAlive || focus === undefined || (input.buttons & BUTTON_FIRE) === 0 || this.fireClock > 0) return;
    this.fireClock = focus.view.rapid ? RAPID_FIRE_TICKS : FIRE_TICKS;
    const { x, y, aim } = own.current;
    this.shots.predict(x, y, aim, focus.view.slot, nowMs);
    this.emit({ kind: "muzzle", x, y, angle: aim, owner: focus.view.slot });
  }

  /**
   * Moves everything to this moment.
   * @param share of the tick after the own player's newest input, 0..1.
   * @param roundTripMs as the link measures it.
   */
  advance(nowMs: number, share: number, roundTripMs: number): void {
    const { clock, own } = this;
    const wasPaused = nowMs - this.lastFrameMs > PAUSE_MS;
    clock.advance(nowMs);
    own?.advance(this.lastFrameMs < 0 ? 0 : nowMs - this.lastFrameMs);
    this.lastFrameMs = nowMs;
    const renderTick = clock.renderTick(nowMs);
    for (const track of this.tracks.values()) {
      if (track.kind === "own" && own !== undefined) {
        own.sample(share, track);
        track.dashing = own.dashing;
      } else {
        track.snapshots.sample(renderTick, track);
      }
    }
    this.shots.advance(clock.presentTick(nowMs), nowMs, roundTripMs, this);
    if (wasPaused) this.events.length = 0;
  }

  forEachPlayer(draw: (player: ShownPlayer) => void): void {
    for (const track of this.tracks.values()) draw(track);
  }

  /** ShotListener. */
  onBegin({ x, y, angle, owner }: ShownShot): void {
    this.emit({ kind: "muzzle", x, y, angle, owner });
  }

  /** ShotListener. */
  onEnd(end: ShotEnd): void {
    this.emit({ kind: "end", end });
  }

  private onPlayer(id: string, view: PlayerView, tick: number, nowMs: number): void {
    let track = this.tracks.get(id);
    if (track === undefined) {
      const kind: PlayerKind = id === this.options.focusId ? "own" : view.bot ? "bot" : "person";
      track = {
        id,
        kind,
        view,
        x: view.x / POSITION_SCALE,
        y: view.y / POSITION_SCALE,
        aim: view.aim * AIM_STEP,
        dashing: false,
        hurtMs: -Infinity,
        bornMs: nowMs,
        snapshots: new Snapshots(),
        hp: view.hp,
        shield: view.shield,
        alive: view.alive,
      };
      this.tracks.set(id, track);
    }
    track.view = view;
    track.snapshots.add(tick, view.x / POSITION_SCALE, view.y / POSITION_SCALE, view.aim * AIM_STEP);
    track.dashing = view.alive && isDashing(view.dashClock + 1);
    if (view.hp + view.shield < track.hp + track.shield) {
      track.hurtMs = nowMs;
      this.emit({ kind: "hurt", player: track });
    }
    if (track.alive && !view.alive) this.emit({ kind: "death", player: track });
    if (!track.alive && view.alive) {
      track.bornMs = nowMs;
      if (track.kind === "own") this.fireClock = 0;
      this.emit({ kind: "respawn", player: track });
    }
    track.hp = view.hp;
    track.shield = view.shield;
    track.alive = view.alive;
  }

  private emit(event: SceneEvent): void {
    if (this.events.length < EVENTS_MAX) this.events.push(event);
  }
}
