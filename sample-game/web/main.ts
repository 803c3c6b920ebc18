/** The page: a name, a join, a view with its HUD, and the net panel; and what happens when the connection ends. */
import { FecClient } from "colyseus-fec/client";
import type { ArenaView } from "../protocol/arena-view.js";
import { ARENA_ROOM, type JoinOptions } from "../protocol/messages.js";
import { type ArenaRoom, createArenaView } from "./game/index.js";
import { Hud } from "./hud/hud.js";
import { describeJoinFailure } from "./join-failure.js";
import { mountNetPanel } from "./net/panel.js";
import { watchSession } from "./page-checks.js";
import type { ArenaSession } from "./session.js";
import { keep, recall } from "./storage.js";

const NAME_KEY = "arena-name";
const TOKEN_KEY = "arena-reconnection";
/** WebSocket close code of Colyseus for a leave that was asked for. */
const CONSENTED = 4000;

const stage = byId("stage", HTMLElement);
const panel = byId("net-panel", HTMLElement);
const dialog = byId("join-dialog", HTMLDialogElement);
const nameField = byId("join-name", HTMLInputElement);
const button = byId("join-button", HTMLButtonElement);
const failure = byId("join-error", HTMLElement);

// The page's own origin: it works from any machine that can load it.
const client = new FecClient(location.origin.replace(/^http/, "ws"), { netem: {} });
const view = createArenaView(stage);

nameField.value = recall("localStorage", NAME_KEY) ?? "";
byId("join-form", HTMLFormElement).addEventListener("submit", (event) => {
  event.preventDefault();
  const name = nameField.value.trim();
  keep("localStorage", NAME_KEY, name);
  const options: JoinOptions = { name };
  void enter(() => client.joinOrCreate<ArenaView>(ARENA_ROOM, options));
});
dialog.addEventListener("cancel", (event) => event.preventDefault());
const toggle = byId("panel-toggle", HTMLButtonElement);
toggle.addEventListener("click", ({ detail }) => {
  toggle.setAttribute("aria-expanded", `${document.body.classList.toggle("panel-open")}`);
  // Who clicks plays on, and Space is the game's; a press of a key counts no clicks.
  if (detail > 0) toggle.blur();
});
void start();

/** After a reload the seat is still there for some seconds. */
async function start(): Promise<void> {
  const token = recall("sessionStorage", TOKEN_KEY);
  if (token !== undefined) {
    byId("status", HTMLElement).textContent = "Coming back…";
    try {
      play(await client.reconnect<ArenaView>(token));
      return;
    } catch {
      keep("sessionStorage", TOKEN_KEY, undefined); // too late: join anew
    } finally {
      byId("status", HTMLElement).textContent = "";
    }
  }
  showDialog("");
}

async function enter(join: () => Promise<ArenaRoom>): Promise<void> {
  // One session at a time: a second room would share view, HUD and panel with the first.
  if (document.body.classList.contains("playing")) return dialog.close();
  button.disabled = true;
  failure.textContent = "";
  try {
    play(await join());
  } catch (error) {
    showDialog(`Could not join: ${describeJoinFailure(error)}`);
  } finally {
    button.disabled = false;
  }
}

function play(room: ArenaRoom): void {
  if (dialog.open) dialog.close();
  // The seat is kept from the first moment; and Firefox tells a page that reloads of its closed socket, which is no end.
  room.reconnection.minUptime = 0;
  const session: ArenaSession = { client, room, stage, view };
  view.attach(room);
  const hud = new Hud(view.element, room);
  watchSession(session);
  const unmountPanel = mountNetPanel(panel, session);
  const remember = (): void => keep("sessionStorage", TOKEN_KEY, room.reconnectionToken);
  remember();
  document.body.classList.add("playing");
  room.onDrop(() => hud.setOffline(true));
  room.onReconnect(() => {
    queueMicrotask(remember); // the SDK sets the new token right after this
    if (dialog.open) dialog.close();
    hud.setOffline(false);
  });
  room.onError((code, message) => {
    // Without a code it is a socket that closes, or an attempt to come back that failed: onDrop and onLeave tell of those.
    if (room.reconnection.isReconnecting || code === undefined) return;
    hud.showError(message ? `The server says: ${message}` : `The server reports error ${code}.`);
  });
  room.onLeave((code) => {
    keep("sessionStorage", TOKEN_KEY, undefined);
    unmountPanel();
    hud.destroy();
    view.detach();
    document.body.classList.remove("playing");
    showDialog(code === CONSENTED ? "" : "The connection ended.");
  });
}

function showDialog(message: string): void {
  failure.textContent = message;
  if (!dialog.open) dialog.showModal();
  nameField.focus();
  nameField.select();
}

function byId<T extends HTMLElement>(id: string, type: { new (): T; prototype: T }): T {
  const element = document.getElementById(id);
  if (!(element instanceof type)) throw new Error(`"${id}" expected in the page`);
  return element;
}
