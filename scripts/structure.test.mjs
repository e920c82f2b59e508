import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { readSource } from "./structure/sources.mjs";
import { findWord } from "./structure/words.mjs";
import { compare, measure } from "./structure.mjs";

const root = mkdtempSync(join(tmpdir(), "latchkey-structure-"));
afterAll(() => rmSync(root, { recursive: true }));

/** @param {string} text */
const read = (text) => readSource("src/a.tsx", text, () => null);

test("a project is counted by its production files, imports of types and later imports included", () => {
  const files = {
    "package.json": '{ "imports": { "#shared/*": "./src/shared/*" } }',
    "README.md": "It is greeted.\n",
    "src/main/a.ts":
      'import { b } from "./b.ts";\nimport type { C } from "#shared/c.ts";\nexport const a = (c: C) => b(c);\n',
    "src/main/b.ts":
      'import type { a } from "./a.ts";\nexport const b = (rogue: unknown): typeof a => rogue as typeof a;\n',
    "src/main/later.ts": "export const later = 1;\n".repeat(31),
    "src/main/start.ts":
      'import { a } from "./a.ts";\nconst { later } = await import("./later.ts");\na(later);\n',
    "src/main/a.test.ts": "export const untold = 1;\n",
    "src/main/testing/b.ts": "export const untold = 1;\n",
    "src/shared/c.ts": "export type C = number;\n",
  };
  for (const [file, text] of Object.entries(files)) {
    mkdirSync(dirname(join(root, file)), { recursive: true });
    writeFileSync(join(root, file), text);
  }
  const path = { title: "path", entries: ["src/main/start.ts"], except: ["src/shared/"] };
  const figures = measure(root, { path });
  expect(Object.fromEntries(Object.entries(figures).map(([key, { count }]) => [key, count]))).toEqual({
    files: 5,
    lines: 40,
    shortFiles: 4,
    lonelyShortFiles: 3,
    singleImporter: 3,
    sameFolder: 2,
    literalSpreads: 0,
    borrowedTypes: 0,
    circles: 2,
    fullFolders: 0,
    runFiles: 0,
    wordsInNames: 1,
    wordsInTexts: 1,
    path: 4,
  });
  expect(figures.wordsInNames?.list).toEqual(["rogue: not rogue, but unapproved, --unapproved"]);
  expect(figures.wordsInTexts?.list).toEqual(['README.md: not "greeted", but handshake, probe']);
  expect(() => measure(root, { path: { ...path, entries: ["src/main/gone.ts"] } })).toThrow(
    "src/main/gone.ts is an entry point of scripts/structure/paths.json, but no file: name its successor there",
  );
});

test("only literals that are spread count, into objects, arrays, calls and elements", () => {
  expect(
    read("f({ ...{ a }, ...b, ...(c && { d }) }, ...[1], ...e); const x = [...([2] as const)];").spreads,
  ).toBe(3);
  expect(read("const y = <p {...{ a: 1 }} {...z} />;").spreads).toBe(1);
});

test("borrowed types count in what is exported, not in what a file keeps for itself", () => {
  const exported = [
    'export type A = Pick<X, "a"> & Omit<X, "b">;',
    'export const b = (x: Parameters<typeof f>[0]): Omit<X, "a"> => x;',
    'type C = Pick<X, "a">;\nexport { type C };',
  ];
  expect(exported.flatMap((text) => read(text).borrowed)).toEqual([
    "Pick",
    "Omit",
    "Parameters",
    "Omit",
    "Pick",
  ]);
  const own = [
    'type A = Pick<X, "a">;',
    'export function f() { const x: Pick<X, "a"> = g(); return x; }',
    'export const g = h<Pick<X, "a">>();',
  ];
  expect(own.flatMap((text) => read(text).borrowed)).toEqual([]);
});

test("names are those that are declared, and texts those of two words", () => {
  const { names, texts } = read(`
    export function one({ two, three: four }: Five, [six] = seven): "eight-nine" { return { ten: eleven(), twelve } }
    const kinds = z.enum(["thirteen"]);
    const page = <p title="one word">two words {"single"} {\`three \${x} more words\`}</p>;
  `);
  const declared = ["one", "two", "four", "six", "eight-nine", "ten", "kinds", "thirteen", "page"];
  expect([...names].sort()).toEqual(declared.sort());
  expect(texts).toEqual(["one word", "two words ", " more words"]);
});

test("a word that is not used here is found in every way to write a name, but not where the field has it", () => {
  expect(["sayHost", "LOOKED_AT", "read-half.ts", "Given"].map((name) => findWord(name)?.not)).toEqual([
    "say*",
    "look, look at, look again, recheck",
    "half, private half, public half",
    "Given, Said, Near, Means (types)",
  ]);
  expect(["lookUpName", "keyPair", "DistributionPoint", "gateway", "handle"].map(findWord)).toEqual(
    Array(5).fill(undefined),
  );
});

test("a figure over its limit is named with the difference; a limit far above its figure is to follow it", () => {
  const figure = (/** @type {string} */ title, /** @type {number} */ count) => ({ title, count, list: [] });
  const figures = { a: figure("as", 12), b: figure("bs", 80), c: figure("cs", 98), d: figure("ds", 1) };
  expect(compare(figures, { a: 10, b: 100, c: 105 })).toEqual({
    over: ["as: 12, 2 over the limit of 10 (--list a)", "ds: 1, 1 over the limit of 0 (--list d)"],
    loose: ['bs: 80, limit 100: lower "b" in scripts/structure/limits.json'],
  });
});
