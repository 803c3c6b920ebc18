/**
 * The command line of the sample game, checked in full before anything starts.
 * What an impairment may be is the plugin's business (colyseus-fec/netem): its messages are passed on under our names.
 */
import { parseArgs } from "node:util";
import { parseImpairment, PROFILE_NAMES } from "colyseus-fec/netem";
import { PLAYERS_MAX } from "../rules/constants.js";
import { PATCH_RATE_HZ_MAX, PATCH_RATE_HZ_MIN } from "../server/arena-room.js";
import type { RepairOption } from "../server/start.js";

export interface CliOptions {
  readonly port: number;
  readonly bots: number;
  readonly patchRateHz: number;
  readonly seconds: number;
  readonly seed: number;
  readonly transport: "fec" | "ws";
  readonly repair: RepairOption;
  /** Text for parseImpairment; undefined = no impairment. */
  readonly impairment: string | undefined;
  readonly inProcess: boolean;
}

/** A wrong option: message `"--loss" expected 0..1, got 2`. */
export class OptionError extends Error {}

/** Room for people beside the bots. */
const BOTS_MAX = PLAYERS_MAX - 20;
const SECONDS_MAX = 7 * 24 * 3600;

/** The network without any option: bad enough to show what repair does. */
const DEFAULT_PROFILE = "congested";

/** Options that become parts of an impairment's text, and their names there. */
const IMPAIRMENT_NAMES = {
  loss: "loss",
  delay: "delayMs",
  jitter: "jitterMs",
  "burst-ms": "burstMs",
  "burst-datagrams": "burstDatagrams",
  reorder: "reorderRatio",
  duplicate: "duplicate",
  corrupt: "corrupt",
  "rate-kbps": "rateKbps",
  "queue-bytes": "queueBytes",
} as const;

const TEXT_OPTIONS = [
  ...["port", "bots", "profile", "patch-rate", "repair", "seconds", "seed", "transport"],
  ...Object.keys(IMPAIRMENT_NAMES),
];

export const HELP = `An arena game over colyseus-fec, with bots and an impaired network.

  --port N              TCP and UDP port, 0 = any free one (2567)
  --bots N              0..${BOTS_MAX} (8)
  --seconds N           run this long, 0 = until Ctrl-C (0)
  --patch-rate HZ       state patches per second, ${PATCH_RATE_HZ_MIN}..${PATCH_RATE_HZ_MAX} (60)
  --seed N              of the world, the bots and the impairment (1)
  --repair HOW          adaptive, off, generation:SIZE or sliding:RATE (adaptive)
  --transport KIND      fec, or ws for comparison: TCP, which only tc can impair (fec)
  --in-process          bots in the server's process; default: in one of their own

Network, each way, by datagram; on top of the profile, or alone (default: --profile ${DEFAULT_PROFILE}):
  --profile NAME        ${PROFILE_NAMES.join(", ")}
  --loss RATIO          share of datagrams lost, 0..1
  --burst-ms MS         losses come in outages of this mean length
  --burst-datagrams N   losses come in runs of this mean length
  --delay MS            one way
  --jitter MS           largest random delay on top
  --reorder RATIO       share of datagrams that later ones overtake, 0..1
  --duplicate RATIO     share of datagrams that arrive twice, 0..1
  --corrupt RATIO       share of datagrams with flipped bits, 0..1
  --rate-kbps N         rate of the bottleneck; --queue-bytes N  its queue

Exits 0 if every message and every state was right, 1 if not, 2 for a wrong option.`;

type Values = Record<string, string | boolean | undefined>;

/** @returns "help" if that was asked for. @throws OptionError */
export function parseOptions(args: readonly string[]): CliOptions | "help" {
  const values = readArguments(args);
  if (values.help === true) return "help";
  const seed = wholeNumber(values, "seed", 1, 0, 2 ** 32 - 1);
  const transport = oneOf(values, "transport", ["fec", "ws"] as const);
  const impairment = impairmentText(values, transport, seed);
  if (transport === "ws" && impairment !== undefined) {
    throw new OptionError(`"--transport" expected fec with a profile or an impairment (they act on datagrams), got ws`);
  }
  return Object.freeze({
    port: wholeNumber(values, "port", 2567, 0, 65535),
    bots: wholeNumber(values, "bots", 8, 0, BOTS_MAX),
    patchRateHz: wholeNumber(values, "patch-rate", PATCH_RATE_HZ_MAX, PATCH_RATE_HZ_MIN, PATCH_RATE_HZ_MAX),
    seconds: wholeNumber(values, "seconds", 0, 0, SECONDS_MAX),
    seed,
    transport,
    repair: parseRepairText(text(values, "repair") ?? "adaptive"),
    impairment,
    inProcess: values["in-process"] === true,
  });
}

/** As parseOptions, but a port of which the page's proxy can be told. @throws OptionError */
export function parseDevOptions(args: readonly string[]): CliOptions | "help" {
  const options = parseOptions(args);
  if (options !== "help" && options.port === 0)
    throw new OptionError(`"--port" expected 1..65535, which the page's proxy is told before the arena listens, got 0`);
  return options;
}

function readArguments(args: readonly string[]): Values {
  const flags = { help: { type: "boolean", short: "h" }, "in-process": { type: "boolean" } } as const;
  const texts = Object.fromEntries(TEXT_OPTIONS.map((name) => [name, { type: "string" as const }]));
  // parseArgs takes "--loss=-1" only: a value that looks like an option is an error that says so.
  const { tokens, values } = parseLoosely(args, { ...texts, ...flags });
  for (const token of tokens) {
    if (token.kind === "positional")
      throw new OptionError(
        `expected only options, got ${JSON.stringify(token.value)} (with npm start, options follow "--": npm start -- --bots 2)`,
      );
    if (token.kind !== "option" || token.name in texts || token.name in flags) continue;
    throw new OptionError(`"${token.rawName}" is not an option; --help lists them`);
  }
  for (const name of TEXT_OPTIONS) {
    if (typeof values[name] === "boolean") throw new OptionError(`"--${name}" expected a value, got none`);
  }
  for (const name of Object.keys(flags)) {
    if (typeof values[name] === "string") throw new OptionError(`"--${name}" expected no value, got ${values[name]}`);
  }
  return values;
}

function parseLoosely(
  args: readonly string[],
  options: Record<string, { type: "string" | "boolean"; short?: string }>,
) {
  const { tokens, values } = parseArgs({ args: [...args], options, strict: false, tokens: true });
  return { tokens, values: values as Values };
}

function impairmentText(values: Values, transport: string, seed: number): string | undefined {
  const parts = Object.entries(IMPAIRMENT_NAMES).flatMap(([option, name]) => {
    const value = text(values, option);
    if (value?.includes(",")) throw new OptionError(`"--${option}" expected one number, got ${value}`);
    return value === undefined ? [] : [`${name}=${value}`];
  });
  const profile = text(values, "profile");
  const given = profile !== undefined || parts.length > 0;
  if (!given && transport === "ws") return undefined;
  const impairment = [profile ?? (given ? "clean" : DEFAULT_PROFILE), ...parts, `seed=${seed}`].join(",");
  try {
    parseImpairment(impairment);
  } catch (error) {
    throw new OptionError(withOptionNames((error as Error).message));
  }
  return impairment;
}

/** The plugin says "delayMs" or "loss.meanBurstMs"; who typed --delay or --burst-ms should read that. */
function withOptionNames(message: string): string {
  const names: Record<string, string> = { profile: "profile", ...OPTION_OF_NAME };
  return message
    .replace(/^"([\w.]+)"/, (whole, name: string) => (names[name] ? `"--${names[name]}"` : whole))
    .replace(", or options like loss=0.05,delayMs=50", "")
    .replace("without burstDatagrams", "without --burst-datagrams");
}

const OPTION_OF_NAME: Record<string, string> = {
  ...Object.fromEntries(Object.entries(IMPAIRMENT_NAMES).map(([option, name]) => [name, option])),
  "loss.lossRatio": "loss",
  "loss.meanBurstMs": "burst-ms",
  "loss.meanBurstDatagrams": "burst-datagrams",
};

/** adaptive, off, generation:4, sliding:0.25. */
function parseRepairText(repair: string): RepairOption {
  if (repair === "adaptive" || repair === "off") return repair;
  const [schedule, number] = repair.split(":");
  const value = Number(number || Number.NaN);
  if (schedule === "generation" && Number.isInteger(value) && value >= 2 && value <= 16)
    return { schedule, groupSize: value };
  if (schedule === "sliding" && value > 0 && value <= 1) return { schedule, codeRate: value };
  throw new OptionError(
    `"--repair" expected adaptive, off, generation:2..16 or sliding:RATE above 0 to 1, got ${repair}`,
  );
}

function wholeNumber(values: Values, name: string, fallback: number, min: number, max: number): number {
  const given = text(values, name);
  if (given === undefined) return fallback;
  const value = Number(given);
  if (/^\d+$/.test(given) && value >= min && value <= max) return value;
  throw new OptionError(`"--${name}" expected a whole number, ${min}..${max}, got ${given || "an empty text"}`);
}

function oneOf<const T extends string>(values: Values, name: string, known: readonly T[]): T {
  const given = text(values, name) ?? known[0]!;
  const found = known.find((one) => one === given);
  if (found === undefined) throw new OptionError(`"--${name}" expected ${known.join(" or ")}, got ${given}`);
  return found;
}

function text(values: Values, name: string): string | undefined {
  return values[name] as string | undefined;
}
