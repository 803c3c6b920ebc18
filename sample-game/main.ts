/**
 * The sample game's command: an arena server, bots, an impaired network, and a check that nothing went wrong.
 *     node --no-warnings --loader ts-node/esm sample-game/main.ts --loss 0.2 --bots 8 --seconds 20
 */
import { runCommand } from "./cli/command.js";
import { HELP, parseOptions } from "./cli/options.js";
import { run } from "./cli/run.js";

process.exit(await runCommand(process.argv.slice(2), { parse: parseOptions, help: HELP, play: run }));
