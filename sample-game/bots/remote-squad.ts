/**
 * A squad in a child process: so that the bots' work does not delay the server's ticks, nor the other way around.
 */
import { type ChildProcess, fork } from "node:child_process";
import { extname } from "node:path";
import { fileURLToPath } from "node:url";
import type { FrozenReport } from "../server/arena-room.js";
import type { BotReport, BotResult } from "./bot.js";
import type { Squad, SquadOptions } from "./squad.js";

export interface SquadRequest {
  id: number;
  method: keyof Squad;
  argument: unknown;
}

export type SquadReply = { id: number; value: unknown } | { id: number; error: string };

interface Waiting {
  resolve(value: unknown): void;
  reject(error: Error): void;
}

export class RemoteSquad implements Squad {
  private readonly child: ChildProcess;
  private readonly waiting = new Map<number, Waiting>();
  private requests = 0;

  constructor() {
    // The same loader as this process (execArgv is inherited), so the same kind of file.
    const file = new URL(`./squad-process${extname(fileURLToPath(import.meta.url))}`, import.meta.url);
    this.child = fork(fileURLToPath(file));
    this.child.on("message", (reply: SquadReply) => this.onReply(reply));
    this.child.on("exit", (code) => this.onExit(code));
  }

  async join(options: SquadOptions): Promise<void> {
    await this.ask("join", options);
  }

  async report(): Promise<BotReport[]> {
    return (await this.ask("report")) as BotReport[];
  }

  async stop(): Promise<Record<string, number>> {
    return (await this.ask("stop")) as Record<string, number>;
  }

  async finish(request: { frozen: FrozenReport; timeoutMs: number }): Promise<BotResult[]> {
    return (await this.ask("finish", request)) as BotResult[];
  }

  async close(): Promise<void> {
    await this.ask("close");
    this.child.disconnect();
  }

  private ask(method: keyof Squad, argument?: unknown): Promise<unknown> {
    const request: SquadRequest = { id: this.requests++, method, argument };
    return new Promise((resolve, reject) => {
      this.waiting.set(request.id, { resolve, reject });
      if (!this.child.connected) this.onExit(this.child.exitCode);
      else this.child.send(request);
    });
  }

  private onReply(reply: SquadReply): void {
    const waiting = this.waiting.get(reply.id);
    this.waiting.delete(reply.id);
    if ("error" in reply) waiting?.reject(new Error(reply.error));
    else waiting?.resolve(reply.value);
  }

  private onExit(code: number | null): void {
    for (const { reject } of this.waiting.values()) reject(new Error(`the bots' process ended with code ${code}`));
    this.waiting.clear();
  }
}
