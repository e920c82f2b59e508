import type { HostMap } from "#domain/deployment-status/host-map.ts";
import type { FoundPair } from "./find-uses.ts";

/**
 * Why the files of a pair are not its own: something of the host reads one of them that is not renewed with all of them, and
 * would have half of a pair. Null: they are its own.
 */
export function findSharer({ configurations, files }: HostMap, pair: FoundPair): string | null {
  const reals = new Map(files.map(({ path, realPath }) => [path, realPath ?? path]));
  const realOf = (path: string): string => reals.get(path) ?? path;
  const own = new Set(pair.files.map(({ real }) => real));
  for (const { server, servings } of configurations)
    for (const { pairs, chain } of servings)
      for (const { certificate, key } of pairs) {
        const named = [certificate, key, chain].flatMap((one) => one ?? []);
        const shared = named.find(({ path }) => own.has(realOf(path)));
        if (!shared) continue;
        const read = new Set(named.map(({ path }) => realOf(path)));
        if (read.size === own.size && [...read].every((path) => own.has(path))) continue;
        const { file, line } = shared.at;
        return `${server} (${file}:${line}) reads ${shared.path} beside other files than ${[...own].join(" and ")}, which are renewed together; give each its own files`;
      }
  return null;
}
