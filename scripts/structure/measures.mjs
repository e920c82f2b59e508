import { dirname } from "node:path";

/**
 * @typedef {import("./sources.mjs").Sources} Sources
 * @typedef {string[]} Places where something was counted: `--list` prints them
 */

/** A file of so many lines or fewer is short. */
const SHORT = 30;
/** A folder of more files than these needs folders. */
const FULL = 20;

/** @param {Sources} sources @returns {Places} */
export const listShortFiles = (sources) =>
  [...sources.values()].filter(({ lines }) => lines <= SHORT).map(({ file }) => file);

/**
 * Short files that are not imported from two other folders, and are imported at all: what nobody imports is an entry point.
 *
 * @param {Sources} sources
 * @returns {Places}
 */
export function listLonelyShortFiles(sources) {
  const importers = findImporters(sources);
  return listShortFiles(sources).filter((file) => {
    const by = importers.get(file) ?? [];
    return by.length > 0 && new Set(by.map(dirname).filter((folder) => folder !== dirname(file))).size < 2;
  });
}

/**
 * @param {Sources} sources
 * @returns {{ all: Places, sameFolder: Places }} files that a single file imports; those that stand beside it
 */
export function listSingleImporterFiles(sources) {
  const single = [...findImporters(sources)].filter(([, by]) => by.length === 1);
  const say = (/** @type {[string, string[]]} */ [file, [by]]) => `${file} <- ${by}`;
  const sameFolder = single.filter(([file, [by = ""]]) => dirname(by) === dirname(file));
  return { all: single.map(say), sameFolder: sameFolder.map(say) };
}

/** @param {Sources} sources */
function findImporters(sources) {
  /** @type {Map<string, string[]>} */
  const importers = new Map();
  for (const { file, imports } of sources.values())
    for (const imported of new Set(imports.map((each) => each.file)))
      importers.set(imported, [...(importers.get(imported) ?? []), file]);
  return importers;
}

/** @param {Sources} sources @returns {Places} a file as often as it spreads a literal */
export const listLiteralSpreads = (sources) =>
  [...sources.values()].flatMap(({ file, spreads }) => Array(spreads).fill(file));

/** @param {Sources} sources @returns {Places} */
export const listBorrowedTypes = (sources) =>
  [...sources.values()].flatMap(({ file, borrowed }) => borrowed.map((name) => `${file}: ${name}`));

/**
 * Files that lead back to themselves by imports of any kind, those of types included.
 *
 * @param {Sources} sources
 * @returns {Places}
 */
export function listCircles(sources) {
  /** @type {Map<string, number>} */
  const low = new Map();
  /** @type {string[]} */
  const stack = [];
  /** @type {Places} */
  const circles = [];
  const open = new Set();
  for (const file of sources.keys()) if (!low.has(file)) visit(file);
  return circles;

  /** Tarjan's strongly connected components. @param {string} file */
  function visit(file) {
    const index = low.size;
    low.set(file, index);
    stack.push(file);
    open.add(file);
    let lowest = index;
    for (const { file: next } of sources.get(file)?.imports ?? []) {
      if (!low.has(next)) visit(next);
      if (open.has(next)) lowest = Math.min(lowest, low.get(next) ?? lowest);
    }
    low.set(file, lowest);
    if (lowest !== index) return;
    const circle = stack.splice(stack.indexOf(file));
    for (const each of circle) open.delete(each);
    if (circle.length > 1) circles.push(...circle);
  }
}

/** @param {Sources} sources @returns {Places} folders with more files than may stand side by side */
export const listFullFolders = (sources) =>
  [...Map.groupBy(sources.keys(), (file) => dirname(file))]
    .filter(([, files]) => files.length > FULL)
    .map(([folder, files]) => `${folder}: ${files.length}`);

/** An entry point that has been moved, renamed or deleted. */
export class GoneEntry extends Error {
  /** @param {string} file */
  constructor(file) {
    super(`${file} is an entry point of scripts/structure/paths.json, but no file: name its successor there`);
  }
}

/**
 * The files that some entry points lead to by imports of values (types vanish), without what `except` begins like.
 *
 * @param {Sources} sources
 * @param {{ entries: readonly string[], except: readonly string[] }} path
 * @returns {Places} with the entry points; throws a GoneEntry
 */
export function followImports(sources, { entries, except }) {
  const found = new Set(entries);
  for (const file of found) {
    const source = sources.get(file);
    if (!source) throw new GoneEntry(file);
    for (const { file: next, isType } of source.imports)
      if (!isType && !except.some((folder) => next.startsWith(folder))) found.add(next);
  }
  return [...found];
}
