/**
 * Before `npm test`: installs the browsers that test/browser drives where it may (root, apt-get), and else says in one line
 * what to install. With nothing missing it prints nothing. It installs no npm packages, and nothing that only benchmarks need.
 */
import { spawnSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";

const APT_GET = "/usr/bin/apt-get";

/** Debian's packages of the browsers that are missing. @throws Error if the environment names one that is not there. */
function missingPackages() {
  const browsers = JSON.parse(readFileSync(new URL("browsers.json", import.meta.url), "utf8"));
  return Object.entries(browsers).flatMap(([name, browser]) => {
    const asked = process.env[name.toUpperCase()];
    if (asked !== undefined && !existsSync(asked))
      throw new Error(`${name.toUpperCase()} names ${asked}, which is not there`);
    return asked !== undefined || browser.paths.some((path) => existsSync(path)) ? [] : [browser.package];
  });
}

/** @throws Error with the last line that apt-get said. */
function aptGet(...args) {
  const env = { ...process.env, DEBIAN_FRONTEND: "noninteractive" };
  const { status, stderr, error } = spawnSync(APT_GET, ["-qq", ...args], {
    env,
    encoding: "utf8",
    stdio: ["ignore", "ignore", "pipe"],
  });
  if (status === 0) return;
  const reason = error?.message ?? stderr.trim().split("\n").at(-1);
  throw new Error(`apt-get ${args.join(" ")} failed (${reason})`);
}

function installMissing() {
  const packages = missingPackages();
  if (packages.length === 0) return;
  const names = packages.join(" and ");
  if (process.getuid?.() !== 0 || !existsSync(APT_GET))
    throw new Error(
      `the tests need ${names}: install them (as root on Debian: apt-get install ${packages.join(" ")}), or name them: CHROMIUM=/path FIREFOX=/path`,
    );
  console.log(`installing ${names} for the browser tests ...`);
  aptGet("update");
  // A package manager that is at work already, as on a machine that has just started, is waited for, s.
  aptGet("-o", "DPkg::Lock::Timeout=300", "install", "-y", "--no-install-recommends", ...packages);
}

try {
  installMissing();
} catch (error) {
  console.error(error.message);
  process.exitCode = 1;
}
