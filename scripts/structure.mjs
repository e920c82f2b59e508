/**
 * How the program is built, in figures, each with its limit in structure/limits.json: fails where one is over it. A figure well
 * below its limit is named, so that the limit follows it.
 *
 * node scripts/structure.mjs              the table
 * node scripts/structure.mjs --list KEY   where a figure comes from: `literalSpreads`, `wordsInNames`, `rotation`, ...
 * node scripts/structure.mjs --set [AIR]  today's figures as limits, with so many per cent of air (else none)
 */
import { globSync, readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { say } from "./run.mjs";
import {
  followImports,
  GoneEntry,
  listBorrowedTypes,
  listCircles,
  listFullFolders,
  listLiteralSpreads,
  listLonelyShortFiles,
  listShortFiles,
  listSingleImporterFiles,
} from "./structure/measures.mjs";
import { readSources } from "./structure/sources.mjs";
import { listWrongNames, listWrongTexts } from "./structure/words.mjs";

/**
 * @typedef {Record<string, number>} Limits by the keys of their figures
 * @typedef {{ title: string, count: number, list: string[] }} Figure
 *
 * What some work goes through, by the keys of their figures: from files where it begins, `entries`, along imports of values. `except`
 * is not followed: words (src/shared), pure decisions (src/main/domain), and formats (src/main/codec), which are read when a question
 * leads there. The codec is as pure as the domain, bytes and values in and values out, and decides nothing: who follows a scan or a run
 * asks what is sent and written, not how DER or base64 is.
 *
 * What a run is given as a part by src/main/run-tools.ts is followed where it takes part (the session, an issuer's challenge, a probe), and
 * so stands among the entries. What takes no part does not: scripts for hosts that nobody gets to from here (runs/offline) are no step of a
 * rotation that is executed from here.
 *
 * @typedef {Record<string, { title: string, entries: string[], except: string[] }>} Paths
 */

/** A limit that is farther from its figure than this share of it, and than this number, is named as too high. */
const LOOSE = { share: 0.05, number: 10 };

const LIMITS = join(import.meta.dirname, "structure/limits.json");
const PATHS = join(import.meta.dirname, "structure/paths.json");

/**
 * @param {string} root
 * @param {Paths} paths
 * @returns {Record<string, Figure>}
 */
export function measure(root, paths) {
  const sources = readSources(root);
  const pages = ["README.md", "docs/*.md"].flatMap((pattern) => globSync(pattern, { cwd: root }));
  const texts = new Map(pages.map((file) => [file, readFileSync(join(root, file), "utf8")]));
  const single = listSingleImporterFiles(sources);
  const all = [...sources.values()];
  const inFolder = (/** @type {RegExp} */ folder) => [...sources.keys()].filter((file) => folder.test(file));
  const listed = (/** @type {string} */ title, /** @type {string[]} */ list) => ({
    title,
    count: list.length,
    list,
  });
  const lines = all.map((source) => `${source.lines} ${source.file}`);
  return {
    files: listed("files", [...sources.keys()]),
    lines: { title: "lines", count: all.reduce((sum, source) => sum + source.lines, 0), list: lines },
    shortFiles: listed("files of at most 30 lines", listShortFiles(sources)),
    lonelyShortFiles: listed("of these, not imported from two other folders", listLonelyShortFiles(sources)),
    singleImporter: listed("files with a single importer", single.all),
    sameFolder: listed("of these, importer in the same folder", single.sameFolder),
    literalSpreads: listed("literals spread into another", listLiteralSpreads(sources)),
    borrowedTypes: listed("Pick, Omit, Parameters in what is exported", listBorrowedTypes(sources)),
    circles: listed("files in circles of imports, types included", listCircles(sources)),
    fullFolders: listed("folders of more than 20 files", listFullFolders(sources)),
    runFiles: listed("files of features/runs", inFolder(/^src\/main\/features\/run(s|books)\//)),
    wordsInNames: listed("names with words that are not used here", listWrongNames(sources)),
    wordsInTexts: listed("the same in sentences and pages", listWrongTexts(sources, texts)),
    ...Object.fromEntries(
      Object.entries(paths).map(([key, path]) => [key, listed(path.title, followImports(sources, path))]),
    ),
  };
}

/**
 * What is over its limit, and what is so far below that the limit may follow; a figure without a limit is over it.
 *
 * @param {Record<string, Figure>} figures
 * @param {Limits} limits
 * @returns {{ over: string[], loose: string[] }} a sentence each
 */
export function compare(figures, limits) {
  const rows = Object.entries(figures).map(([key, { title, count }]) => ({
    key,
    title,
    count,
    limit: limits[key] ?? 0,
  }));
  const isLoose = (/** @type {{ count: number, limit: number }} */ { count, limit }) =>
    limit - count > Math.max(limit * LOOSE.share, LOOSE.number);
  return {
    over: rows
      .filter(({ count, limit }) => count > limit)
      .map(
        ({ key, title, count, limit }) =>
          `${title}: ${count}, ${count - limit} over the limit of ${limit} (--list ${key})`,
      ),
    loose: rows
      .filter(isLoose)
      .map(
        ({ key, title, count, limit }) =>
          `${title}: ${count}, limit ${limit}: lower "${key}" in scripts/structure/limits.json`,
      ),
  };
}

/** @param {Record<string, Figure>} figures @param {Limits} limits */
export function formatTable(figures, limits) {
  const rows = Object.entries(figures).map(([key, { title, count }]) => [
    title,
    `${count}`,
    `${limits[key] ?? "-"}`,
  ]);
  return [["", "now", "limit"], ...rows]
    .map(
      ([title = "", count = "", limit = ""]) => `${title.padEnd(48)}${count.padStart(8)}${limit.padStart(8)}`,
    )
    .join("\n");
}

/** @param {string[]} args @returns {number} the exit code */
function main(args) {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: { list: { type: "string" }, set: { type: "boolean" } },
  });
  /** @type {Limits} */
  const limits = JSON.parse(readFileSync(LIMITS, "utf8"));
  const figures = measureHere();
  if (figures === null) return 1;
  if (values.list !== undefined) {
    say(figures[values.list]?.list.join("\n") ?? `no such figure: ${values.list}`);
    return 0;
  }
  if (values.set) {
    const withAir = (/** @type {number} */ count) =>
      Math.ceil(count * (1 + Number(positionals[0] ?? 0) / 100));
    const set = Object.entries(figures).map(([key, { count }]) => [key, withAir(count)]);
    writeFileSync(LIMITS, `${JSON.stringify(Object.fromEntries(set), null, 2)}\n`);
    return 0;
  }
  const { over, loose } = compare(figures, limits);
  say(formatTable(figures, limits));
  for (const sentence of loose) say(`\n${sentence}`);
  for (const sentence of over) say(`\nOver its limit: ${sentence}`);
  return over.length > 0 ? 1 : 0;
}

/** @returns {Record<string, Figure> | null} */
function measureHere() {
  try {
    return measure(process.cwd(), JSON.parse(readFileSync(PATHS, "utf8")));
  } catch (error) {
    if (!(error instanceof GoneEntry)) throw error;
    say(error.message);
    return null;
  }
}

if (process.argv[1] && resolve(process.argv[1]) === import.meta.filename)
  process.exitCode = main(process.argv.slice(2));
