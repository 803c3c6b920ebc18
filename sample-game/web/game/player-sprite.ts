/** One player on the canvas: body, barrel, ring and shield below; name and bars above everything else. */
import { BitmapText, Container, Sprite, type Texture, TextStyle } from "pixi.js";
import { HP_MAX, NAME_LENGTH_MAX, PLAYER_RADIUS, SHIELD_MAX } from "../../rules/constants.js";
import { toRadians } from "../../rules/geometry.js";
import type { ShownPlayer } from "../motion/scene.js";
import { type ArenaTextures, TEXTURE_SCALE } from "./textures.js";
import { COLORS, FONT, KIND_COLORS } from "./theme.js";

const BAR_WIDTH = 46;
const BAR_HEIGHT = 5;
const FLASH_MS = 140;
const APPEAR_MS = 220;
/** Below this health the bar changes its colour. */
const LOW_HP = 35;

/** One for all names, so that their glyphs share one texture. */
const NAME_STYLE = new TextStyle({
  fontFamily: FONT,
  fontSize: 15,
  fontWeight: "600",
  fill: COLORS.text,
  stroke: { color: COLORS.outside, width: 3 },
});

export class PlayerSprite {
  readonly body = new Container();
  readonly overlay = new Container();

  private readonly turret = new Container();
  private readonly flash: Sprite;
  private readonly shield: Sprite;
  private readonly health: Sprite;
  private readonly shieldBar: Sprite;
  private readonly name: BitmapText;
  private shownName = "";

  constructor(textures: ArenaTextures, player: ShownPlayer) {
    const color = KIND_COLORS[player.kind];
    const isBot = player.kind === "bot";
    const shadow = sprite(textures.shadow, COLORS.white);
    shadow.position.set(3, 6);
    const barrel = sprite(textures.barrel, color);
    barrel.position.set(PLAYER_RADIUS + 3, 0);
    const hull = sprite(isBot ? textures.hexagon : textures.circle, color);
    this.flash = sprite(isBot ? textures.hexagonFlash : textures.circleFlash, COLORS.white);
    this.shield = sprite(textures.ring, COLORS.shield);
    this.turret.addChild(barrel, hull);
    this.body.addChild(shadow, this.turret, this.flash, this.shield);
    if (player.kind === "own") {
      const ring = sprite(textures.ring, COLORS.white);
      ring.scale.set(0.92 / TEXTURE_SCALE);
      ring.alpha = 0.9;
      this.body.addChildAt(ring, 1);
    }
    const { white } = textures;
    const back = bar(white, BAR_WIDTH + 2, COLORS.barBack, BAR_HEIGHT + 2);
    back.position.set(-BAR_WIDTH / 2 - 1, PLAYER_RADIUS + 11);
    back.alpha = 0.8;
    this.health = bar(white, BAR_WIDTH, COLORS.health, BAR_HEIGHT);
    this.health.position.set(-BAR_WIDTH / 2, PLAYER_RADIUS + 12);
    this.shieldBar = bar(white, 0, COLORS.shield, 2);
    this.shieldBar.position.set(-BAR_WIDTH / 2, PLAYER_RADIUS + 19);
    this.name = new BitmapText({ text: "", style: NAME_STYLE });
    this.name.anchor.set(0.5, 1);
    this.name.position.set(0, -PLAYER_RADIUS - 8);
    this.overlay.addChild(back, this.health, this.shieldBar, this.name);
  }

  update(player: ShownPlayer, nowMs: number): void {
    const { view } = player;
    this.body.visible = this.overlay.visible = view.alive;
    if (!view.alive) return;
    this.body.position.set(player.x, player.y);
    this.overlay.position.set(player.x, player.y);
    this.turret.rotation = toRadians(player.aim);
    this.flash.rotation = this.turret.rotation;
    const appear = Math.min(1, (nowMs - player.bornMs) / APPEAR_MS);
    this.body.scale.set(0.4 + 0.6 * appear);
    this.body.alpha = appear;
    this.flash.alpha = Math.max(0, 1 - (nowMs - player.hurtMs) / FLASH_MS) * 0.85;
    this.flash.visible = this.flash.alpha > 0;
    this.shield.visible = view.shield > 0;
    this.shield.alpha = 0.35 + (0.6 * view.shield) / SHIELD_MAX;
    this.health.width = (BAR_WIDTH * view.hp) / HP_MAX;
    this.health.tint = view.hp <= LOW_HP ? COLORS.healthLow : COLORS.health;
    this.shieldBar.width = (BAR_WIDTH * view.shield) / SHIELD_MAX;
    if (this.shownName !== view.name) {
      this.shownName = view.name;
      this.name.text = view.name.slice(0, NAME_LENGTH_MAX);
    }
  }

  destroy(): void {
    this.body.destroy({ children: true });
    this.overlay.destroy({ children: true });
  }
}

function sprite(texture: Texture, tint: number): Sprite {
  const made = new Sprite({ texture, anchor: 0.5, tint });
  made.scale.set(1 / TEXTURE_SCALE);
  return made;
}

function bar(texture: Texture, width: number, tint: number, height: number): Sprite {
  const made = new Sprite({ texture, tint });
  made.width = width;
  made.height = height;
  return made;
}
