/** Keyboard and mouse: which keys are down by place (so WASD is where it is on every layout), and where the pointer is. */
import { BUTTON_DASH, BUTTON_FIRE } from "../../rules/constants.js";

const MOVES: Readonly<Record<string, readonly [number, number]>> = {
  KeyW: [0, -1],
  ArrowUp: [0, -1],
  KeyS: [0, 1],
  ArrowDown: [0, 1],
  KeyA: [-1, 0],
  ArrowLeft: [-1, 0],
  KeyD: [1, 0],
  ArrowRight: [1, 0],
};
const BUTTONS: Readonly<Record<string, number>> = {
  Space: BUTTON_DASH,
  ShiftLeft: BUTTON_DASH,
  ShiftRight: BUTTON_DASH,
  KeyJ: BUTTON_FIRE,
};

export class KeyboardMouse {
  /** The pointer over the canvas, CSS pixels; undefined until a mouse moves there. */
  pointer: { x: number; y: number } | undefined;
  private readonly down = new Set<string>();
  private mouseButtons = 0;
  /** Pressed since the last look: a tap between two ticks counts. */
  private tapped = 0;
  private readonly ended = new AbortController();

  /** @param isPlaying are keys the game's now? Those of a page that shows a form are the form's. */
  constructor(
    private readonly canvas: HTMLElement,
    private readonly isPlaying: () => boolean,
  ) {
    const { signal } = this.ended;
    window.addEventListener("keydown", (event) => this.onKeyDown(event), { signal });
    window.addEventListener("keyup", (event) => this.down.delete(event.code), { signal });
    window.addEventListener("blur", () => this.release(), { signal });
    canvas.addEventListener("pointermove", (event) => this.onPointer(event), { signal });
    canvas.addEventListener("pointerdown", (event) => this.onPointer(event), { signal });
    window.addEventListener("pointerup", (event) => this.onPointer(event), { signal });
    canvas.addEventListener("contextmenu", (event) => event.preventDefault(), { signal });
  }

  /** Direction of the keys: -1, 0, 1 each. */
  move(): { x: number; y: number } {
    let x = 0;
    let y = 0;
    for (const code of this.down) {
      x += MOVES[code]?.[0] ?? 0;
      y += MOVES[code]?.[1] ?? 0;
    }
    return { x: Math.sign(x), y: Math.sign(y) };
  }

  /** BUTTON_* held now or tapped since the last call. */
  takeButtons(): number {
    let buttons = this.tapped | this.mouseButtons;
    for (const code of this.down) buttons |= BUTTONS[code] ?? 0;
    this.tapped = 0;
    return buttons;
  }

  release(): void {
    this.down.clear();
    this.mouseButtons = this.tapped = 0;
  }

  destroy(): void {
    this.ended.abort();
  }

  private onKeyDown(event: KeyboardEvent): void {
    if (!this.isPlaying() || isTyping(event.target) || event.ctrlKey || event.metaKey || event.altKey) return;
    if (!(event.code in MOVES) && !(event.code in BUTTONS)) return;
    // Space presses a focused button: for who came to it by keyboard, not for who touched it with the mouse and plays on.
    if (event.target instanceof HTMLButtonElement && event.code === "Space") {
      if (event.target.matches(":focus-visible")) return;
      event.target.blur();
    }
    event.preventDefault();
    this.down.add(event.code);
    this.tapped |= BUTTONS[event.code] ?? 0;
  }

  private onPointer(event: PointerEvent): void {
    if (event.pointerType === "touch") return;
    const { left, top } = this.canvas.getBoundingClientRect();
    this.pointer = { x: event.clientX - left, y: event.clientY - top };
    this.mouseButtons = event.type === "pointerup" && event.buttons === 0 ? 0 : mouseButtons(event.buttons);
    if (event.type === "pointerdown") this.tapped |= this.mouseButtons;
  }
}

/** Left shoots, right dashes. */
function mouseButtons(pressed: number): number {
  return ((pressed & 1) !== 0 ? BUTTON_FIRE : 0) | ((pressed & 2) !== 0 ? BUTTON_DASH : 0);
}

function isTyping(target: EventTarget | null): boolean {
  return (
    target instanceof HTMLElement && (target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName))
  );
}
