/** What the sample game's commands share: their options, Ctrl-C, what is printed, and the exit code. */
import { type CliOptions, OptionError } from "./options.js";
import type { Verdict } from "./summary.js";

export interface Command {
  /** @throws OptionError */
  readonly parse: (args: readonly string[]) => CliOptions | "help";
  readonly help: string;
  /** @param print takes one line. @param ended resolves when it should end early. */
  readonly play: (options: CliOptions, print: (line: string) => void, ended: Promise<void>) => Promise<Verdict>;
}

/** @returns the exit code: 0 right, 1 wrong or failed, 2 a wrong option. */
export async function runCommand(args: readonly string[], { parse, help, play }: Command): Promise<number> {
  const print = (line: string): void => console.log(line);
  let options: CliOptions | "help";
  try {
    options = parse(args);
  } catch (error) {
    if (!(error instanceof OptionError)) throw error;
    console.error(error.message);
    return 2;
  }
  if (options === "help") {
    print(help);
    return 0;
  }
  // The first Ctrl-C ends the run with its check; a second one ends the process.
  const ended = new Promise<void>((resolve) => process.once("SIGINT", () => resolve()));
  try {
    const verdict = await play(options, print, ended);
    for (const line of verdict.lines) print(line);
    return verdict.right ? 0 : 1;
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
    return 1;
  }
}
