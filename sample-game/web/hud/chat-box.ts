/** One line of chat: Enter opens it, Enter sends it, Escape closes it. */
import { CHAT_LENGTH_MAX } from "../../protocol/messages.js";

export class ChatBox {
  readonly element = document.createElement("form");
  private readonly field = document.createElement("input");
  private readonly ended = new AbortController();

  constructor(send: (text: string) => void) {
    this.element.className = "chat-box";
    this.field.maxLength = CHAT_LENGTH_MAX;
    this.field.placeholder = "Say something: Enter";
    this.field.setAttribute("aria-label", "Chat");
    this.field.autocomplete = "off";
    this.element.append(this.field);
    const { signal } = this.ended;
    this.element.addEventListener(
      "submit",
      (event) => {
        event.preventDefault();
        if (this.field.value.trim() !== "") send(this.field.value.trim());
        this.field.value = "";
        this.field.blur();
      },
      { signal },
    );
    this.field.addEventListener(
      "keydown",
      (event) => {
        if (event.key === "Escape") this.field.blur();
      },
      { signal },
    );
    window.addEventListener(
      "keydown",
      (event) => {
        if (event.key !== "Enter" || event.target !== document.body) return;
        event.preventDefault();
        this.field.focus();
      },
      { signal },
    );
  }

  destroy(): void {
    this.ended.abort();
  }
}
