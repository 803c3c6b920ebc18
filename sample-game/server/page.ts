/**
 * Serves the built page from the server's own HTTP port. All files are read once: what is not in the folder at the start cannot
 * be asked for, whatever the path says.
 */
import { readdirSync, readFileSync, statSync } from "node:fs";
import type { IncomingMessage, ServerResponse } from "node:http";
import { extname, join, sep } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";

/** Where `npm run build:page` puts the page. */
export const PAGE_FOLDER = fileURLToPath(new URL("../../build/arena-page", import.meta.url));

const TYPES: Readonly<Record<string, string>> = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".svg": "image/svg+xml",
  ".png": "image/png",
  ".json": "application/json",
};
/** Larger pages than this are none of ours, bytes. */
const FOLDER_BYTES_MAX = 64 * 1024 * 1024;

interface PageFile {
  readonly bytes: Buffer;
  readonly zipped: Buffer;
  readonly type: string;
  /** Its name changes with its content. */
  readonly hashed: boolean;
}

export type PageHandler = (request: IncomingMessage, response: ServerResponse, next: () => void) => void;

/** @returns undefined if there is no page in the folder. @throws Error if the folder is absurdly large. */
export function createPageHandler(folder: string): PageHandler | undefined {
  const files = readFolder(folder);
  if (!files.has("/index.html")) return undefined;
  return (request, response, next) => {
    const path = (request.url ?? "").split("?")[0]!;
    const file = files.get(path === "/" ? "/index.html" : path);
    if (file === undefined || (request.method !== "GET" && request.method !== "HEAD")) return next();
    const zip = /\bgzip\b/.test(request.headers["accept-encoding"] ?? "");
    response.setHeader("content-type", file.type);
    response.setHeader("cache-control", file.hashed ? "public, max-age=31536000, immutable" : "no-cache");
    response.setHeader("vary", "accept-encoding");
    response.setHeader("x-content-type-options", "nosniff");
    if (zip) response.setHeader("content-encoding", "gzip");
    const body = zip ? file.zipped : file.bytes;
    response.setHeader("content-length", body.byteLength);
    response.end(request.method === "HEAD" ? undefined : body);
  };
}

function readFolder(folder: string): Map<string, PageFile> {
  const files = new Map<string, PageFile>();
  let total = 0;
  for (const name of listFiles(folder)) {
    const bytes = readFileSync(join(folder, name));
    total += bytes.byteLength;
    if (total > FOLDER_BYTES_MAX) throw new Error(`"${folder}" expected at most ${FOLDER_BYTES_MAX} bytes`);
    const path = `/${name.split(sep).join("/")}`;
    const type = TYPES[extname(name)] ?? "application/octet-stream";
    files.set(path, { bytes, zipped: gzipSync(bytes), type, hashed: path.startsWith("/assets/") });
  }
  return files;
}

function listFiles(folder: string): string[] {
  if (statSync(folder, { throwIfNoEntry: false })?.isDirectory() !== true) return [];
  return readdirSync(folder, { recursive: true, encoding: "utf8" }).filter((name) =>
    statSync(join(folder, name)).isFile(),
  );
}
