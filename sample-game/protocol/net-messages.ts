/**
 * The net panel's messages to the room and their answers: who impairs a client's datagrams, and how what it is sent is
 * repaired. They change that client's link alone. Checked by name: nothing of a client's reaches the plugin's options.
 */
import type { FecClientOptions } from "colyseus-fec/client";

/** Client to server, a RepairChoice; answered under the same name with the choice that is in force. */
export const NET_REPAIR_MESSAGE = "net:repair";
/**
 * Client to server: the client impairs its datagrams itself, both ways, and the server leaves them alone from now on.
 * Answered under the same name with NetOwnAnswer.
 */
export const NET_OWN_MESSAGE = "net:own";

/** Messages of both names that one client may send per second; more are not answered. */
export const NET_MESSAGES_PER_SECOND_MAX = 10;

export type RepairOption = NonNullable<FecClientOptions["repair"]>;

export type RepairChoice = "off" | "generation" | "adaptive";

export const REPAIR_CHOICES: readonly RepairChoice[] = ["off", "generation", "adaptive"];

export interface NetOwnAnswer {
  /** The impairment that the server's command line gives everyone else, as text for colyseus-fec/netem; "clean" if none. */
  readonly impairment: string;
  /** The repair of what this client is sent that the command line chose; "other" for one that has no name here. */
  readonly repair: RepairChoice | "other";
}

const OPTIONS: Readonly<Record<RepairChoice, RepairOption>> = {
  off: "off",
  generation: { schedule: "generation", groupSize: 4 },
  adaptive: "adaptive",
};

/** The plugin's option of a choice. */
export function repairOption(choice: RepairChoice): RepairOption {
  return OPTIONS[choice];
}

/** The choice that an option of the plugin is; "other" for one that has no name here. */
export function choiceOf(option: RepairOption): RepairChoice | "other" {
  return REPAIR_CHOICES.find((choice) => JSON.stringify(OPTIONS[choice]) === JSON.stringify(option)) ?? "other";
}

/** The choice that a message names; undefined for anything else. */
export function parseRepairChoice(message: unknown): RepairChoice | undefined {
  return REPAIR_CHOICES.find((choice) => choice === message);
}
