/** All layers of one canvas, back to front, and what each frame does to them. Knows pixi and the scene, no room and no DOM. */
import { Container, Sprite } from "pixi.js";
import { POSITION_SCALE, TURN } from "../../rules/constants.js";
import { toRadians } from "../../rules/geometry.js";
import type { ArenaView } from "../../protocol/arena-view.js";
import type { PlayerKind, Scene, SceneEvent, ShownPlayer } from "../motion/scene.js";
import type { Camera } from "./camera.js";
import { Effects } from "./effects.js";
import { createGround } from "./ground.js";
import { SHOT_SPRITES_MAX } from "./limits.js";
import { PlayerSprite } from "./player-sprite.js";
import { type ArenaTextures, TEXTURE_SCALE } from "./textures.js";
import { COLORS, KIND_COLORS, PICKUP_COLORS } from "./theme.js";

/** From a player's middle to its muzzle, u. */
const MUZZLE = 36;

export class StageLayers {
  readonly root = new Container();
  private readonly pickups = new Container();
  private readonly shots = new Container();
  private readonly bodies = new Container();
  private readonly overlays = new Container();
  private readonly under = new Effects();
  private readonly over = new Effects();
  private readonly players = new Map<string, PlayerSprite>();
  private readonly pickupSprites = new Map<string, Sprite>();
  private readonly shotSprites: Sprite[] = [];
  /** Colour of a shot by its owner's slot. */
  private readonly kinds = new Map<number, PlayerKind>();

  /** @param calm less motion: no trails, few sparks. */
  constructor(
    private readonly textures: ArenaTextures,
    private readonly calm: boolean,
  ) {
    this.over.container.blendMode = "add";
    this.root.addChild(
      createGround(),
      this.pickups,
      this.under.container,
      this.shots,
      this.bodies,
      this.over.container,
      this.overlays,
    );
  }

  draw(scene: Scene, state: ArenaView, nowMs: number, elapsedMs: number): void {
    this.drawPlayers(scene, nowMs);
    this.drawShots(scene);
    this.drawPickups(state, nowMs);
    for (const event of scene.events.splice(0)) this.show(event, nowMs);
    this.under.advance(nowMs, elapsedMs);
    this.over.advance(nowMs, elapsedMs);
  }

  /** @param resolution device pixels per CSS pixel: the arena moves by whole ones, so that thin lines do not shimmer. */
  place(camera: Camera, resolution: number): void {
    this.root.scale.set(camera.scale);
    this.root.position.set(
      Math.round(camera.originX * resolution) / resolution,
      Math.round(camera.originY * resolution) / resolution,
    );
  }

  /** Shows an empty arena. */
  clear(): void {
    for (const sprite of this.players.values()) sprite.destroy();
    this.players.clear();
    this.kinds.clear();
    for (const sprite of this.pickupSprites.values()) sprite.destroy();
    this.pickupSprites.clear();
    for (const sprite of this.shotSprites) sprite.visible = false;
    this.under.clear();
    this.over.clear();
  }

  private drawPlayers(scene: Scene, nowMs: number): void {
    const seen = new Set<string>();
    scene.forEachPlayer((player) => {
      seen.add(player.id);
      let sprite = this.players.get(player.id);
      if (sprite === undefined) {
        sprite = new PlayerSprite(this.textures, player);
        this.players.set(player.id, sprite);
        this.bodies.addChild(sprite.body);
        this.overlays.addChild(sprite.overlay);
      }
      this.kinds.set(player.view.slot, player.kind);
      sprite.update(player, nowMs);
      if (player.dashing && !this.calm) this.trail(player, nowMs);
    });
    for (const [id, sprite] of this.players) {
      if (seen.has(id)) continue;
      sprite.destroy();
      this.players.delete(id);
    }
  }

  private drawShots(scene: Scene): void {
    let used = 0;
    scene.shots.forEach((shot) => {
      const sprite = this.shotSprites[used] ?? this.addShotSprite();
      if (sprite === undefined) return;
      used += 1;
      sprite.visible = true;
      sprite.tint = this.colorOf(shot.owner);
      sprite.rotation = toRadians(shot.angle);
      // Out of the barrel, not out of the middle.
      const out = Math.max(0, MUZZLE - 14 - shot.flownTicks * 13);
      sprite.position.set(shot.x + Math.cos(sprite.rotation) * out, shot.y + Math.sin(sprite.rotation) * out);
    });
    for (let i = used; i < this.shotSprites.length; i++) this.shotSprites[i]!.visible = false;
  }

  private addShotSprite(): Sprite | undefined {
    if (this.shotSprites.length >= SHOT_SPRITES_MAX) return undefined;
    const sprite = new Sprite({ texture: this.textures.shot, anchor: 0.5 });
    sprite.scale.set(1 / TEXTURE_SCALE);
    this.shotSprites.push(sprite);
    this.shots.addChild(sprite);
    return sprite;
  }

  private drawPickups(state: ArenaView, nowMs: number): void {
    state.pickups?.forEach((pickup, id) => {
      let sprite = this.pickupSprites.get(id);
      if (sprite === undefined) {
        sprite = new Sprite({ texture: this.textures.pickups[pickup.kind], anchor: 0.5 });
        sprite.position.set(pickup.x / POSITION_SCALE, pickup.y / POSITION_SCALE);
        this.pickupSprites.set(id, sprite);
        this.pickups.addChild(sprite);
      }
      const beat = this.calm ? 0 : Math.sin(nowMs / 260 + pickup.x) * 0.05;
      sprite.alpha = pickup.ready ? 1 : 0.18;
      sprite.scale.set(((pickup.ready ? 1.05 : 0.8) + beat) / TEXTURE_SCALE);
    });
  }

  private show(event: SceneEvent, nowMs: number): void {
    const { glow, ring, spark } = this.textures;
    const sparks = this.calm ? 2 : 6;
    if (event.kind === "muzzle") {
      const angle = toRadians(event.angle);
      const look = {
        texture: glow,
        tint: this.colorOf(event.owner),
        lifeMs: 90,
        fromScale: 0.75,
        toScale: 0.3,
        alpha: 0.9,
      };
      this.over.add(look, nowMs, event.x + Math.cos(angle) * MUZZLE, event.y + Math.sin(angle) * MUZZLE);
    } else if (event.kind === "end") {
      const { x, y, angle, owner, kind } = event.end;
      if (kind === "age") return;
      const tint = kind === "wall" ? COLORS.text : this.colorOf(owner);
      const back = toRadians((angle + TURN / 2) % TURN);
      this.over.burst(
        { texture: spark, tint, lifeMs: 240, fromScale: 0.5, toScale: 0.1, alpha: 1 },
        nowMs,
        x,
        y,
        sparks,
        240,
        back,
        0.9,
      );
      this.over.add({ texture: glow, tint, lifeMs: 110, fromScale: 0.25, toScale: 0.5, alpha: 0.6 }, nowMs, x, y);
    } else if (event.kind === "pickup") {
      this.over.add(
        {
          texture: ring,
          tint: PICKUP_COLORS[event.pickup] ?? COLORS.white,
          lifeMs: 380,
          fromScale: 0.5,
          toScale: 1.5,
          alpha: 0.9,
        },
        nowMs,
        event.x,
        event.y,
      );
    } else if (event.kind === "death") {
      const { x, y } = event.player;
      const tint = KIND_COLORS[event.player.kind];
      this.over.burst(
        { texture: spark, tint, lifeMs: 620, fromScale: 1.5, toScale: 0.1, alpha: 1 },
        nowMs,
        x,
        y,
        sparks * 4,
        320,
      );
      this.over.add(
        { texture: ring, tint: COLORS.white, lifeMs: 420, fromScale: 0.5, toScale: 2.6, alpha: 0.9 },
        nowMs,
        x,
        y,
      );
      this.over.add({ texture: glow, tint, lifeMs: 260, fromScale: 1.6, toScale: 2.6, alpha: 0.9 }, nowMs, x, y);
    } else if (event.kind === "respawn") {
      this.over.add(
        { texture: ring, tint: KIND_COLORS[event.player.kind], lifeMs: 420, fromScale: 2.2, toScale: 0.8, alpha: 0.9 },
        nowMs,
        event.player.x,
        event.player.y,
      );
    }
  }

  private trail(player: ShownPlayer, nowMs: number): void {
    if (!player.view.alive) return;
    const texture = player.kind === "bot" ? this.textures.hexagonFlash : this.textures.circleFlash;
    const look = {
      texture,
      tint: KIND_COLORS[player.kind],
      lifeMs: 220,
      fromScale: 0.95,
      toScale: 0.5,
      alpha: 0.28,
      rotation: toRadians(player.aim),
    };
    this.under.add(look, nowMs, player.x, player.y);
  }

  private colorOf(slot: number): number {
    return KIND_COLORS[this.kinds.get(slot) ?? "person"];
  }
}
