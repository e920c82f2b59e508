import type { Listen, Serving } from "#domain/server-configs/configuration.ts";
import { spend } from "#domain/work-budget.ts";

/** What a listener has by now: names that are written out, and those that hold below or behind what is left of them. */
type Taken = { exact: Set<string>; before: Set<string>; behind: Set<string> };

/**
 * Servings of one part in their order, without the names that nginx ignores: at one address and port it takes each once, from
 * whichever server has it first. `.example.com` beside `example.com`, or beside `*.example.com`, is ignored as a whole, and a server
 * conflicts with itself as with others. One that is left with no name answers only where it is the default.
 */
export function dropConflicts(servings: readonly Serving[]): Serving[] {
  const places = new Map<string, Taken>();
  return servings.flatMap((serving) => {
    spend(serving.listens.length * (1 + serving.names.length));
    const byNames = Map.groupBy(serving.listens, (listen) =>
      JSON.stringify(serving.names.filter(taker(places, listen))),
    );
    return [...byNames].flatMap(([left, listens]): Serving[] => {
      const names: string[] = JSON.parse(left);
      const isNamed = names.length > 0 || serving.names.length === 0;
      const some = isNamed ? listens : listens.filter(({ isDefault }) => isDefault);
      return some.length > 0 ? [{ ...serving, names, listens: some }] : [];
    });
  });
}

function taker(places: Map<string, Taken>, { address, port }: Listen): (name: string) => boolean {
  const place = `${address} ${port}`;
  const taken = places.get(place) ?? { exact: new Set(), before: new Set(), behind: new Set() };
  places.set(place, taken);
  return (name) => takes(taken, name.toLowerCase());
}

/** As `ngx_hash_add_key`. Regular expressions are tried one after the other, however often they stand there. */
function takes({ exact, before, behind }: Taken, name: string): boolean {
  if (name.startsWith("~") || name === "") return true;
  if (name.startsWith("*.")) return add(before, name.slice(2));
  if (name.endsWith(".*")) return add(behind, name.slice(0, -2));
  if (!name.startsWith(".")) return add(exact, name);
  // The name itself is taken even where what is below it is not to be had.
  return add(exact, name.slice(1)) && add(before, name.slice(1));
}

/** Whether it was not in it. */
function add(names: Set<string>, name: string): boolean {
  if (names.has(name)) return false;
  names.add(name);
  return true;
}
