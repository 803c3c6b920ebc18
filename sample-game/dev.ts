/**
 * Development of the page: Vite's server with reloads in front of an arena with bots, in one command.
 *     npm run dev -- --bots 4 --loss 0.05
 */
import { fileURLToPath } from "node:url";
import { createServer } from "vite";
import { parseOptions } from "./cli/options.js";
import { run } from "./cli/run.js";

const CONFIG = fileURLToPath(new URL("./web/vite.config.ts", import.meta.url));

const options = parseOptions(process.argv.slice(2));
if (options === "help") {
  console.log("Vite's development server for the arena's page. Options as those of npm start (-- --help); its port is 5173.");
} else {
  process.env["ARENA_SERVER"] = `http://localhost:${options.port}`;
  const vite = await createServer({ configFile: CONFIG });
  await vite.listen();
  vite.printUrls();
  const ended = new Promise<void>((resolve) => process.once("SIGINT", () => resolve()));
  const verdict = await run(options, (line) => console.log(line), ended);
  for (const line of verdict.lines) console.log(line);
  await vite.close();
  process.exit(verdict.right ? 0 : 1);
}
