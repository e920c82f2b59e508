import { splitKeyword, splitWords } from "#domain/ssh/config-line.ts";

/** The files of a configuration, as they were found on this computer. */
export type ConfigSource = {
  /** In the order that ssh reads them. `isUser`: this user's own, or one named instead. */
  roots: readonly { path: string; isUser: boolean }[];
  /** By path: what a file holds, or why that cannot be told. One that does not exist is not in it. */
  files: ReadonlyMap<string, { text: string } | { why: string }>;
  /** The paths that a pattern of Include stands for, in their order. */
  includes: ReadonlyMap<string, readonly string[]>;
  home: string;
  /** A path as people write it: `~/.ssh/config`. */
  say(path: string): string;
};

type Reader = { isUser: boolean; home: string };

/** The patterns that a file includes, absolute, so that whoever reads files can expand them. */
export function findIncludes(text: string, { isUser, home }: Reader): string[] {
  const patterns = text.split("\n").flatMap((line) => {
    const split = /include/i.test(line) ? splitKeyword(line) : null;
    return split?.keyword === "include" ? splitWords(split.rest).words : [];
  });
  return patterns.flatMap((pattern) => {
    const anchored = anchor(pattern, { isUser, home });
    return "path" in anchored ? [anchored.path] : [];
  });
}

/** The files that one pattern of an Include stands for, or why it is not followed. */
export function readInclude(
  pattern: string,
  isUser: boolean,
  source: ConfigSource,
): readonly string[] | string {
  const anchored = anchor(pattern, { isUser, home: source.home });
  return "path" in anchored ? (source.includes.get(anchored.path) ?? []) : anchored.why;
}

/** A relative path counts from ~/.ssh in a user's file, and from /etc/ssh in the system's. */
function anchor(pattern: string, { isUser, home }: Reader): { path: string } | { why: string } {
  if (pattern === "") return { why: "names no file" };
  if (/%.|\$\{/.test(pattern))
    return { why: "has a token in a path, which is not followed; write the path in full" };
  if (/^~(\/|$)/.test(pattern) && isUser) return { path: home + pattern.slice(1) };
  if (pattern.startsWith("~"))
    return { why: "has a path in a home that is not followed; write the path in full" };
  if (/^(\/|[A-Za-z]:[\\/])/.test(pattern)) return { path: pattern };
  return { path: isUser ? `${home}/.ssh/${pattern}` : `/etc/ssh/${pattern}` };
}
