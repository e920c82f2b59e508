import type { ConfigurationFiles, ServerKind } from "./configuration.ts";
import { joinPath } from "./draft.ts";

/** The configuration that all running processes of the server were started with, where it is another than was read. */
export function findOtherRoot({ server, root, commandLines, isStarted }: ConfigurationFiles): string | null {
  if (isStarted) return null;
  const named = commandLines.flatMap((words) => {
    const started = readStartedWith(server, words);
    return started === null ? [] : [started.root ?? root, ...started.others];
  });
  if (named.length === 0) return null;
  return named.includes(root) ? null : (named[0] ?? null);
}

/** `root`: where it begins to read, null for the usual place; `others`: more files and folders that are named for it. */
export type StartedWith = { root: string | null; others: string[] };

/** What a process was started with, by its arguments, its own name first. Null where they do not tell, as those of a worker. */
export function readStartedWith(server: ServerKind, words: readonly string[]): StartedWith | null {
  return READERS[server]?.(words) ?? null;
}

type Reader = (words: readonly string[]) => StartedWith | null;

const at = (root: string | null, others: string[] = []): StartedWith => ({ root, others });

const READERS: { [Kind in ServerKind]?: Reader } = {
  // A worker says nothing of what its master was started with, which nginx keeps in one word.
  nginx: ([title = "", ...rest]) => {
    if (/^nginx: (?!master)/.test(title)) return null;
    const words = title.startsWith("nginx: ") ? title.split(" ") : rest;
    return at(seenFrom(wordBehind(words, "-p"), wordBehind(words, "-c")));
  },
  // Without a file of its own one that is started in another folder begins in that one, by a name that hangs on how it was built.
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
  // Its folder is in what surrounds it, which the collector tells of root's own as if it were an argument.
  postfix: ([, ...words]) => {
    const folder = wordBehind(words, "-c");
    return folder === null ? null : at(joinPath(folder, "main.cf"));
  },
  slapd: ([, ...words]) => {
    const folder = wordBehind(words, "-F");
    return at(folder === null ? wordBehind(words, "-f") : joinPath(folder, "cn=config.ldif"));
  },
  // Where neither is said it goes by what surrounds it.
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

/** The last one holds; it may be of the same word. */
function wordBehind(words: readonly string[], flag: string): string | null {
  const found = words.findLastIndex((word) => word === flag || word.startsWith(`${flag}/`));
  const word = words[found];
  if (word === undefined) return null;
  return word === flag ? (words[found + 1] ?? null) : word.slice(flag.length);
}

const seenFrom = (folder: string | null, path: string | null): string | null =>
  path === null || path.startsWith("/") || folder === null ? path : `${folder.replace(/\/$/, "")}/${path}`;
