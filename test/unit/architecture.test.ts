/** The import arrows between the folders (docs/ARCHITECTURE.md), file sizes, and the bans of the sans-IO folders, held by reading the sources. */
import { readFileSync, readdirSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";

const root = fileURLToPath(new URL("../..", import.meta.url));

/** Folder of plugin/ (and of core/): what its files may import, as folders or packages. */
const ARROWS: Record<string, string[]> = {
  "plugin/core/wire": ["plugin/core/wire", "plugin/core"],
  "plugin/core/fec": ["plugin/core/fec", "plugin/core"],
  "plugin/core/control": ["plugin/core/control", "plugin/core"],
  "plugin/core/send": ["plugin/core/send", "plugin/core", "plugin/core/fec", "plugin/core/wire", "plugin/core/control"],
  "plugin/core/receive": [
    "plugin/core/receive",
    "plugin/core",
    "plugin/core/fec",
    "plugin/core/wire",
    "plugin/core/control",
  ],
  "plugin/core": [
    "plugin/core",
    "plugin/core/fec",
    "plugin/core/wire",
    "plugin/core/control",
    "plugin/core/send",
    "plugin/core/receive",
  ],
  "plugin/netem": ["plugin/netem"],
  "plugin/host": ["plugin/host"],
  "plugin/channels": ["plugin/channels", "plugin/core", "plugin/netem", "plugin/host", "node:"],
  "plugin/session": ["plugin/session", "plugin/channels", "plugin/core", "plugin/netem", "plugin/host"],
  "plugin/server": [
    "plugin/server",
    "plugin/session",
    "plugin/channels",
    "plugin/core",
    "plugin/netem",
    "plugin/host",
    "@colyseus/core",
    "@colyseus/schema",
    "@colyseus/ws-transport",
    "ws",
    "debug",
    "node:",
  ],
  "plugin/client": [
    "plugin/client",
    "plugin/session",
    "plugin/channels",
    "plugin/core",
    "plugin/netem",
    "plugin/host",
    "@colyseus/sdk",
    "node:",
  ],
};

/** Files of core/ itself that the parts below the link may import. */
const SHARED_CORE = ["front-views", "limits", "seq", "stats", "symbol", "repair-value"];

describe("the sources", () => {
  for (const file of sources("plugin")) {
    it(`${file} keeps to the import arrows`, () => {
      const folder = Object.keys(ARROWS)
        .sort((a, b) => b.length - a.length)
        .find((f) => file.startsWith(`${f}/`))!;
      for (const target of imports(file)) {
        const allowed = ARROWS[folder]!.some((a) =>
          a.startsWith("plugin")
            ? within(target, a, folder)
            : target === a || target.startsWith(a.endsWith(":") ? a : `${a}/`),
        );
        expect(allowed, `${file} imports ${target}`).toBe(true);
        if (/^plugin\/core\/[a-z]+$/.test(folder) && dirname(target) === "plugin/core") {
          expect(SHARED_CORE, `${file} imports ${target}`).toContain(target.slice("plugin/core/".length));
        }
      }
    });
  }

  it("import each other in no circle, types included", () => {
    expect(circleIn(sources("plugin"))).toBeUndefined();
  });

  it("import neither test nor bench", () => {
    for (const file of [...sources("plugin"), ...sources("sample-game")]) {
      for (const target of imports(file))
        expect(/^(test|bench)\//.test(target), `${file} imports ${target}`).toBe(false);
    }
  });

  it("the sample game imports the package by its exports only", () => {
    for (const file of sources("sample-game")) {
      for (const target of imports(file)) expect(target.startsWith("plugin/"), `${file} imports ${target}`).toBe(false);
    }
  });

  it("have at most 500 lines, or say why on line 1", () => {
    for (const file of [...sources("plugin"), ...sources("sample-game"), ...sources("bench"), ...sources("test")]) {
      const lines = read(file).split("\n");
      if (lines.length > 501) expect(lines[0], `${file} has ${lines.length} lines`).toMatch(/lines/i);
    }
  });

  it("of core and netem know no clock, randomness, timer or host object", () => {
    for (const file of [...sources("plugin/core"), ...sources("plugin/netem")]) {
      expect(code(file), file).not.toMatch(
        /(?<![-\w])(Date\.now|performance\.now|Math\.random|setTimeout|setInterval|queueMicrotask|Buffer\.|process\.|console\.|new Promise|async )/,
      );
    }
  });

  it("of plugin outside host/ have no timers or clock of their own", () => {
    // core and netem have the stricter rule above.
    const timed = sources("plugin")
      .filter((file) => !/^plugin\/(host|core|netem)\//.test(file))
      .filter((file) =>
        /(?<![.#\w])(setTimeout|setInterval|setImmediate|clearTimeout|clearInterval)\b|performance\.now|Date\.now|node:timers/.test(
          code(file),
        ),
      );
    expect(timed).toEqual([]);
  });

  it("of the client's browser entry reach no node module", () => {
    const seen = new Set<string>();
    const visit = (file: string): void => {
      if (seen.has(file)) return;
      seen.add(file);
      for (const target of imports(file)) {
        expect(target.startsWith("node:"), `${file} imports ${target}`).toBe(false);
        if (target.startsWith("plugin/")) visit(`${target}.ts`);
      }
    };
    visit("plugin/client/browser.ts");
    expect(seen.size).toBeGreaterThan(10);
  });
});

/** The files of a circle of imports, in order; undefined if there is none. */
function circleIn(files: readonly string[]): string[] | undefined {
  const done = new Set<string>();
  const visit = (file: string, trail: readonly string[]): string[] | undefined => {
    if (trail.includes(file)) return [...trail.slice(trail.indexOf(file)), file];
    if (done.has(file)) return undefined;
    done.add(file);
    for (const target of imports(file).filter((each) => files.includes(`${each}.ts`))) {
      const circle = visit(`${target}.ts`, [...trail, file]);
      if (circle) return circle;
    }
    return undefined;
  };
  for (const file of files) {
    const circle = visit(file, []);
    if (circle) return circle;
  }
  return undefined;
}

function within(target: string, folder: string, from: string): boolean {
  // Inside core, "plugin/core" means its own files; from outside, the whole of it.
  return folder === "plugin/core" && from.startsWith(folder)
    ? dirname(target) === folder
    : target.startsWith(`${folder}/`);
}

function sources(folder: string): string[] {
  return readdirSync(join(root, folder), { recursive: true, encoding: "utf8" })
    .filter((f) => f.endsWith(".ts") && !f.endsWith(".d.ts") && !f.includes("node_modules"))
    .map((f) => join(folder, f))
    .sort();
}

function read(file: string): string {
  return readFileSync(join(root, file), "utf8");
}

/** A file without its comments. */
function code(file: string): string {
  return read(file).replace(/\/\*[\s\S]*?\*\/|\/\/.*/g, "");
}

/** What a file imports: paths from the root without extension, or package names. */
function imports(file: string): string[] {
  const found = read(file).matchAll(
    /(?:^|\n)\s*(?:import|export)\s[^"'`;]*?from\s+"([^"]+)"|(?:^|\n)\s*import\s+"([^"]+)"|import\("([^"]+)"\)/g,
  );
  return [...found]
    .map((m) => m[1] ?? m[2] ?? m[3]!)
    .map((target) =>
      target.startsWith(".") ? relative(root, resolve(root, dirname(file), target)).replace(/\.(js|ts)$/, "") : target,
    );
}
