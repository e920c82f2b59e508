import type { ConfigurationFiles, ServerKind } from "./configuration.ts";

/** The word of a command line behind which the configuration is named. The readers of the others look for it themselves. */
const FLAGS: { [Kind in ServerKind]?: string } = { nginx: "-c", apache: "-f", dovecot: "-c" };

/** The configuration that all running processes of the server were started with, where it is another than was read. */
export function findOtherRoot({ server, root, commandLines, isStarted }: ConfigurationFiles): string | null {
  if (isStarted) return null;
  const named = commandLines.flatMap((words) => {
    const started = readStartedWith(server, words);
    return started === null ? [] : [started.root ?? root];
  });
  if (named.length === 0) return null;
  return named.includes(root) ? null : (named[0] ?? null);
}

/**
 * What a process was started with, by its arguments: `root` null is the usual configuration. Null where they do not tell, as those of a
 * worker.
 */
export function readStartedWith(
  server: ServerKind,
  words: readonly string[],
): { root: string | null } | null {
  const flag = FLAGS[server];
  const title = words[0] ?? "";
  // A worker says nothing of what its master was started with, which nginx keeps in one word.
  if (flag === undefined || /^nginx: (?!master)/.test(title)) return null;
  const own = title.startsWith("nginx: ") ? title.split(" ") : words;
  const path = wordBehind(own, flag);
  if (path === null || path.startsWith("/")) return { root: path };
  const prefix = server === "nginx" ? wordBehind(own, "-p") : null;
  return { root: prefix === null ? path : `${prefix.replace(/\/$/, "")}/${path}` };
}

/** The last one holds; it may be of the same word. */
function wordBehind(words: readonly string[], flag: string): string | null {
  const at = words.findLastIndex((word) => word === flag || word.startsWith(`${flag}/`));
  const word = words[at];
  if (word === undefined) return null;
  return word === flag ? (words[at + 1] ?? null) : word.slice(flag.length);
}
