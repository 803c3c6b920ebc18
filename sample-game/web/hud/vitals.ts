/** The own player's health, shield, dash and rapid fire, at the lower edge. */
import type { PlayerView } from "../../protocol/arena-view.js";
import { DASH_COOLDOWN_TICKS, HP_MAX, SHIELD_MAX } from "../../rules/constants.js";

/** Below this health the meter warns. */
const LOW_HP = 35;

export class Vitals {
  readonly element = document.createElement("div");
  private readonly health = createMeter("Health", "health", HP_MAX);
  private readonly shield = createMeter("Shield", "shield", SHIELD_MAX);
  private readonly dash = createMeter("Dash", "dash", DASH_COOLDOWN_TICKS);
  private readonly rapid = document.createElement("span");
  private readonly score = document.createElement("span");

  constructor() {
    this.element.className = "vitals";
    this.rapid.className = "rapid";
    this.rapid.textContent = "Rapid fire";
    this.score.className = "score";
    this.element.append(this.health.element, this.shield.element, this.dash.element, this.rapid, this.score);
  }

  show(own: PlayerView): void {
    this.health.set(own.alive ? own.hp : 0);
    this.health.element.classList.toggle("low", own.hp <= LOW_HP);
    this.shield.set(own.shield);
    this.dash.set(DASH_COOLDOWN_TICKS - own.dashClock);
    this.dash.element.classList.toggle("ready", own.dashClock === 0);
    // The touch button shows it too.
    this.element.parentElement?.classList.toggle("dash-ready", own.dashClock === 0);
    this.rapid.classList.toggle("on", own.rapid && own.alive);
    const text = `${own.score} / ${own.deaths}`;
    if (this.score.textContent !== text) this.score.textContent = text;
    this.score.title = "hits that counted / deaths";
  }
}

interface Meter {
  readonly element: HTMLElement;
  set(value: number): void;
}

function createMeter(label: string, name: string, max: number): Meter {
  const element = document.createElement("div");
  element.className = `meter ${name}`;
  element.setAttribute("role", "meter");
  element.setAttribute("aria-label", label);
  element.setAttribute("aria-valuemax", `${max}`);
  const fill = document.createElement("i");
  const text = document.createElement("span");
  element.append(fill, text);
  let shown = -1;
  return {
    element,
    set(value) {
      if (value === shown) return;
      shown = value;
      element.setAttribute("aria-valuenow", `${value}`);
      fill.style.transform = `scaleX(${value / max})`;
      text.textContent = name === "health" ? `${value}` : label;
    },
  };
}
