/** One visit to the arena, as the page hands it to the net panel. */
import type { FecClient } from "colyseus-fec/client";
import type { ArenaGameView, ArenaRoom } from "./game/view-types.js";

export interface ArenaSession {
  readonly client: FecClient;
  /** The player's own connection. It outlives drops; after its end the panel is unmounted. */
  readonly room: ArenaRoom;
  /** Lays out its children side by side (one above the other where it is narrow): the own view, and whatever the panel adds. */
  readonly stage: HTMLElement;
  /** The player's own view. */
  readonly view: ArenaGameView;
}
