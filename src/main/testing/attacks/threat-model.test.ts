import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { expect, test } from "vitest";

const DOCUMENT = join(import.meta.dirname, "../../../../docs/security.md");
/** A link to a test, and the name of one of its tests: `[file](../path): "name"`. */
const NAMED_TEST = /\]\((\.\.\/[^)]+\.(?:test|spec)\.tsx?)\)(?::? "([^"]+)")?/g;

test("each wall of the threat model names a test that is there", () => {
  const text = readFileSync(DOCUMENT, "utf8");
  const named = [...text.matchAll(NAMED_TEST)].map(([, path = "", name]) => ({ path, name: name ?? null }));
  expect(named.length).toBeGreaterThan(0);
  const missing = named.filter(({ path, name }) => !isThere(join(dirname(DOCUMENT), path), name));
  expect(missing).toEqual([]);
});

test("no row of the threat model goes without a test, or without saying that there is none", () => {
  const tables = readFileSync(DOCUMENT, "utf8")
    .split(/\n\n+/)
    .map((part) => part.split("\n").filter((line) => line.startsWith("|")))
    .filter(([head = ""]) => /\| test +\|$/.test(head));
  expect(tables.length).toBeGreaterThan(0);
  const rows = tables.flatMap(([, , ...body]) => body);
  const bare = rows.filter(
    (row) => !/\]\(\.\.\/[^)]+\.(test|spec)\.tsx?\)/.test(row) && !/\| none: [^|]+\|$/.test(row),
  );
  expect(bare).toEqual([]);
});

function isThere(path: string, name: string | null): boolean {
  try {
    return name === null || readFileSync(path, "utf8").includes(name);
  } catch {
    return false;
  }
}
