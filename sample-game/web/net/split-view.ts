/**
 * The same room through a second connection without repair, beside the player's own view: over the same kind of path, with
 * the same network in between. It only watches, and follows the player; its link never repairs, at either end.
 */
import { FecClient } from "colyseus-fec/client";
import { FEED_MESSAGE } from "../../protocol/messages.js";
import { type ArenaGameView, type ArenaRoom, createArenaView } from "../game/index.js";
import type { ArenaSession } from "../session.js";
import { leaveForGood } from "./leave-for-good.js";
import { LinkProbe } from "./link-probe.js";
import { LinkSwitches } from "./link-switches.js";
import { impairmentOf, type NetworkSettings } from "./network-settings.js";
import type { ClockDifference } from "./patch-age.js";

export class SplitView {
  readonly switches: LinkSwitches;
  readonly probe: LinkProbe;
  /** Beside the player's own. */
  readonly view: ArenaGameView;
  /** The second connection ended by itself. */
  onclose: (() => void) | null = null;

  readonly #room: ArenaRoom;

  private constructor(room: ArenaRoom, session: ArenaSession, settings: NetworkSettings, clock: ClockDifference) {
    this.#room = room;
    this.view = createArenaView(session.stage, { spectator: true, follow: session.room.sessionId });
    this.view.attach(room);
    this.probe = new LinkProbe(room, clock);
    this.switches = new LinkSwitches(room);
    this.switches.setNetwork(settings);
    this.switches.setRepair("off");
    room.onMessage(FEED_MESSAGE, () => undefined); // the player's own view shows the feed
    room.onLeave(() => this.onclose?.());
  }

  /** Joins the session's room once more, and shows it. @throws what the join throws. */
  static async open(session: ArenaSession, settings: NetworkSettings, clock: ClockDifference): Promise<SplitView> {
    const client = new FecClient(session.client.settings, { repair: "off", netem: impairmentOf(settings) });
    const room = await client.joinById(session.room.roomId, { spectate: true });
    return new SplitView(room as ArenaRoom, session, settings, clock);
  }

  /** Leaves the room and removes the view. */
  close(): void {
    this.onclose = null;
    this.switches.dispose();
    this.probe.dispose();
    this.view.destroy();
    leaveForGood(this.#room);
  }
}
