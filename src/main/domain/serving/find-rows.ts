import type { Configuration, Serving } from "#domain/server-configs/configuration.ts";
import type { ListedServing } from "./list-servings.ts";

type Row = Pick<ListedServing, "server" | "root" | "at" | "name" | "address">;

/** Rows of one place in their order, by their names in small letters; `open` have none, or a pattern. */
type Own<R> = { all: R[]; byName: Map<string | null, R[]>; open: R[] };

/**
 * Finds, of the rows of one port, those that a sight belongs to: of its name where there are such. `serving` null: of any.
 */
export function createRowFinder<R extends Row>(rows: readonly R[]) {
  const places = new Map<string, Own<R>>();
  for (const row of rows) {
    const { server, root, at } = row;
    for (const place of [keyOf(server, root, null), keyOf(server, root, at)]) {
      const own = places.get(place) ?? { all: [], byName: new Map(), open: [] };
      places.set(place, own);
      add(own, row);
    }
  }
  return (
    { configuration, serving }: { configuration: Configuration; serving: Serving | null },
    sight: { address: string | null; name: string | null },
  ): readonly R[] => {
    const own = places.get(keyOf(configuration.server, configuration.root, serving?.at ?? null));
    if (!own) return [];
    const asked = sight.name?.toLowerCase() ?? null;
    const left = own.byName.get(asked) ?? findOpen(own, asked);
    const exact = left.filter((row) => row.address === sight.address);
    return exact.length > 0 ? exact : left;
  };
}

const keyOf = (server: string, root: string, at: Row["at"] | null): string =>
  JSON.stringify([server, root, at?.file, at?.line]);

function add<R extends Row>({ all, byName, open }: Own<R>, row: R): void {
  const name = row.name?.toLowerCase() ?? null;
  const named = byName.get(name) ?? [];
  byName.set(name, named);
  named.push(row);
  all.push(row);
  if (name === null || isPattern(name)) open.push(row);
}

function findOpen<R extends Row>({ all, byName, open }: Own<R>, asked: string | null): readonly R[] {
  const fitting = open.filter(({ name }) => name === null || fits(name.toLowerCase(), asked));
  if (fitting.length > 0) return fitting;
  const first = all[0]?.name;
  return (byName.get(first?.toLowerCase() ?? null) ?? []).filter(({ name }) => name === first);
}

const isPattern = (name: string): boolean =>
  name.startsWith("*.") || name.startsWith(".") || name.endsWith(".*");

/** Whether a name with a star before or behind it may be meant: `*.example.com`, `.example.com`, `www.example.*`. */
function fits(pattern: string, name: string | null): boolean {
  if (name === null) return false;
  if (pattern.startsWith("*.")) return name.endsWith(pattern.slice(1));
  if (pattern.startsWith(".")) return name.endsWith(pattern) || name === pattern.slice(1);
  return pattern.endsWith(".*") && name.startsWith(pattern.slice(0, -1));
}
