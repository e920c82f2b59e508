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

/** A comma list in which `!` negates: "negated" when such a one matches, wherever it stands. */
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
