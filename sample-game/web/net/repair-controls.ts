/** How losses are repaired, the button that cuts the datagram path, and the one that opens the comparison. */
import { REPAIR_CHOICES, type RepairChoice } from "../../protocol/net-messages.js";
import { element, setText } from "./dom.js";

const LABELS: Readonly<Record<RepairChoice, { readonly text: string; readonly hint: string }>> = {
  off: { text: "Off", hint: "Lost patches are sent again: a round trip or more" },
  generation: { text: "XOR of 4", hint: "One repair after every four patches, whatever the loss" },
  adaptive: { text: "Adaptive", hint: "As much repair as the measured loss is worth" },
};

/** How long the button cuts the datagram path, ms. */
export const BLACKOUT_MS = 3000;

export class RepairControls {
  readonly root: HTMLElement;
  onrepair: ((choice: RepairChoice) => void) | null = null;
  onblackout: ((on: boolean) => void) | null = null;
  oncompare: ((on: boolean) => void) | null = null;

  readonly #radios: ReadonlyMap<RepairChoice, HTMLInputElement>;
  readonly #cut = element("button", { type: "button", class: "net-button net-cut", id: "net-cut" });
  readonly #compare = element("button", {
    type: "button",
    class: "net-button net-compare",
    id: "net-compare",
    "aria-pressed": "false",
  });
  #cutEndMs = -Infinity;

  constructor() {
    this.#radios = new Map(
      REPAIR_CHOICES.map((choice) => [choice, element("input", { type: "radio", name: "net-repair", value: choice })]),
    );
    const options = REPAIR_CHOICES.map((choice) =>
      element(
        "label",
        { title: LABELS[choice].hint },
        this.#radios.get(choice)!,
        element("span", {}, LABELS[choice].text),
      ),
    );
    this.root = element(
      "div",
      { class: "net-repair" },
      element("fieldset", { class: "net-segments" }, element("legend", {}, "Repair"), ...options),
      element("div", { class: "net-row" }, this.#compare, this.#cut),
    );
    for (const [choice, radio] of this.#radios) radio.addEventListener("change", () => this.onrepair?.(choice));
    this.#cut.addEventListener("click", () => this.#startCut());
    this.#compare.addEventListener("click", () =>
      this.oncompare?.(this.#compare.getAttribute("aria-pressed") !== "true"),
    );
    this.showCompare("off");
    this.refresh();
  }

  /** Shows the repair in force; "other": none of these. */
  showRepair(choice: RepairChoice | "other"): void {
    for (const [name, radio] of this.#radios) radio.checked = name === choice;
  }

  showCompare(state: "off" | "opening" | "on"): void {
    this.#compare.setAttribute("aria-pressed", String(state !== "off"));
    this.#compare.disabled = state === "opening";
    setText(this.#compare, state === "on" ? "Close split view" : "Split view: no repair");
  }

  /** Counts the cut down, and ends it when its time is over. Call it some times a second. */
  refresh(): void {
    const leftMs = this.#cutEndMs - performance.now();
    if (this.#cut.disabled && leftMs <= 0) this.endCut();
    setText(
      this.#cut,
      leftMs > 0 ? `UDP is cut: ${(leftMs / 1000).toFixed(1)} s` : `Cut UDP for ${BLACKOUT_MS / 1000} s`,
    );
  }

  /** Ends a cut that is under way. */
  endCut(): void {
    if (!this.#cut.disabled) return;
    this.#cutEndMs = -Infinity;
    this.#cut.disabled = false;
    this.onblackout?.(false);
  }

  #startCut(): void {
    this.#cutEndMs = performance.now() + BLACKOUT_MS;
    this.#cut.disabled = true;
    this.onblackout?.(true);
    this.refresh();
  }
}
