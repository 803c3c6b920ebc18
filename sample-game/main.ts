/**
 * The sample game's command: an arena server, bots, an impaired network, and a check that nothing went wrong.
 *     node --no-warnings --loader ts-node/esm sample-game/main.ts --loss 0.2 --bots 8 --seconds 20
 */
import { type CliOptions, HELP, OptionError, parseOptions } from "./cli/options.js";
import { run } from "./cli/run.js";

process.exit(await main());

/** @returns the exit code: 0 right, 1 wrong or failed, 2 a wrong option. */
async function main(): Promise<number> {
  let options: CliOptions | "help";
  try {
    options = parseOptions(process.argv.slice(2));
  } catch (error) {
    if (!(error instanceof OptionError)) throw error;
    console.error(error.message);
    return 2;
  }
  if (options === "help") {
    console.log(HELP);
    return 0;
  }
  // The first Ctrl-C ends the run with its check; a second one ends the process.
  const ended = new Promise<void>((resolve) => process.once("SIGINT", () => resolve()));
  try {
    const verdict = await run(options, (line) => console.log(line), ended);
    for (const line of verdict.lines) console.log(line);
    return verdict.right ? 0 : 1;
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
    return 1;
  }
}
