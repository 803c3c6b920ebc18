/**
 * What one hostile client costs a FecTransport server, and how an honest one in its room fares.
 *
 *   npm run bench:hostile                     every attack, some 7 minutes
 *   npm run bench:hostile -- --only PINGs     those whose name holds this
 *
 * Server, hostile and honest client are a process each, on 127.0.0.1; an arm ends by itself. CPU: time of the whole server process in percent of a core, above
 * what it takes in the 3 s before the attack, when both clients are in the room (60 patches a second). us: that by datagrams received, dropped ones included, or by messages where there are no datagrams.
 * Gap: between two patches of 60 Hz at the honest client, ms. limit: the room's maxMessagesPerSecond; what is measured is the attack going on after the client was closed.
 */
import { loadavg } from "node:os";
import { parseArgs } from "node:util";
import { runArm, type Arm, type ArmResult, type ArmTimes } from "./run-arm.js";

const TIMES: ArmTimes = { warmSeconds: 1, idleSeconds: 3, seconds: 5 };

/** The room's, of the arms with a limit. */
const LIMIT = 200;

/** What a session may send, what of garbage the cipher gets, and a flood. */
const BUDGET_RATE = 2000;
const GARBAGE_RATE = 4000;
const FLOOD_RATE = 20_000;

const ARMS: Arm[] = [
  { way: "udp", attack: "nothing", rate: 0 },
  { way: "udp", attack: "PINGs", rate: BUDGET_RATE },
  { way: "udp", attack: "1 message", rate: BUDGET_RATE },
  { way: "udp", attack: "80 messages", rate: BUDGET_RATE },
  { way: "udp", attack: "all messages", rate: BUDGET_RATE },
  { way: "udp", attack: "unreliable messages", rate: BUDGET_RATE },
  { way: "udp", attack: "requests", rate: BUDGET_RATE },
  { way: "udp", attack: "repairs", rate: BUDGET_RATE },
  { way: "udp", attack: "PINGs", rate: FLOOD_RATE },
  { way: "udp", attack: "jumps of an epoch", rate: BUDGET_RATE },
  { way: "udp", attack: "jumps of 65536", rate: BUDGET_RATE },
  { way: "udp", attack: "garbage, next counter", rate: GARBAGE_RATE },
  { way: "udp", attack: "garbage, next counter", rate: FLOOD_RATE },
  { way: "udp", attack: "garbage, any counter", rate: FLOOD_RATE },
  { way: "webrtc", attack: "nothing", rate: 0 },
  { way: "webrtc", attack: "PINGs", rate: BUDGET_RATE },
  { way: "webrtc", attack: "80 messages", rate: BUDGET_RATE },
  { way: "webrtc", attack: "all messages", rate: BUDGET_RATE },
  { way: "webrtc", attack: "requests", rate: BUDGET_RATE },
  { way: "websocket", attack: "messages", rate: 0 },
  { way: "websocket", attack: "requests", rate: 0 },
  { way: "plain", attack: "messages", rate: 0 },
  { way: "plain", attack: "requests", rate: 0 },
  { way: "udp", attack: "1 message", rate: BUDGET_RATE, limit: LIMIT },
  { way: "udp", attack: "80 messages", rate: BUDGET_RATE, limit: LIMIT },
  { way: "udp", attack: "all messages", rate: BUDGET_RATE, limit: LIMIT },
  { way: "udp", attack: "requests", rate: BUDGET_RATE, limit: LIMIT },
  { way: "webrtc", attack: "80 messages", rate: BUDGET_RATE, limit: LIMIT },
  { way: "websocket", attack: "messages", rate: 0, limit: LIMIT },
  { way: "plain", attack: "messages", rate: 0, limit: LIMIT },
];

function nameOf({ way, attack, rate, limit }: Arm): string {
  const at = rate > 0 ? `, ${rate}/s` : "";
  return `${way === "plain" ? "ws-transport" : way}: ${attack}${at}${limit === undefined ? "" : `, limit ${limit}`}`;
}

function row(arm: Arm, r: ArmResult): string {
  const count = (value: number): string => (Number.isNaN(value) ? "" : value.toFixed(0));
  const rate = arm.way === "udp" ? r.receivedPerSecond : arm.way === "webrtc" ? arm.rate : r.messagesPerSecond;
  const us = rate > 0 && r.cpuShare > 0 && arm.attack !== "nothing" ? ((r.cpuShare * 1e6) / rate).toFixed(1) : "";
  const gap = ({ p50, p99, max }: ArmResult["gaps"]): string => [p50, p99, max].map((ms) => ms.toFixed(0)).join(" / ");
  const { closed } = r;
  const end = closed
    ? `closed with ${closed.code} after ${closed.afterMs.toFixed(0)} ms, ${closed.messages} messages`
    : "";
  const cells = [
    nameOf(arm),
    count(r.receivedPerSecond),
    count(r.acceptedPerSecond),
    count(r.messagesPerSecond),
    (100 * r.cpuShare).toFixed(1),
    us,
    gap(r.idleGaps),
    gap(r.gaps),
    end,
  ];
  return `| ${cells.join(" | ")} |`;
}

const { only } = parseArgs({ options: { only: { type: "string", default: "" } } }).values;
const arms = ARMS.filter((arm) => nameOf(arm).includes(only));
if (arms.length === 0) throw new RangeError(`no attack's name holds "${only}"`);
console.log(`Node ${process.version}, load ${loadavg()[0]!.toFixed(2)}`);
console.log(
  "| attack | datagrams/s received | accepted | messages/s to the room | CPU % above idle | us each | gap idle p50 / p99 / max | gap under attack | |",
);
console.log("| --- | --- | --- | --- | --- | --- | --- | --- | --- |");
for (const arm of arms) console.log(row(arm, await runArm(arm, TIMES)));
console.log(`load ${loadavg()[0]!.toFixed(2)}`);
process.exit(0);
