/**
 * Development of the page: Vite's server with reloads in front of an arena with bots, in one command.
 *     npm run dev -- --bots 4 --loss 0.05
 */
import { fileURLToPath } from "node:url";
import { createServer } from "vite";
import { type Command, runCommand } from "./cli/command.js";
import { parseDevOptions } from "./cli/options.js";
import { run } from "./cli/run.js";

const CONFIG = fileURLToPath(new URL("./web/vite.config.ts", import.meta.url));
const HELP =
  "Vite's development server for the arena's page. Options as those of npm start (-- --help), but no --port 0; its port is 5173.";

process.exit(await runCommand(process.argv.slice(2), { parse: parseDevOptions, help: HELP, play }));

async function play(...[options, print, ended]: Parameters<Command["play"]>): ReturnType<Command["play"]> {
  process.env["ARENA_SERVER"] = `http://localhost:${options.port}`;
  const vite = await createServer({ configFile: CONFIG });
  try {
    await vite.listen();
    vite.printUrls();
    return await run(options, print, ended);
  } finally {
    await vite.close();
  }
}
