/**
 * Scripts that are several files, in the order of their names, as one text of POSIX sh. A file NAME.sh has only
 * functions and constants; NAME.awk is a program of awk, which they run as "$NAME_awk" (with "_" for each "-").
 */
export const joinScripts = (files: Readonly<Record<string, string>>): string =>
  Object.keys(files)
    .toSorted()
    .map((path) => asShell(path, files[path] ?? ""))
    .join("\n");

/** The first line of every script: an alias would change what the shell reads after it, and stay in each function. */
export const END_ALIASES = "\\unalias -a 2>/dev/null";

/**
 * The collector as it runs and is copied to hosts: its own comments at the top, then the libraries and the collector's
 * own parts, then the rest of it.
 */
export function joinCollector(parts: Readonly<Record<string, string>>, collector: string): string {
  const head = collector.indexOf("\n\n") + 1;
  return [collector.slice(0, head), END_ALIASES, joinScripts(parts), collector.slice(head)].join("\n");
}

function asShell(path: string, text: string): string {
  const name = /([^/]+)\.awk$/.exec(path)?.[1];
  return name ? `${name.replaceAll("-", "_")}_awk='\n${text.replaceAll("'", "'\\''").trimEnd()}'\n` : text;
}

/**
 * A script of ours without its comments and its indents. No multi-line string in it has a line that begins with either.
 */
export const withoutRemarks = (script: string): string => script.replaceAll(/^\t*(?:#.*\n)?/gm, "");
