import type { SshdSettings } from "#domain/collection/collection.ts";
import { spend } from "#domain/work-budget.ts";

/**
 * sshd_config and all that it includes, as one list of settings in the order in which sshd reads them.
 * Which of them count for an account is decided elsewhere.
 */
export type SshdConfig = {
  lines: ConfigLine[];
  /** Which parts could not be read: any setting may stand there. */
  unreadable: string[];
};

export type ConfigLine = {
  /** Lower case. */
  keyword: string;
  values: string[];
  /** File and line. */
  location: string;
  /** The Match lines above it, the outer first: all of them must match. Empty for the global part. */
  match: Match[];
};

export type Match = {
  criteria: Criterion[];
  /** As written: `Match User alice`. */
  text: string;
  location: string;
};
export type Criterion = { name: string; argument: string };

/** A daemon that listens on the host, with its configuration read. */
export type Daemon = { sshd: SshdSettings; config: SshdConfig };

const MAIN_FILE = "/etc/ssh/sshd_config";

/** sshd's SERVCONF_MAX_DEPTH: sshd refuses a configuration with deeper includes. */
const DEEPEST_INCLUDE = 16;

const BARE_CRITERIA = new Set(["all", "invalid-user"]);

type DaemonSettings = { sshd: SshdSettings; otherDaemons: readonly SshdSettings[] };

/** The files by path; `includes`: the paths that each pattern of an Include was expanded to. */
type ConfigFiles = {
  files: ReadonlyMap<string, Uint8Array>;
  includes: ReadonlyMap<string, string[]>;
};

/** At least one: where no daemon runs, the one that would read the usual file. */
export const readDaemons = ({ sshd, otherDaemons }: DaemonSettings): Daemon[] =>
  [sshd, ...otherDaemons].map((one) => ({ sshd: one, config: readSshdConfig(one) }));

export function readSshdConfig(sshd: ConfigFiles): SshdConfig {
  const config: SshdConfig = { lines: [], unreadable: [] };
  // The collector lists the main file first: a daemon may have been started with another one.
  const [main = MAIN_FILE] = sshd.files.keys();
  readInto(config, main, { sshd, outer: [], depth: 0 });
  return config;
}

type ConfigContext = { sshd: ConfigFiles; outer: Match[]; depth: number };

function readInto(config: SshdConfig, path: string, { sshd, outer, depth }: ConfigContext): void {
  const bytes = sshd.files.get(path);
  if (!bytes || depth > DEEPEST_INCLUDE) {
    spend(10);
    config.unreadable.push(bytes ? `${path}: included too deep` : `${path} could not be read`);
    return;
  }
  spend();
  let match = outer;
  for (const [index, text] of new TextDecoder().decode(bytes).split("\n").entries()) {
    spend(8 + (text.length >> 2));
    const words = splitConfigLine(text);
    if (!words) continue;
    const [keyword, ...values] = words;
    const location = `${path}:${index + 1}`;
    if (keyword === "match") {
      match = [...outer, { criteria: readCriteria(values), text: `Match ${values.join(" ")}`, location }];
    } else if (keyword === "include") {
      for (const pattern of values) {
        for (const file of expandInclude(pattern, sshd, config.unreadable)) {
          readInto(config, file, { sshd, outer: match, depth: depth + 1 });
        }
      }
    } else {
      config.lines.push({ keyword, values, location, match });
    }
  }
}

function expandInclude(
  pattern: string,
  { files, includes }: ConfigContext["sshd"],
  unreadable: string[],
): string[] {
  const absolute = pattern.startsWith("/") ? pattern : `/etc/ssh/${pattern}`;
  const expanded = includes.get(pattern) ?? includes.get(absolute);
  if (expanded) return expanded;
  if (files.has(absolute)) return [absolute];
  unreadable.push(`what Include ${pattern} stands for is not known`);
  return [];
}

/** The keyword in lower case and its values; null for a blank line or a comment. */
export function splitConfigLine(text: string): [string, ...string[]] | null {
  const line = splitKeyword(text);
  return line?.keyword ? [line.keyword, ...splitWords(line.rest).words] : null;
}

function readCriteria(words: readonly string[]): Criterion[] {
  const criteria: Criterion[] = [];
  for (let index = 0; index < words.length; index++) {
    const word = words[index] as string;
    const equals = word.indexOf("=");
    const name = (equals < 0 ? word : word.slice(0, equals)).toLowerCase();
    if (BARE_CRITERIA.has(name)) criteria.push({ name, argument: "" });
    else criteria.push({ name, argument: equals < 0 ? (words[++index] ?? "") : word.slice(equals + 1) });
  }
  return criteria;
}

/** Lines of sshd_config and ssh_config, split as OpenSSH splits them (strdelim and argv_split). */

/**
 * The keyword in lower case, and what follows it with its quotes and comment; null for a blank line or a comment.
 * The keyword ends at a blank, a quote or one equals sign, and is empty when the line begins with one.
 */
export function splitKeyword(text: string): { keyword: string; rest: string } | null {
  const line = trim(text);
  if (line === "" || line.startsWith("#")) return null;
  const match = /^"([^"]*)"|^[^ \t\r\n"=]*/.exec(line);
  const name = match?.[1] ?? match?.[0] ?? "";
  const rest = line.slice(match?.[0].length ?? 0).replace(/^[ \t\r\n]*=?[ \t\r\n]*/, "");
  return { keyword: name.toLowerCase(), rest };
}

/** Words: quotes of both kinds, a backslash before a quote, a backslash or a blank, a comment at the end. */
export function splitWords(text: string): { words: string[]; isQuoteOpen: boolean } {
  const words: string[] = [];
  let word: string | null = null;
  let quote = "";
  for (let at = 0; at < text.length; at++) {
    const character = text[at] as string;
    const next = text[at + 1];
    const isSpace = character === " " || character === "\t";
    if (word === null && isSpace) continue;
    if (word === null && character === "#") break;
    word ??= "";
    if (
      character === "\\" &&
      next !== undefined &&
      (`'"\\`.includes(next) || (quote === "" && next === " "))
    ) {
      word += next;
      at++;
    } else if (quote === "" && isSpace) {
      words.push(word);
      word = null;
    } else if (quote === "" ? character === '"' || character === "'" : character === quote) {
      quote = quote === "" ? character : "";
    } else {
      word += character;
    }
  }
  return { words: word === null ? words : [...words, word], isQuoteOpen: quote !== "" };
}

/** Without a regular expression, which would search for the end of the line from each of its blanks. */
function trim(text: string): string {
  let end = text.length;
  while (end > 0 && " \t\r\n\f".includes(text[end - 1] as string)) end--;
  return text.slice(0, end).replace(/^[ \t\r]+/, "");
}
