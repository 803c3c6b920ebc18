/** The README's TypeScript samples, against the package's own types, with the compiler options that it names. */

import ts from "typescript";
import { expect, test } from "vitest";
import { root, samples } from "./readme-samples.js";

/** What a sample that is no whole file takes for granted. */
const PRELUDE = `import { FecTransport } from "colyseus-fec"; import { FecClient } from "colyseus-fec/client"; declare const url: string;`;

test("its TypeScript samples type-check", () => {
  const files = new Map(
    samples.map((code, i) => [`${root}readme-sample-${i}.mts`, /^import /m.test(code) ? code : `${PRELUDE}\n${code}`]),
  );
  expect(files.size).toBeGreaterThanOrEqual(4);
  const options: ts.CompilerOptions = {
    strict: true,
    noEmit: true,
    skipLibCheck: true,
    target: ts.ScriptTarget.ES2022,
    module: ts.ModuleKind.NodeNext,
    types: ["node"],
    lib: ["lib.es2022.d.ts", "lib.dom.d.ts", "lib.esnext.decorators.d.ts"],
    paths: {
      "colyseus-fec": [`${root}plugin/server/index.ts`],
      "colyseus-fec/client": [`${root}plugin/client/index.ts`],
    },
  };
  const host = ts.createCompilerHost(options);
  const { readFile, fileExists, getSourceFile } = host;
  host.fileExists = (name) => files.has(name) || fileExists(name);
  host.readFile = (name) => files.get(name) ?? readFile(name);
  host.getSourceFile = (name, version, ...rest) =>
    files.has(name) ? ts.createSourceFile(name, files.get(name)!, version) : getSourceFile(name, version, ...rest);
  const program = ts.createProgram([...files.keys()], options, host);
  const problems = [...files.keys()].flatMap((name) => {
    const file = program.getSourceFile(name)!;
    return [...program.getSyntacticDiagnostics(file), ...program.getSemanticDiagnostics(file)];
  });
  expect(
    problems.map(
      ({ file, messageText }) =>
        `${file?.fileName.slice(root.length)}: ${ts.flattenDiagnosticMessageText(messageText, " ")}`,
    ),
  ).toEqual([]);
}, 120_000);
