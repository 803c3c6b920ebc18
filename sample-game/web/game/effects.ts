/** Sparks, rings and dash trails: one bounded pool of sprites that fade by themselves. When it is full, new ones are not shown. */
import { Container, Sprite, type Texture } from "pixi.js";
import { EFFECTS_MAX } from "./limits.js";
import { TEXTURE_SCALE } from "./textures.js";

interface Effect {
  readonly sprite: Sprite;
  vx: number;
  vy: number;
  bornMs: number;
  lifeMs: number;
  fromScale: number;
  toScale: number;
  fromAlpha: number;
}

export interface EffectLook {
  readonly texture: Texture;
  readonly tint: number;
  readonly lifeMs: number;
  /** Sizes at begin and end, 1 = as drawn. */
  readonly fromScale: number;
  readonly toScale: number;
  readonly alpha: number;
  readonly rotation?: number;
}

export class Effects {
  readonly container = new Container();
  private readonly live: Effect[] = [];
  private readonly spare: Effect[] = [];

  /** u, and u/s. */
  add(look: EffectLook, nowMs: number, x: number, y: number, vx = 0, vy = 0): void {
    const effect = this.spare.pop() ?? this.create();
    if (effect === undefined) return;
    const { sprite } = effect;
    sprite.texture = look.texture;
    sprite.tint = look.tint;
    sprite.rotation = look.rotation ?? 0;
    sprite.position.set(x, y);
    sprite.visible = true;
    Object.assign(effect, {
      vx,
      vy,
      bornMs: nowMs,
      lifeMs: look.lifeMs,
      fromScale: look.fromScale,
      toScale: look.toScale,
      fromAlpha: look.alpha,
    });
    this.live.push(effect);
  }

  /** Sparks in all directions, or within `spread` of an angle; radians. */
  burst(
    look: EffectLook,
    nowMs: number,
    x: number,
    y: number,
    count: number,
    speed: number,
    angle = 0,
    spread = Math.PI,
  ): void {
    for (let i = 0; i < count; i++) {
      const direction = angle + (Math.random() * 2 - 1) * spread;
      const pace = speed * (0.35 + 0.65 * Math.random());
      this.add(look, nowMs, x, y, Math.cos(direction) * pace, Math.sin(direction) * pace);
    }
  }

  advance(nowMs: number, elapsedMs: number): void {
    for (let i = this.live.length - 1; i >= 0; i--) {
      const effect = this.live[i]!;
      const age = (nowMs - effect.bornMs) / effect.lifeMs;
      if (age >= 1) {
        effect.sprite.visible = false;
        this.spare.push(effect);
        this.live[i] = this.live[this.live.length - 1]!;
        this.live.pop();
        continue;
      }
      const { sprite } = effect;
      const slowed = 1 - age;
      sprite.x += (effect.vx * slowed * elapsedMs) / 1000;
      sprite.y += (effect.vy * slowed * elapsedMs) / 1000;
      sprite.scale.set((effect.fromScale + (effect.toScale - effect.fromScale) * age) / TEXTURE_SCALE);
      sprite.alpha = effect.fromAlpha * slowed;
    }
  }

  clear(): void {
    for (const effect of this.live.splice(0)) {
      effect.sprite.visible = false;
      this.spare.push(effect);
    }
  }

  private create(): Effect | undefined {
    if (this.live.length + this.spare.length >= EFFECTS_MAX) return undefined;
    const sprite = new Sprite({ anchor: 0.5 });
    this.container.addChild(sprite);
    return { sprite, vx: 0, vy: 0, bornMs: 0, lifeMs: 1, fromScale: 1, toScale: 1, fromAlpha: 1 };
  }
}
