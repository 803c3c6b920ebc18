/**
 * Touch: the left half is a stick that moves, the right half one that aims, and shoots while it is pushed outwards.
 * Each appears where the thumb lands. A button dashes.
 */
import { BUTTON_DASH, BUTTON_FIRE } from "../../rules/constants.js";

/** How far a stick goes, CSS pixels. */
const REACH = 52;
/** Below this share of its reach a stick rests. */
const DEAD_ZONE = 0.22;

interface Stick {
  readonly element: HTMLElement;
  pointerId: number;
  startX: number;
  startY: number;
  /** -1..1. */
  x: number;
  y: number;
}

export class TouchSticks {
  private readonly move: Stick;
  private readonly aim: Stick;
  private readonly dash: HTMLButtonElement;
  private dashing = false;
  private tapped = false;
  private readonly ended = new AbortController();

  constructor(
    private readonly canvas: HTMLElement,
    parent: HTMLElement,
  ) {
    this.move = createStick(parent, "stick-move");
    this.aim = createStick(parent, "stick-aim");
    this.dash = document.createElement("button");
    this.dash.type = "button";
    this.dash.className = "dash-button";
    this.dash.textContent = "Dash";
    parent.append(this.dash);
    const { signal } = this.ended;
    canvas.addEventListener("pointerdown", (event) => this.onDown(event), { signal });
    canvas.addEventListener("pointermove", (event) => this.onMove(event), { signal });
    for (const type of ["pointerup", "pointercancel"] as const)
      window.addEventListener(type, (event) => this.onUp(event), { signal });
    this.dash.addEventListener("pointerdown", () => (this.dashing = this.tapped = true), { signal });
    for (const type of ["pointerup", "pointercancel", "pointerleave"] as const)
      this.dash.addEventListener(type, () => (this.dashing = false), { signal });
  }

  /** Is a thumb on the aiming stick, and where does it point; -1..1. */
  get aiming(): { x: number; y: number } | undefined {
    return Math.hypot(this.aim.x, this.aim.y) > DEAD_ZONE ? this.aim : undefined;
  }

  /** -1..1. */
  get moving(): { x: number; y: number } {
    return Math.hypot(this.move.x, this.move.y) > DEAD_ZONE ? this.move : { x: 0, y: 0 };
  }

  takeButtons(): number {
    const dash = this.dashing || this.tapped ? BUTTON_DASH : 0;
    this.tapped = false;
    return dash | (this.aiming === undefined ? 0 : BUTTON_FIRE);
  }

  destroy(): void {
    this.ended.abort();
    for (const element of [this.move.element, this.aim.element, this.dash]) element.remove();
  }

  private onDown(event: PointerEvent): void {
    if (event.pointerType !== "touch") return;
    document.documentElement.classList.add("touch");
    const { left, top, width } = this.canvas.getBoundingClientRect();
    const stick = event.clientX - left < width / 2 ? this.move : this.aim;
    if (stick.pointerId >= 0) return;
    this.canvas.setPointerCapture(event.pointerId);
    Object.assign(stick, { pointerId: event.pointerId, startX: event.clientX, startY: event.clientY, x: 0, y: 0 });
    stick.element.style.transform = `translate(${event.clientX - left}px, ${event.clientY - top}px)`;
    stick.element.classList.add("held");
    showKnob(stick);
  }

  private onMove(event: PointerEvent): void {
    const stick = this.stickOf(event.pointerId);
    if (stick === undefined) return;
    const x = (event.clientX - stick.startX) / REACH;
    const y = (event.clientY - stick.startY) / REACH;
    const shorten = 1 / Math.max(1, Math.hypot(x, y));
    stick.x = x * shorten;
    stick.y = y * shorten;
    showKnob(stick);
  }

  private onUp(event: PointerEvent): void {
    const stick = this.stickOf(event.pointerId);
    if (stick === undefined) return;
    Object.assign(stick, { pointerId: -1, x: 0, y: 0 });
    stick.element.classList.remove("held");
  }

  private stickOf(pointerId: number): Stick | undefined {
    return [this.move, this.aim].find((stick) => stick.pointerId === pointerId);
  }
}

function createStick(parent: HTMLElement, name: string): Stick {
  const element = document.createElement("div");
  element.className = `stick ${name}`;
  element.setAttribute("aria-hidden", "true");
  element.append(document.createElement("i"));
  parent.append(element);
  return { element, pointerId: -1, startX: 0, startY: 0, x: 0, y: 0 };
}

function showKnob({ element, x, y }: Stick): void {
  (element.firstElementChild as HTMLElement).style.transform = `translate(${x * REACH}px, ${y * REACH}px)`;
}
