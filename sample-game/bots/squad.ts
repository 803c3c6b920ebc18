/**
 * A squad of bots in this process: joins them, gives them their ticks, asks them for reports.
 */
import type { RepairOption } from "../server/start.js";
import type { FrozenReport } from "../server/arena-room.js";
import { TICK_RATE_HZ } from "../rules/constants.js";
import { Bot, type BotReport, type BotResult } from "./bot.js";
import { type BotTransport, createConnector } from "./connect.js";

export interface SquadOptions {
  url: string;
  transport: BotTransport;
  repair?: RepairOption;
  bots: number;
  /** Every bot gets its own seed from this one. */
  seed: number;
}

/** What main.ts needs of a squad, wherever it lives. */
export interface Squad {
  join(options: SquadOptions): Promise<void>;
  report(): Promise<BotReport[]>;
  /** No more inputs and chat from now on. Gives the lines of chat sent, by session id. */
  stop(): Promise<Record<string, number>>;
  /** Waits until everything is in, timeoutMs at most, and compares. */
  finish(request: { frozen: FrozenReport; timeoutMs: number }): Promise<BotResult[]>;
  close(): Promise<void>;
}

/** How often the loop looks whether a tick is due, ms: timers of Node are late, never early. */
const LOOP_MS = 4;
/** Ticks made up for after a hitch; more are skipped. */
const CATCH_UP_MAX = 5;
/** How often finish() looks whether everything is in, ms. */
const POLL_MS = 20;

export class LocalSquad implements Squad {
  private bots: Bot[] = [];
  private timer: NodeJS.Timeout | undefined;

  async join({ url, transport, repair, bots, seed }: SquadOptions): Promise<void> {
    const connector = await createConnector(transport, url, repair);
    const joins = Array.from({ length: bots }, (_, i) => Bot.join(connector, `bot ${i + 1}`, seed * 1000 + i));
    this.bots = await Promise.all(joins);
    this.timer = startLoop(() => {
      for (const bot of this.bots) bot.step();
    });
  }

  async report(): Promise<BotReport[]> {
    return this.bots.map((bot) => bot.report());
  }

  async stop(): Promise<Record<string, number>> {
    clearInterval(this.timer);
    return Object.fromEntries(this.bots.map((bot) => [bot.sessionId, bot.chatsSent]));
  }

  async finish({ frozen, timeoutMs }: { frozen: FrozenReport; timeoutMs: number }): Promise<BotResult[]> {
    const deadlineMs = performance.now() + timeoutMs;
    while (performance.now() < deadlineMs && !this.bots.every((bot) => bot.hasAll(frozen))) await sleep(POLL_MS);
    // One more round: a doubled message would come now.
    await sleep(POLL_MS);
    return this.bots.map((bot) => bot.result(frozen));
  }

  async close(): Promise<void> {
    clearInterval(this.timer);
    await Promise.race([Promise.all(this.bots.map((bot) => bot.leave())), sleep(1000)]);
  }
}

function startLoop(tick: () => void): NodeJS.Timeout {
  const stepMs = 1000 / TICK_RATE_HZ;
  let nextMs = performance.now();
  return setInterval(() => {
    const nowMs = performance.now();
    if (nowMs - nextMs > CATCH_UP_MAX * stepMs) nextMs = nowMs;
    for (; nextMs <= nowMs; nextMs += stepMs) tick();
  }, LOOP_MS);
}

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
