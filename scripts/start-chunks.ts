import { resolve } from "node:path";
import type { Plugin } from "vite";

type Options = {
  /** What every start loads: modules, as paths from here. */
  roots: readonly string[];
  /** Programs, threads and parts that are started without all of that, by a name each. */
  others: Readonly<Record<string, string>>;
};

/**
 * Puts what every start loads into few files: each file costs a start a quarter of a millisecond. What another program or
 * thread loads as well is in a file of its own, so that none of them loads more than it needs.
 */
export function createStartChunks({ roots, others }: Options) {
  const names = new Map<string, string>();

  const plugin: Plugin = {
    name: "start-chunks",
    buildEnd() {
      const reach = (paths: readonly string[]): ReadonlySet<string> => {
        const found = new Set(paths.map((path) => resolve(path)));
        for (const id of found) if (!this.getModuleInfo(id)) this.error(`${id} is no module of the program`);
        for (const id of found) for (const next of this.getModuleInfo(id)?.importedIds ?? []) found.add(next);
        return found;
      };
      const elsewhere = Object.entries(others).map(([name, path]) => ({ name, found: reach([path]) }));
      for (const id of reach(roots)) {
        const by = elsewhere.filter(({ found }) => found.has(id)).map(({ name }) => name);
        names.set(id, ["start", ...by].join("-"));
      }
    },
  };
  return { plugin, nameOf: (id: string): string | null => names.get(id) ?? null };
}
