/** The package compiled into a folder, for processes of their own: their node_modules are made for each script. */

import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../..", import.meta.url));

/** What every script has: a server, its log, and waiting for a path. */
const PRELUDE = `
import { Room, Server } from "@colyseus/core";
import { FecTransport, linkStats as serverLinkStats } from "./build/server/index.js";
import { FecClient, linkControl, linkStats } from "./build/client/index.js";
const log = [];
const level = (name) => (text) => log.push(name + " " + text);
const logger = { debug: level("debug"), error: level("error"), info: level("info"), trace: level("trace"), warn: level("warn") };
const serve = (options, serverOptions = { gracefullyShutdown: false }, RoomClass = class extends Room {}) => {
  const transport = new FecTransport(options);
  const server = new Server({ transport, greet: false, logger, ...serverOptions });
  server.define("room", RoomClass);
  return { transport, server };
};
const untilPath = async (room, path) => { while (linkStats(room).path !== path) await new Promise((resolve) => setTimeout(resolve, 10)); };
`;

export class PackageFolder {
  readonly #path = mkdtempSync(join(tmpdir(), "colyseus-fec-process-"));

  /** Options of node: links are not followed, or a package that is left out would be found beside the others after all. */
  readonly execArgv: readonly string[] = ["--preserve-symlinks"];

  /** Takes some seconds. */
  constructor() {
    execFileSync(process.execPath, [
      join(root, "node_modules/typescript/bin/tsc"),
      "-p",
      join(root, "tsconfig.build.json"),
      "--outDir",
      join(this.#path, "build"),
      "--noCheck", // that is check:types
    ]);
    writeFileSync(join(this.#path, "package.json"), '{ "type": "module" }');
  }

  /** Writes the script, in place of the one before, with all packages but some; returns its file. */
  write(script: string, without: readonly string[] = []): string {
    const modules = join(this.#path, "node_modules");
    rmSync(modules, { recursive: true, force: true });
    mkdirSync(modules);
    for (const name of readdirSync(join(root, "node_modules"))) {
      if (!without.includes(name)) symlinkSync(join(root, "node_modules", name), join(modules, name));
    }
    const file = join(this.#path, "main.js");
    writeFileSync(file, PRELUDE + script);
    return file;
  }

  remove(): void {
    rmSync(this.#path, { recursive: true, force: true });
  }
}
