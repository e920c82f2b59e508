import { readFileSync } from "node:fs";

/**
 * A word that is not used here, and what stands in its place: words.json. `names`: words in a row that a name may not have
 * (`=Given`: the whole name), but where they are part of what `except` lists. `text`: what no sentence may have; left out where
 * plain English needs the word.
 *
 * @typedef {{ not: string, but: string, names?: string[], except?: string[], text?: string }} Word
 * @typedef {import("./sources.mjs").Sources} Sources
 */

/** @type {Word[]} */
const WORDS = JSON.parse(readFileSync(new URL("words.json", import.meta.url), "utf8"));

/**
 * Names with words that are not used here, each once for the whole program; those of files and folders are names, too.
 *
 * @param {Sources} sources
 * @returns {string[]}
 */
export function listWrongNames(sources) {
  const names = new Set([...sources.values()].flatMap(({ file, names }) => [...names, ...file.split("/")]));
  return [...names].flatMap((name) => {
    const word = findWord(name);
    return word ? [`${name}: not ${word.not}, but ${word.but}`] : [];
  });
}

/** @param {string} name @returns {Word | undefined} */
export function findWord(name) {
  const words = ` ${splitName(name)} `;
  return WORDS.find(({ names = [], except = [] }) => {
    const rest = except.reduce((left, phrase) => left.replaceAll(` ${phrase} `, " "), words);
    return names.some((one) => (one.startsWith("=") ? name === one.slice(1) : rest.includes(` ${one} `)));
  });
}

/** @param {string} name @returns {string} its words, in small letters */
const splitName = (name) =>
  name
    .replace(/\.tsx?$/, "")
    .replace(/([a-z0-9])([A-Z])/g, "$1 $2")
    .replace(/([A-Z])([A-Z][a-z])/g, "$1 $2")
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, " ")
    .trim();

/** What only a database reads. */
const SQL =
  /^\s*(SELECT|INSERT|UPDATE|DELETE|WITH|CREATE|DROP|AND|OR|WHERE|ORDER|FROM|LEFT|JOIN|UNION|CASE)\b/;

/**
 * Words that are not used here in what people read: sentences of the program, and pages of documentation.
 *
 * @param {Sources} sources
 * @param {ReadonlyMap<string, string>} pages by file
 * @returns {string[]} each as often as it stands there
 */
export function listWrongTexts(sources, pages) {
  const program = [...sources.values()]
    .filter(({ file }) => !file.startsWith("src/main/store/"))
    .flatMap(({ file, texts }) =>
      texts.filter((text) => !SQL.test(text)).flatMap((text) => listWrong(file, text)),
    );
  return [...program, ...[...pages].flatMap(([file, text]) => listWrong(file, text))];
}

/** @param {string} file @param {string} text */
function listWrong(file, text) {
  return WORDS.flatMap(({ text: pattern, but }) =>
    pattern
      ? (text.match(new RegExp(pattern, "gi")) ?? []).map((found) => `${file}: not "${found}", but ${but}`)
      : [],
  );
}
