/** The development server's command as a process of its own. */
import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";

describe("the development server's command line", () => {
  it("is refused with one line and exit code 2", () => {
    const root = fileURLToPath(new URL("../..", import.meta.url));
    const { status, stdout, stderr } = spawnSync(
      process.execPath,
      ["--no-warnings", "--loader", "ts-node/esm", "sample-game/dev.ts", "--bots", "x"],
      { cwd: root, encoding: "utf8" },
    );
    expect(stderr).toBe('"--bots" expected a whole number, 0..80, got x\n');
    expect([status, stdout]).toEqual([2, ""]);
  }, 120_000);
});
