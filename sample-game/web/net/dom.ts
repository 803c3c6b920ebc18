/** The panel in the page: making its elements, and sharing the keyboard with the game. */

/** An element with attributes (a boolean true is an empty one, false and undefined are none) and children. */
export function element<Tag extends keyof HTMLElementTagNameMap>(
  tag: Tag,
  attributes: Readonly<Record<string, string | number | boolean | undefined>> = {},
  ...children: (Node | string)[]
): HTMLElementTagNameMap[Tag] {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value !== undefined && value !== false) made.setAttribute(name, value === true ? "" : String(value));
  }
  made.append(...children);
  return made;
}

/** Sets the text only where it changed: the panel writes some times a second. */
export function setText(node: HTMLElement, text: string): void {
  if (node.textContent !== text) node.textContent = text;
}

/**
 * Keys pressed in the panel are the panel's and not the game's; Escape gives them back, and so does the end of a click or
 * drag: who plays by mouse and keys must not stand still for having moved a slider.
 */
export function shareKeyboard(panel: HTMLElement, signal: AbortSignal): void {
  let byPointer = false;
  const release = (): void => {
    if (document.activeElement instanceof HTMLElement && panel.contains(document.activeElement))
      document.activeElement.blur();
  };
  panel.addEventListener(
    "keydown",
    (event) => {
      byPointer = false;
      if (event.key === "Escape") release();
      event.stopPropagation();
    },
    { signal },
  );
  panel.addEventListener("pointerdown", () => (byPointer = true), { signal });
  panel.addEventListener(
    "click",
    (event) => {
      if (byPointer && !(event.target instanceof HTMLSelectElement)) release();
    },
    { signal },
  );
  panel.addEventListener(
    "change",
    () => {
      if (byPointer) release();
    },
    { signal },
  );
}
