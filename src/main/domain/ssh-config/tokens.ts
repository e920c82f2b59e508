/** What stands for `%d` and its like in a path or a user name of ssh_config. */
export type Tokens = Readonly<Record<string, string>>;

/** Those that are known here; `%C`, a hash of several, is not. */
const KNOWN = "%dhijklLnpru";

/** Whether every token of a text is one that is known here: of the environment, HOME alone is. */
export const hasOnlyTokens = (text: string): boolean =>
  !unknownTokens(text).length && !/%$/.test(text.replaceAll("%%", ""));

/** Those of a text that are not known here, as written. */
function unknownTokens(text: string): string[] {
  const tokens = text.match(/%.|\$\{[^}]*\}?/gs) ?? [];
  return tokens.filter(
    (token) => token !== "${HOME}" && !(token[0] === "%" && KNOWN.includes(token[1] ?? "")),
  );
}

/** The text with what its tokens stand for; null where one stands for nothing. */
export function expandTokens(text: string, tokens: Tokens): string | null {
  if (!hasOnlyTokens(text)) return null;
  return text.replace(/%(.)|\$\{HOME\}/gs, (_, token: string | undefined) =>
    token === "%" ? "%" : (tokens[token ?? "d"] ?? ""),
  );
}

/** What is wrong with the path of a key file, as a sentence; null when it can be followed. */
export function whyNotFollowed(text: string): string | null {
  if (/^none$/i.test(text)) return null;
  const [token] = unknownTokens(text);
  if (token !== undefined) return `IdentityFile with ${token} is not followed: write the path in full`;
  return expandPath(text, "/") === null
    ? "IdentityFile with a path that is not absolute is not followed: begin it with ~/ or /"
    : null;
}

/** An absolute path; null for one of another user's home, or relative to wherever ssh is started. */
export function expandPath(text: string, home: string): string | null {
  const path = text.replace(/^~(?=\/|$)/, () => home);
  return /^(\/|[A-Za-z]:[\\/]|\$\{HOME\}|%d)/.test(path) ? path : null;
}
