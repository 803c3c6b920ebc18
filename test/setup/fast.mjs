/**
 * `npm run test:fast`: unit and property tests, without a build, with fewer random worlds than `npm test` plays. Files share their modules, which
 * saves a third of the time; those that mock modules get their own. It leaves out the README's samples, which need the type checker.
 */
import { spawnSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../..", import.meta.url));
const LEFT_OUT = ["test/unit/readme.test.ts"];
/** Worlds and datagrams of the random tests; see each. */
const COUNTS = { SWARM: "100", SESSIONS: "50", FUZZ: "3000" };

const files = ["test/unit", "test/property"]
  .flatMap((folder) => readdirSync(join(root, folder)).map((name) => `${folder}/${name}`))
  .filter((file) => file.endsWith(".test.ts") && !LEFT_OUT.includes(file));
const mocks = (file) => /\bvi\.(mock|doMock|resetModules)\(/.test(readFileSync(join(root, file), "utf8"));

/** @returns whether all passed. */
function run(some, report, ...options) {
  const args = ["run", ...some, ...options, `--outputFile.json=build/reports/${report}.json`];
  const env = { ...COUNTS, ...process.env };
  return (
    spawnSync(process.execPath, ["node_modules/vitest/vitest.mjs", ...args], { cwd: root, env, stdio: "inherit" })
      .status === 0
  );
}

const shared = run(
  files.filter((file) => !mocks(file)),
  "fast",
  "--no-isolate",
);
const apart = run(files.filter(mocks), "fast-mocks");
process.exitCode = shared && apart ? 0 : 1;
