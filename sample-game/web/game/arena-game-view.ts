/**
 * One canvas and the room connection that it shows: the frame loop, the camera, and for the player's own view the controls.
 * What is shown is computed in motion/scene.ts and drawn by stage-layers.ts.
 */
import { autoDetectRenderer, type Renderer } from "pixi.js";
import { FEED_MESSAGE } from "../../protocol/messages.js";
import { Controls } from "../input/controls.js";
import { STEP_MS } from "../motion/limits.js";
import { FrameMeter } from "../motion/frame-meter.js";
import { Scene } from "../motion/scene.js";
import { Camera } from "./camera.js";
import { FRAME_MAX_MS, RESOLUTION_MAX, TEXTURES_PER_BATCH } from "./limits.js";
import { PlayerControl } from "./player-control.js";
import { StageLayers } from "./stage-layers.js";
import { createTextures } from "./textures.js";
import { COLORS } from "./theme.js";
import type { ArenaGameView, ArenaRoom, ArenaViewOptions, FrameStats, MotionStats } from "./view-types.js";

/** How far the camera looks ahead of the player, towards the aim, u. */
const LOOK_AHEAD = 50;

interface Attached {
  readonly room: ArenaRoom;
  readonly scene: Scene;
  readonly control: PlayerControl | undefined;
  readonly onState: () => void;
  readonly stopFeed: () => void;
}

/** Adds a canvas to `canvasParent`, as large as the room that the parent's layout gives it. */
export function createArenaView(canvasParent: HTMLElement, options: ArenaViewOptions = {}): ArenaGameView {
  return new CanvasView(canvasParent, options);
}

class CanvasView implements ArenaGameView {
  readonly element = document.createElement("section");
  private readonly canvas = document.createElement("canvas");
  private readonly camera = new Camera();
  private readonly meter = new FrameMeter();
  private readonly controls: Controls | undefined;
  private readonly observer: ResizeObserver;
  private readonly calm = matchMedia("(prefers-reduced-motion: reduce)").matches;
  private readonly ended = new AbortController();
  private renderer: Renderer | undefined;
  private layers: StageLayers | undefined;
  private attached: Attached | undefined;
  private frameRequest = 0;
  private readonly timer = setInterval(() => this.onTimer(), STEP_MS);
  private lastMs = -1;

  constructor(
    parent: HTMLElement,
    private readonly options: ArenaViewOptions,
  ) {
    this.element.className = "game-view";
    this.canvas.setAttribute("aria-label", options.title ?? "Arena");
    this.element.append(this.canvas);
    if (options.title !== undefined) this.element.append(createTitle(options.title));
    parent.append(this.element);
    this.controls =
      options.spectator === true ? undefined : new Controls(this.canvas, this.element, () => this.isPlaying);
    this.observer = new ResizeObserver(() => this.resize());
    document.addEventListener("visibilitychange", () => this.onVisibility(), { signal: this.ended.signal });
    void this.start();
  }

  attach(room: ArenaRoom): void {
    this.detach();
    const spectates = this.options.spectator === true;
    const control = spectates ? undefined : new PlayerControl(room);
    const focusId = spectates ? (this.options.follow ?? "") : room.sessionId;
    const patchMs = room.input().patchRate ?? STEP_MS;
    const scene = new Scene({ focusId, timeline: control?.timeline, patchMs });
    const onState = (): void => scene.onState(room.state, performance.now());
    room.onStateChange(onState);
    // The HUD shows the feed; the SDK warns of messages that nobody takes.
    const stopFeed = room.onMessage(FEED_MESSAGE, () => undefined);
    this.attached = { room, scene, control, onState, stopFeed };
    if (room.state?.players !== undefined) onState();
    this.resize();
  }

  detach(): void {
    this.attached?.room.onStateChange.remove(this.attached.onState);
    this.attached?.stopFeed();
    this.attached = undefined;
    this.layers?.clear();
    this.meter.clear();
  }

  destroy(): void {
    this.detach();
    this.ended.abort();
    this.observer.disconnect();
    cancelAnimationFrame(this.frameRequest);
    clearInterval(this.timer);
    this.controls?.destroy();
    this.renderer?.destroy();
    this.renderer = undefined;
    this.element.remove();
  }

  frameStats(): FrameStats {
    return this.meter.stats();
  }

  motionStats(): MotionStats | undefined {
    if (this.attached === undefined) return undefined;
    const { scene, room } = this.attached;
    const { focus, own, clock } = scene;
    return {
      interpolationMs: clock.delayMs,
      corrections: own?.corrections ?? 0,
      largestCorrection: own?.largestCorrection ?? 0,
      focus: focus === undefined ? undefined : { x: focus.x, y: focus.y },
      players: room.state?.players?.size ?? 0,
      shots: scene.shots.count,
    };
  }

  private get isPlaying(): boolean {
    return this.attached !== undefined && document.querySelector("dialog[open]") === null;
  }

  private async start(): Promise<void> {
    const { canvas } = this;
    const renderer = await autoDetectRenderer({
      canvas,
      preference: "webgl",
      background: COLORS.floor,
      antialias: false,
      autoDensity: true,
      resolution: Math.min(RESOLUTION_MAX, window.devicePixelRatio),
      powerPreference: "high-performance",
    });
    if (this.ended.signal.aborted) {
      renderer.destroy();
      return;
    }
    renderer.limits.maxBatchableTextures = TEXTURES_PER_BATCH;
    this.renderer = renderer;
    this.layers = new StageLayers(createTextures(), this.calm);
    this.observer.observe(this.element);
    this.resize();
    const loop = (nowMs: number): void => {
      this.frameRequest = requestAnimationFrame(loop);
      this.frame(nowMs);
    };
    this.frameRequest = requestAnimationFrame(loop);
  }

  private frame(nowMs: number): void {
    const intervalMs = this.lastMs < 0 ? 0 : nowMs - this.lastMs;
    this.lastMs = nowMs;
    const startMs = performance.now();
    const { attached, layers, renderer } = this;
    if (layers === undefined || renderer === undefined) return;
    if (attached !== undefined && attached.room.state?.players !== undefined)
      this.advance(attached, layers, nowMs, intervalMs);
    layers.place(this.camera, renderer.resolution);
    renderer.render(layers.root);
    if (attached !== undefined) this.meter.add(intervalMs, performance.now() - startMs);
  }

  private advance({ room, scene }: Attached, layers: StageLayers, nowMs: number, intervalMs: number): void {
    const elapsedMs = Math.min(FRAME_MAX_MS, intervalMs);
    const { controls, camera } = this;
    const { focus } = scene;
    if (controls !== undefined && focus !== undefined) controls.look(focus, (x, y) => camera.toArena(x, y));
    const share = this.sendInputs(nowMs);
    scene.advance(nowMs, share, room.clock.smoothedRtt());
    if (focus !== undefined) {
      if (controls !== undefined) focus.aim = controls.currentAim;
      this.followFocus(focus, elapsedMs);
    }
    layers.draw(scene, room.state, nowMs, elapsedMs);
  }

  /** @returns the share of the next tick that has passed. */
  private sendInputs(nowMs: number): number {
    const { attached, controls } = this;
    if (attached?.control === undefined || controls === undefined) return 0;
    const { control, scene } = attached;
    return control.advance(
      nowMs,
      () => controls.sample(),
      (input) => scene.onSend(input, nowMs),
    );
  }

  /** Where frames come more rarely than ticks, inputs must not come in bursts: the server takes one a tick. */
  private onTimer(): void {
    if (this.attached?.control?.isOverdue(performance.now()) === true) this.sendInputs(performance.now());
  }

  private followFocus(focus: { x: number; y: number; aim: number; view: { alive: boolean } }, elapsedMs: number): void {
    if (!focus.view.alive) return;
    const ahead = this.calm ? 0 : LOOK_AHEAD;
    const angle = (focus.aim / 65536) * 2 * Math.PI;
    this.camera.follow(focus.x + Math.cos(angle) * ahead, focus.y + Math.sin(angle) * ahead, elapsedMs);
  }

  private resize(): void {
    const { clientWidth, clientHeight } = this.element;
    this.renderer?.resize(Math.max(1, clientWidth), Math.max(1, clientHeight));
    const whole = this.options.spectator === true && this.options.follow === undefined;
    this.camera.resize(clientWidth, clientHeight, whole || this.attached === undefined);
    const focus = this.attached?.scene.focus;
    this.camera.follow(focus?.x ?? this.camera.x, focus?.y ?? this.camera.y);
  }

  /** A hidden page gets no frames: the player must not run on with the last input. */
  private onVisibility(): void {
    const { attached, controls } = this;
    if (document.visibilityState !== "hidden" || attached?.control === undefined || controls === undefined) return;
    controls.release();
    attached.control.rest(controls.currentAim, (input) => attached.scene.onSend(input, performance.now()));
  }
}

function createTitle(title: string): HTMLElement {
  const element = document.createElement("p");
  element.className = "view-title";
  element.textContent = title;
  return element;
}
