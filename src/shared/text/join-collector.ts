/**
 * The collector as it runs and is carried: its own head of comments, what stands in front of it, and the rest of it. In front stand the
 * libraries and the collector's own parts, which define functions and constants alone, in the order of their files' names.
 */
export function joinCollector(parts: Readonly<Record<string, string>>, collector: string): string {
  const head = collector.indexOf("\n\n") + 1;
  return [collector.slice(0, head), joinScripts(parts), collector.slice(head)].join("\n");
}

/** Scripts that are several files, each of which defines functions alone, in the order of their files' names. */
export const joinScripts = (files: Readonly<Record<string, string>>): string =>
  Object.keys(files)
    .toSorted()
    .map((name) => files[name])
    .join("\n");
