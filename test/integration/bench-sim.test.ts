/** The simulation bench as a process of its own, with workers. */
import { execFileSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";

const root = fileURLToPath(new URL("../..", import.meta.url));

describe("the figures", () => {
  it("are the same from one worker process and from two", () => {
    const run = (workers: number): string =>
      execFileSync(
        process.execPath,
        [
          "--no-warnings",
          "--loader",
          "ts-node/esm",
          "bench/sim/main.ts",
          "--hz",
          "60",
          "--rtt",
          "40",
          "--loss",
          "0.05,0.1",
          "--shape",
          "random",
          "--scheme",
          "off,tcp,bound",
          "--patches",
          "300",
          "--workers",
          `${workers}`,
        ],
        { cwd: root, encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] },
      );
    const one = run(1);
    expect(one.split("\n").filter((line) => line.startsWith("| off"))).toHaveLength(2);
    expect(run(2)).toBe(one);
  }, 120_000);
});
