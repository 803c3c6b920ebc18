/**
 * What the client counterpart adds to a browser's bundle: the SDK alone, and the SDK with FecClient in its place, each minified for the browser.
 *
 *   npm run bench:bundle
 */
import { gzipSync } from "node:zlib";
import { build, type Rollup } from "vite";

const ENTRIES = {
  "@colyseus/sdk": `import { ColyseusSDK } from "@colyseus/sdk"; globalThis.client = new ColyseusSDK();`,
  "colyseus-fec/client": `import { FecClient, linkControl, linkStats } from "colyseus-fec/client"; Object.assign(globalThis, { client: new FecClient(), linkControl, linkStats });`,
};
const ENTRY = "bundle-entry";

/** Bytes of the bundle of this code, and of it compressed by gzip. */
async function bundle(code: string): Promise<{ bytes: number; gzipBytes: number }> {
  const result = await build({
    configFile: false,
    logLevel: "warn",
    root: import.meta.dirname,
    build: { write: false, rollupOptions: { input: ENTRY } },
    plugins: [
      {
        name: ENTRY,
        resolveId: (id) => (id === ENTRY ? id : undefined),
        load: (id) => (id === ENTRY ? code : undefined),
      },
    ],
  });
  const outputs = (Array.isArray(result) ? result : [result]) as Rollup.RollupOutput[];
  const text = outputs
    .flatMap(({ output }) => output.flatMap((chunk) => (chunk.type === "chunk" ? [chunk.code] : [])))
    .join("");
  if (text === "") throw new Error("vite gave no code");
  return { bytes: Buffer.byteLength(text), gzipBytes: gzipSync(text, { level: 9 }).length };
}

const [sdk, fec] = [await bundle(ENTRIES["@colyseus/sdk"]), await bundle(ENTRIES["colyseus-fec/client"])];
for (const [name, { bytes, gzipBytes }] of Object.entries({
  "@colyseus/sdk": sdk,
  "colyseus-fec/client, the SDK in it": fec,
}))
  console.log(`${name}: ${bytes} bytes, ${gzipBytes} by gzip`);
console.log(`added: ${fec.bytes - sdk.bytes} bytes, ${fec.gzipBytes - sdk.gzipBytes} by gzip`);
