/**
 * The network that the panel puts between the two ends: a profile, and sliders for each direction on top of it.
 * Holds the settings and shows them; whoever listens applies them. What they mean: network-settings.ts.
 */
import { PROFILE_NAMES, type ProfileName } from "colyseus-fec/netem";
import { element, setText } from "./dom.js";
import {
  describeBase,
  formatSlider,
  isProfile,
  isSymmetric,
  settingsOfProfile,
  sliderRange,
  withSlider,
  type NetworkSettings,
  type SliderName,
} from "./network-settings.js";

const SLIDERS: readonly { readonly name: SliderName; readonly label: string; readonly hint: string }[] = [
  { name: "lossRatio", label: "Loss", hint: "share of datagrams lost" },
  { name: "burst", label: "Burst", hint: "how long losses last, on average" },
  { name: "delayMs", label: "Delay", hint: "one way" },
  { name: "jitterMs", label: "Jitter", hint: "largest random delay on top" },
];

const DIRECTIONS = [
  { name: "down", label: "to you", arrow: "↓" },
  { name: "up", label: "from you", arrow: "↑" },
] as const;

type Direction = (typeof DIRECTIONS)[number]["name"];

export class NetworkControls {
  readonly root: HTMLElement;
  /** Called with the settings whenever a person changed them. */
  onchange: ((settings: NetworkSettings) => void) | null = null;

  readonly #profile = element(
    "select",
    { "aria-label": "Network profile" },
    ...PROFILE_NAMES.map((name) => element("option", { value: name }, name)),
  );
  readonly #both = element("input", { type: "checkbox", checked: true });
  readonly #rest = element("p", { class: "net-note" });
  readonly #sliders: {
    readonly direction: Direction;
    readonly name: SliderName;
    readonly input: HTMLInputElement;
    readonly output: HTMLElement;
  }[] = [];
  #settings: NetworkSettings = settingsOfProfile("clean");

  constructor() {
    const rows = SLIDERS.map(({ name, label, hint }) =>
      element(
        "div",
        { class: "net-slider-row", title: hint },
        element("span", { class: "net-slider-label" }, label),
        ...DIRECTIONS.map((direction) => this.#slider(direction, name, label)),
      ),
    );
    const head = element(
      "div",
      { class: "net-slider-row net-slider-head", "aria-hidden": true },
      element("span"),
      ...DIRECTIONS.map(({ label, arrow }) => element("span", {}, `${arrow} ${label}`)),
    );
    this.root = element(
      "div",
      { class: "net-network" },
      element(
        "div",
        { class: "net-row" },
        element("label", { class: "net-field" }, "Profile ", this.#profile),
        element("label", { class: "net-check" }, this.#both, "same both ways"),
      ),
      head,
      ...rows,
      this.#rest,
    );
    this.#profile.addEventListener("change", () => this.#change(settingsOfProfile(this.#profile.value as ProfileName)));
    this.#both.addEventListener("change", () => {
      if (this.#both.checked) this.#change({ ...this.#settings, up: this.#settings.down });
    });
    this.show(this.#settings);
  }

  get settings(): NetworkSettings {
    return this.#settings;
  }

  /** Shows these settings; tells no one. */
  show(settings: NetworkSettings): void {
    this.#settings = settings;
    this.#profile.value = settings.profile;
    const custom = !isProfile(settings);
    for (const option of Array.from(this.#profile.options))
      setText(option, custom && option.value === settings.profile ? `${option.value}, changed` : option.value);
    if (!isSymmetric(settings)) this.#both.checked = false;
    for (const { direction, name, input, output } of this.#sliders) {
      const value = settings[direction][name];
      const { min, max, step } = sliderRange(name, settings.burstUnit);
      Object.assign(input, { min: String(min), max: String(max), step: String(step) });
      input.value = String(value);
      input.style.setProperty("--fill", `${((value - min) / (max - min)) * 100}%`);
      const text = formatSlider(name, value, settings.burstUnit);
      input.setAttribute("aria-valuetext", text);
      input.disabled = name === "burst" && settings[direction].lossRatio === 0;
      setText(output, text);
    }
    const rest = describeBase(settings);
    this.#rest.hidden = rest === "";
    setText(this.#rest, `The profile adds: ${rest}.`);
  }

  #slider(
    { name: direction, label: towards }: (typeof DIRECTIONS)[number],
    name: SliderName,
    label: string,
  ): HTMLElement {
    const input = element("input", {
      type: "range",
      "aria-label": `${label}, ${towards}`,
      "data-slider": `${direction}-${name}`,
    });
    const output = element("output");
    this.#sliders.push({ direction, name, input, output });
    input.addEventListener("input", () =>
      this.#change(withSlider(this.#settings, this.#both.checked ? "both" : direction, name, Number(input.value))),
    );
    return element("span", { class: "net-slider" }, input, output);
  }

  #change(settings: NetworkSettings): void {
    this.show(settings);
    this.onchange?.(settings);
  }
}
