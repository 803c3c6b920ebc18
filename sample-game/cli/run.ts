/**
 * One run: server up, bots in, a line each second, and at the end the check that everything arrived everywhere.
 */
import type { Squad } from "../bots/squad.js";
import { RemoteSquad } from "../bots/remote-squad.js";
import { LocalSquad } from "../bots/squad.js";
import { SequenceCheck } from "../protocol/sequence-check.js";
import { pageAddresses } from "../server/addresses.js";
import { PAGE_FOLDER } from "../server/page.js";
import { type ArenaServer, startArenaServer } from "../server/start.js";
import type { CliOptions } from "./options.js";
import { SecondMeter } from "./second.js";
import { type ChatCheck, HEADER_EVERY, headerLine, judge, LEGEND, secondLine, type Verdict } from "./summary.js";

/** How long the last messages may take to arrive after the freeze, ms. */
const FINISH_TIMEOUT_MS = 10_000;
const POLL_MS = 20;

/**
 * @param print takes one line.
 * @param ended resolves when the run should end early (Ctrl-C).
 */
export async function run(options: CliOptions, print: (line: string) => void, ended: Promise<void>): Promise<Verdict> {
  const server = await startArenaServer({ ...options, netem: options.impairment, pageFolder: PAGE_FOLDER });
  const squad: Squad = options.inProcess ? new LocalSquad() : new RemoteSquad();
  try {
    const { transport, repair, bots, seed } = options;
    print(describeRun(options, server.port));
    print(describePage(server));
    await squad.join({ url: `ws://127.0.0.1:${server.port}`, transport, repair, bots, seed });
    await watch(server, squad, options.seconds, print, ended);
    return await check(server, squad);
  } finally {
    await squad.close();
    await server.stop();
  }
}

function describeRun({ transport, impairment, repair, bots, patchRateHz }: CliOptions, port: number): string {
  const network = impairment === undefined ? "unimpaired" : `each way: ${impairment}`;
  const repairText = typeof repair === "string" ? repair : JSON.stringify(repair);
  const how = transport === "fec" ? `colyseus-fec, repair ${repairText}, ${network}` : "WebSocket only";
  return `arena on ws://localhost:${port} (${how}); ${bots} bots, ${patchRateHz} patches/s`;
}

function describePage({ port, hasPage }: ArenaServer): string {
  return hasPage
    ? `play in a browser: ${pageAddresses(port).join("  ")}`
    : "no page to play in a browser: npm run build:page makes it";
}

/** Prints a line each second until the time is over or `ended` resolves. */
async function watch(
  server: ArenaServer,
  squad: Squad,
  seconds: number,
  print: (line: string) => void,
  ended: Promise<void>,
): Promise<void> {
  const meter = new SecondMeter();
  const startMs = performance.now();
  let stopped = false;
  void ended.then(() => (stopped = true));
  for (let elapsedS = 0; ; elapsedS++) {
    const reports = await squad.report();
    const second = meter.measure(server.room.playerCount, reports, server.linkStats(), performance.now());
    if (second !== undefined) {
      if (elapsedS === 1) for (const line of LEGEND) print(line);
      if (elapsedS % HEADER_EVERY === 1) print(headerLine());
      print(secondLine(second, elapsedS));
    }
    if (stopped || (seconds > 0 && elapsedS >= seconds)) return;
    await Promise.race([sleep(startMs + (elapsedS + 1) * 1000 - performance.now()), ended]);
  }
}

/** Freezes the room and compares what both sides know. */
async function check(server: ArenaServer, squad: Squad): Promise<Verdict> {
  const chatsSent = await squad.stop();
  const chat = await checkChat(server, chatsSent);
  const bots = await squad.finish({ frozen: server.room.freeze(), timeoutMs: FINISH_TIMEOUT_MS });
  return judge(bots, chat);
}

/** Waits for the last lines of chat and compares them with what the bots sent. */
async function checkChat(server: ArenaServer, sent: Record<string, number>): Promise<ChatCheck> {
  const deadlineMs = performance.now() + FINISH_TIMEOUT_MS;
  const received = (id: string): SequenceCheck => server.room.chatReceived(id) ?? new SequenceCheck();
  const complete = (): boolean => Object.entries(sent).every(([id, count]) => received(id).count >= count);
  while (!complete() && performance.now() < deadlineMs) await sleep(POLL_MS);
  const total = { sent: 0, missing: 0, doubled: 0, outOfOrder: 0 };
  for (const [id, count] of Object.entries(sent)) {
    const faults = received(id).faults(count);
    total.sent += count;
    total.missing += faults.missing;
    total.doubled += faults.doubled;
    total.outOfOrder += faults.outOfOrder;
  }
  return total;
}

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
