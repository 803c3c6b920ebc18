import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";

const source = (path: string) => fileURLToPath(new URL(`./plugin/${path}`, import.meta.url));

export default defineConfig({
  resolve: {
    // Longest first: a plain "colyseus-fec" would also match its subpaths.
    alias: [
      { find: "colyseus-fec/client", replacement: source("client/index.ts") },
      { find: "colyseus-fec/core", replacement: source("core/index.ts") },
      { find: "colyseus-fec/netem", replacement: source("netem/index.ts") },
      { find: /^colyseus-fec$/, replacement: source("server/index.ts") },
    ],
  },
  test: {
    include: ["test/**/*.test.ts"],
    reporters: ["default", "json"],
    outputFile: { json: "build/test-report.json" },
    testTimeout: 30_000,
    hookTimeout: 30_000,
    maxWorkers: 2,
    // CI's machine is shared, and real sockets, clocks and browsers feel it: what failed is played once more, and the report says so.
    retry: process.env.CI ? 1 : 0,
  },
});
