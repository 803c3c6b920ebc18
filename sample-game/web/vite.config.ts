/**
 * Builds the arena's page into build/arena-page, and serves it with reloads in development (`npm run dev`), where matchmaking
 * and WebSockets go on to the arena's own server.
 */
import { fileURLToPath } from "node:url";
import { defineConfig } from "vite";

const path = (relative: string) => fileURLToPath(new URL(relative, import.meta.url));

/** Where `npm run dev` finds the arena's server. */
const server = process.env["ARENA_SERVER"] ?? "http://localhost:2567";

export default defineConfig({
  root: path("."),
  base: "./",
  resolve: {
    // The plugin's browser entry from its sources, so that an edit there reloads the page too.
    alias: [
      { find: /^colyseus-fec\/client$/, replacement: path("../../plugin/client/browser.ts") },
      { find: /^colyseus-fec\/netem$/, replacement: path("../../plugin/netem/index.ts") },
      { find: /^colyseus-fec\/core$/, replacement: path("../../plugin/core/index.ts") },
    ],
  },
  build: {
    outDir: path("../../build/arena-page"),
    emptyOutDir: true,
    target: "es2022",
    chunkSizeWarningLimit: 900,
    rolldownOptions: { checks: { pluginTimings: false } },
  },
  server: {
    port: 5173,
    host: true,
    proxy: {
      "/matchmake": { target: server },
      // A room's WebSocket: /process/room?sessionId=...; Vite's own is left alone.
      "^/[\\w-]+/[\\w-]+\\?.*sessionId=": { target: server, ws: true },
    },
  },
});
