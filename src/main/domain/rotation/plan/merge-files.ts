import type { FileFacts } from "./plan-facts.ts";

/**
 * Each real file once, however many paths lead to it: written twice, the second write would meet what the first has made.
 * It lets in whoever any of the paths lets in.
 */
export function mergeFiles(files: readonly FileFacts[]): FileFacts[] {
  const byPlace = Map.groupBy(files, ({ realPath, path }) => realPath ?? path);
  return [...byPlace.values()].map((same) => {
    const main = same.find(({ stand }) => stand.kind === "file") ?? (same[0] as FileFacts);
    return {
      ...main,
      otherPaths: [...new Set(same.flatMap(pathsOf))].filter((path) => path !== main.path),
      accounts: [...new Set(same.flatMap(({ accounts }) => accounts))],
    };
  });
}

export const pathsOf = ({ path, otherPaths }: FileFacts): string[] => [path, ...otherPaths];
