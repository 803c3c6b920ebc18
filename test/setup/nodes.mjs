/**
 * Runs the tests that need no browser under each Node that the package is for (`npm run test:nodes`), or under those that are
 * named (`npm run test:nodes -- 24`). The binaries are npm's package `node`, put into build/nodes. It does not build
 * (`pretest:nodes` does), and node_modules stays as it is: what is native there has to fit every version.
 */
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync } from "node:fs";
import { delimiter, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const VERSIONS = ["20", "22", "24"];
const FOLDERS = ["unit", "property", "vectors", "sim", "compliance", "integration"].map((name) => `test/${name}`);

const root = fileURLToPath(new URL("../..", import.meta.url));

/** The newest binary of a major version. @throws Error if npm cannot install it. */
function install(version) {
  const folder = join(root, "build/nodes", version);
  mkdirSync(folder, { recursive: true });
  const args = ["install", "--prefix", folder, "--no-save", "--no-audit", "--no-fund", `node@${version}`];
  const { status, stderr, error } = spawnSync("npm", args, { cwd: folder, encoding: "utf8" });
  const binary = join(folder, "node_modules/node/bin/node");
  if (status === 0 && existsSync(binary)) return binary;
  throw new Error(`node@${version} could not be installed: ${error?.message ?? stderr.trim().split("\n")[0]}`);
}

/** Failed tests, and files that failed before their first test. */
function failures({ numFailedTests, testResults }) {
  const withoutTest = testResults.filter(
    ({ status, assertionResults }) => status === "failed" && !assertionResults.some((test) => test.status === "failed"),
  );
  return numFailedTests + withoutTest.length;
}

/** Prints one line of the result. @returns whether all passed. @throws Error if no test ran. */
function run(version) {
  const binary = install(version);
  const report = join(root, `build/reports/node-${version}.json`);
  const args = ["run", ...FOLDERS, "--reporter=dot", "--reporter=json", "--silent=passed-only"];
  const { status } = spawnSync(binary, ["node_modules/vitest/vitest.mjs", ...args, `--outputFile.json=${report}`], {
    cwd: root,
    env: { ...process.env, PATH: `${dirname(binary)}${delimiter}${process.env.PATH}` },
    stdio: "inherit",
  });
  if (!existsSync(report)) throw new Error(`node ${version}: no test ran (exit code ${status})`);
  const result = JSON.parse(readFileSync(report, "utf8"));
  const { stdout } = spawnSync(binary, ["--version"], { encoding: "utf8" });
  console.log(`node ${stdout.trim()}: ${result.numPassedTests} passed, ${failures(result)} failed`);
  return status === 0;
}

const asked = process.argv.slice(2);
const unknown = asked.find((version) => !VERSIONS.includes(version));
if (unknown !== undefined) {
  console.error(`expected versions of Node among ${VERSIONS.join(", ")}, got ${unknown}`);
  process.exit(2);
}
for (const version of asked.length > 0 ? asked : VERSIONS) {
  try {
    if (!run(version)) process.exitCode = 1;
  } catch (error) {
    console.error(error.message);
    process.exitCode = 1;
  }
}
