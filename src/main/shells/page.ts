import { readdirSync, readFileSync } from "node:fs";
import { extname, join, sep } from "node:path";
import { Refusal } from "#shared/model/refusal.ts";

export type PageFile = { body: Buffer; type: string };

/** The built page by URL path. A path that is not a key does not exist. */
export type Page = ReadonlyMap<string, PageFile>;

const TYPES: Record<string, string> = {
  ".css": "text/css; charset=utf-8",
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".png": "image/png",
  ".svg": "image/svg+xml",
  ".woff2": "font/woff2",
};

/** Sent with every answer. The page needs no inline script or style, no frame and no eval, so none is allowed. */
export const PAGE_HEADERS: Readonly<Record<string, string>> = {
  "Content-Security-Policy": [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "img-src 'self'",
    "font-src 'self'",
    "connect-src 'self'",
    "object-src 'none'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
    "require-trusted-types-for 'script'",
    "trusted-types 'none'",
  ].join("; "),
  "X-Content-Type-Options": "nosniff",
  "X-Frame-Options": "DENY",
  "Referrer-Policy": "no-referrer",
  "Cross-Origin-Opener-Policy": "same-origin",
  "Cross-Origin-Resource-Policy": "same-origin",
  "Cache-Control": "no-store",
};

/** Reads the built page into memory, so that no path, however it is written, reaches the disk. */
export function loadPage(folder: string): Page {
  const files = new Map<string, PageFile>();
  for (const entry of readBuilt(folder)) {
    const type = TYPES[extname(entry)];
    if (!type) continue;
    files.set(`/${entry.replaceAll(sep, "/")}`, { body: readFileSync(join(folder, entry)), type });
  }
  const index = files.get("/index.html");
  if (!index) throw notBuilt(folder);
  return files.set("/", index);
}

function readBuilt(folder: string): string[] {
  try {
    return readdirSync(folder, { recursive: true, encoding: "utf8" });
  } catch (error) {
    throw notBuilt(folder, error);
  }
}

const notBuilt = (folder: string, cause?: unknown) =>
  new Refusal("unusable", `the page is not built (no index.html in ${folder}); run "npm run build"`, {
    cause,
  });
