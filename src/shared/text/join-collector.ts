/**
 * The collector as it runs and is carried: its own head of comments, the libraries, and the rest of it. Each library is POSIX sh
 * that defines functions alone; they stand in the order of their files' names.
 */
export function joinCollector(libraries: Readonly<Record<string, string>>, collector: string): string {
  const head = collector.indexOf("\n\n") + 1;
  return [collector.slice(0, head), joinScripts(libraries), collector.slice(head)].join("\n");
}

/** Scripts that are several files, each of which defines functions alone, in the order of their files' names. */
export const joinScripts = (files: Readonly<Record<string, string>>): string =>
  Object.keys(files)
    .toSorted()
    .map((name) => files[name])
    .join("\n");
