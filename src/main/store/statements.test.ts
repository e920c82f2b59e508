import { readFileSync } from "node:fs";
import { glob } from "node:fs/promises";
import { expect, test } from "vitest";

const ROOT = `${import.meta.dirname}/../../..`;

/** A call that passes SQL to SQLite, with its argument: generics, then the first argument. */
const CALL = /\.(?:prepare|exec|pragma)\s*(?:<(?:[^<>()]|<[^<>]*>)*>)?\s*\(\s*(`(?:[^`\\]|\\.)*`|[^)]*)/g;
const PIECE = /\$\{([^{}]*)\}/g;

/** A constant of a file, a product of numbers, or what is called `sql` because it is nothing else. */
const isConstant = (piece: string): boolean => /^[A-Z][A-Z_]*$|^[\d\s*]+$|^sql$/.test(piece.trim());

/** The version that a step of the schema leads to. */
const ALLOWED = new Set(["user_version = ${version}"]);

test("no value is written into a statement: what stands in one is a constant of this program", async () => {
  const wrong: string[] = [];
  let statementCount = 0;
  for await (const file of glob("src/main/**/*.ts", { cwd: ROOT })) {
    if (/\.test\.ts$|\/testing\//.test(file)) continue;
    for (const [, text = ""] of readFileSync(`${ROOT}/${file}`, "utf8").matchAll(CALL)) {
      statementCount++;
      const pieces = Array.from(text.startsWith("`") ? text.matchAll(PIECE) : [], ([, piece = ""]) => piece);
      const isJoined = !text.startsWith("`") && /["'`]\s*\+|\+\s*["'`]/.test(text);
      if ((isJoined || !pieces.every(isConstant)) && !ALLOWED.has(text.slice(1, -1)))
        wrong.push(`${file}: ${text}`);
    }
  }
  expect(wrong).toEqual([]);
  expect(statementCount).toBeGreaterThan(80);
});

test.each([
  "db.prepare(`SELECT ${name}`)",
  "db.prepare<[], Row<X>>(`a ${A} ${host}`)",
  'db.exec("DROP " + name)',
])("%s would be found", (code) => {
  const [, text = ""] = [...code.matchAll(CALL)][0] ?? [];
  const pieces = Array.from(text.matchAll(PIECE), ([, piece = ""]) => piece);
  expect(pieces.every(isConstant) && !text.includes("+")).toBe(false);
});
