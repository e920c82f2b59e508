/** Patterns of sshd: `*` for any run of characters, `?` for one, everything else for itself. */

/** In time that grows with the product of the two lengths at most, never worse. */
export function matchesPattern(text: string, pattern: string): boolean {
  let at = 0;
  let next = 0;
  let star = -1;
  let resume = 0;
  while (at < text.length) {
    if (pattern[next] === "*") {
      star = next++;
      resume = at;
    } else if (next < pattern.length && (pattern[next] === "?" || pattern[next] === text[at])) {
      next++;
      at++;
    } else if (star >= 0) {
      next = star + 1;
      at = ++resume;
    } else {
      return false;
    }
  }
  while (pattern[next] === "*") next++;
  return next === pattern.length;
}

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
