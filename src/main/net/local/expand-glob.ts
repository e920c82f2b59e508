import { lstat, readdir } from "node:fs/promises";
import { join, parse } from "node:path";
import { fits } from "#shared/text/wildcards.ts";

/** Without a limit, a folder of a million names would hold up the program. */
const MOST_PATHS = 4_096;

/** The paths that match an absolute pattern of glob(7), in the order of their names. Never rejects. */
export async function expandGlob(pattern: string): Promise<string[]> {
  const { root } = parse(pattern);
  let folders = [root];
  for (const part of pattern.slice(root.length).split("/").filter(Boolean)) {
    const found: string[] = [];
    for (const folder of folders) {
      for (const name of await namesLike(folder, part)) found.push(join(folder, name));
    }
    folders = found.slice(0, MOST_PATHS);
  }
  return folders;
}

async function namesLike(folder: string, part: string): Promise<string[]> {
  if (!/[*?[]/.test(part)) {
    const name = part.replace(/\\(.)/g, "$1");
    return (await exists(join(folder, name))) ? [name] : [];
  }
  const tokens = readTokens(part);
  const names = await readdir(folder).catch(() => []);
  return names
    .filter((name) => (part.startsWith(".") || !name.startsWith(".")) && matches(name, tokens))
    .sort();
}

const exists = (path: string): Promise<boolean> =>
  lstat(path).then(
    () => true,
    () => false,
  );

type Token = "any run" | ((character: string) => boolean);

function readTokens(part: string): Token[] {
  const tokens: Token[] = [];
  const words = part.match(/\\.|\[[!^]?\]?[^\]]*\]|./gsu) ?? [];
  for (const word of words) {
    if (word === "*") tokens.push("any run");
    else if (word === "?") tokens.push(() => true);
    else if (word.length > 1 && word.startsWith("[")) tokens.push(readClass(word.slice(1, -1)));
    else
      tokens.push(
        (character) => character === (word.length > 1 && word.startsWith("\\") ? word.slice(1) : word),
      );
  }
  return tokens;
}

/** A class such as `a-z0-9`; after `!` or `^` it matches every other character. */
function readClass(text: string): (character: string) => boolean {
  const isNegated = /^[!^]/.test(text);
  const ranges = (isNegated ? text.slice(1) : text).match(/.-.|./gsu) ?? [];
  return (character) => {
    const isIn = ranges.some((range) => {
      const [from = "", , to = from] = [...range];
      return character >= from && character <= to;
    });
    return isIn !== isNegated;
  };
}

function matches(name: string, tokens: readonly Token[]): boolean {
  const characters = [...name];
  return fits(characters.length, {
    count: tokens.length,
    isAnyRun: (part) => tokens[part] === "any run",
    takes: (part, at) => {
      const token = tokens[part];
      return typeof token === "function" && token(characters[at] ?? "");
    },
  });
}
