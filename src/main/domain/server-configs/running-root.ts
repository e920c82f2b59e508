import type { ConfigurationFiles, ServerKind } from "./configuration.ts";
import { joinPath } from "./draft.ts";

/** The configuration with which all running processes of the server were started, where another one was read. */
export function findOtherRoot({ server, root, commandLines, isStarted }: ConfigurationFiles): string | null {
  if (isStarted) return null;
  const named = commandLines.flatMap((words) => {
    const started = readStartedWith(server, words);
    return started === null ? [] : [started.root ?? root, ...started.others];
  });
  if (named.length === 0) return null;
  return named.includes(root) ? null : (named[0] ?? null);
}

/** `root`: the first file, null for the usual one; `others`: further files and folders on the command line. */
export type StartedWith = { root: string | null; others: string[] };

/** The configuration of a process by its arguments, its name first. Null where they do not say, as for a worker. */
export function readStartedWith(server: ServerKind, words: readonly string[]): StartedWith | null {
  return READERS[server]?.(words) ?? null;
}

type Reader = (words: readonly string[]) => StartedWith | null;

const at = (root: string | null, others: string[] = []): StartedWith => ({ root, others });

const READERS: { [Kind in ServerKind]?: Reader } = {
  // A worker's title does not show the master's arguments; nginx keeps those of the master in one word.
  nginx: ([title = "", ...rest]) => {
    if (/^nginx: (?!master)/.test(title)) return null;
    const words = title.startsWith("nginx: ") ? title.split(" ") : rest;
    return at(seenFrom(wordBehind(words, "-p"), wordBehind(words, "-c")));
  },
  // With -d alone, Apache begins in that folder, with a file name that depends on how it was built.
  apache: ([, ...words]) => {
    const folder = wordBehind(words, "-d");
    return at(seenFrom(folder, wordBehind(words, "-f")) ?? (folder && `${folder}/`));
  },
  dovecot: ([, ...words]) => at(wordBehind(words, "-c")),
  haproxy: ([, ...words]) => {
    const named = words.filter((_, index) => words[index - 1] === "-f");
    const end = words.indexOf("--");
    const [root = null, ...others] = end < 0 ? named : [...named, ...words.slice(end + 1)];
    return at(root, others);
  },
  // Its folder is in its environment: for root's processes, the collector reports it as if it were an argument.
  postfix: ([, ...words]) => {
    const folder = wordBehind(words, "-c");
    return folder === null ? null : at(joinPath(folder, "main.cf"));
  },
  slapd: ([, ...words]) => {
    const folder = wordBehind(words, "-F");
    return at(folder === null ? wordBehind(words, "-f") : joinPath(folder, "cn=config.ldif"));
  },
  // Without either, Postgres uses its environment.
  postgresql: ([, ...words]) => {
    const folder = wordBehind(words, "-D");
    const set = words.findLast(
      (word, index) => /^(?:-c|--)?config[-_]file=/.test(word) && isSetting(words, index),
    );
    const file = set?.slice(set.indexOf("=") + 1) ?? null;
    if (file !== null) return at(seenFrom(folder, file));
    return folder === null ? null : at(joinPath(folder, "postgresql.conf"));
  },
  mysql: ([, ...words]) =>
    at(words.findLast((word) => word.startsWith("--defaults-file="))?.slice(16) ?? null),
};

const isSetting = (words: readonly string[], index: number): boolean =>
  words[index]?.startsWith("-") === true || words[index - 1] === "-c";

/** The value of the last such flag, which may be in the same word. */
function wordBehind(words: readonly string[], flag: string): string | null {
  const found = words.findLastIndex((word) => word === flag || word.startsWith(`${flag}/`));
  const word = words[found];
  if (word === undefined) return null;
  return word === flag ? (words[found + 1] ?? null) : word.slice(flag.length);
}

const seenFrom = (folder: string | null, path: string | null): string | null =>
  path === null || path.startsWith("/") || folder === null ? path : `${folder.replace(/\/$/, "")}/${path}`;
