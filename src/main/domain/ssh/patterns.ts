import { spend } from "#domain/work-budget.ts";
import { fits } from "#shared/text/wildcards.ts";

/** Patterns of sshd: `*` for any run of characters, `?` for one, everything else for itself. */

export const matchesPattern = (text: string, pattern: string): boolean => {
  spend(4 + (pattern.length >> 2));
  return fits(text.length, {
    count: pattern.length,
    isAnyRun: (part) => pattern[part] === "*",
    takes: (part, at) => pattern[part] === "?" || pattern[part] === text[at],
  });
};

/** A comma list in which `!` negates: "negated" when any negated pattern matches, wherever it stands. */
export function matchPatternList(text: string, list: string): "match" | "negated" | "none" {
  let isMatched = false;
  for (const item of list.split(",")) {
    const isNegated = item.startsWith("!");
    if (!matchesPattern(text, isNegated ? item.slice(1) : item)) continue;
    if (isNegated) return "negated";
    isMatched = true;
  }
  return isMatched ? "match" : "none";
}

/** Wildcards as glob(3) reads them: `*` and `?` within one folder, sets in brackets, a backslash before any of them. */

type Token = { kind: "star" } | { kind: "one"; isFitting(character: string): boolean };

const CLASSES: Readonly<Record<string, RegExp>> = {
  alnum: /[A-Za-z0-9]/,
  alpha: /[A-Za-z]/,
  blank: /[ \t]/,
  digit: /[0-9]/,
  lower: /[a-z]/,
  punct: /[!-/:-@[-`{-~]/,
  space: /\s/,
  upper: /[A-Z]/,
  xdigit: /[0-9A-Fa-f]/,
};

/** Whether the pattern matches the path; only a literal dot matches one at the beginning of a name. */
export function matchesGlob(path: string, pattern: string): boolean {
  if (!/[*?[]/.test(pattern)) return false;
  spend(20 + path.length + pattern.length);
  const names = path.split("/");
  const patterns = pattern.split("/");
  return (
    names.length === patterns.length &&
    names.every((name, index) => {
      const own = patterns[index] ?? "";
      return !(name.startsWith(".") && /^[*?[]/.test(own)) && fitsTokens(name, readTokens(own));
    })
  );
}

function fitsTokens(name: string, tokens: readonly Token[]): boolean {
  let [at, next, star, resume] = [0, 0, -1, 0];
  while (at < name.length) {
    const token = tokens[next];
    if (token?.kind === "star") {
      star = next++;
      resume = at;
    } else if (token?.isFitting(name[at] as string)) {
      next++;
      at++;
    } else if (star >= 0) {
      next = star + 1;
      at = ++resume;
    } else {
      return false;
    }
  }
  return tokens.slice(next).every(({ kind }) => kind === "star");
}

function readTokens(pattern: string): Token[] {
  const tokens: Token[] = [];
  for (let at = 0; at < pattern.length; at++) {
    const character = pattern[at] as string;
    const set = character === "[" ? readSet(pattern, at) : null;
    if (set) {
      tokens.push({ kind: "one", isFitting: set.isFitting });
      at = set.end;
    } else if (character === "*") {
      tokens.push({ kind: "star" });
    } else if (character === "?") {
      tokens.push({ kind: "one", isFitting: () => true });
    } else {
      const literal = character === "\\" ? (pattern[++at] ?? character) : character;
      tokens.push({ kind: "one", isFitting: (other) => other === literal });
    }
  }
  return tokens;
}

/** A set from its bracket on; null where it is never closed: then the bracket is a literal. */
function readSet(
  pattern: string,
  from: number,
): { isFitting: (character: string) => boolean; end: number } | null {
  const isNegated = pattern[from + 1] === "!" || pattern[from + 1] === "^";
  const start = from + (isNegated ? 2 : 1);
  const members: ((character: string) => boolean)[] = [];
  for (let at = start; at < pattern.length; at++) {
    const named = /^\[:([a-z]+):\]/.exec(pattern.slice(at, at + 12));
    const character = pattern[at] as string;
    if (named) {
      members.push((other) => CLASSES[named[1] ?? ""]?.test(other) === true);
      at += named[0].length - 1;
    } else if (character === "]" && at > start) {
      return { isFitting: (other) => members.some((fitting) => fitting(other)) !== isNegated, end: at };
    } else if (pattern[at + 1] === "-" && ![undefined, "]"].includes(pattern[at + 2])) {
      const last = pattern[at + 2] as string;
      members.push((other) => character <= other && other <= last);
      at += 2;
    } else {
      members.push((other) => other === character);
    }
  }
  return null;
}
