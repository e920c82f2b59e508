import type { Configuration, Serving } from "#domain/server-configs/configuration.ts";
import { EXACT, readNames } from "#domain/server-configs/name-rules.ts";
import type { Judged } from "./judge-served.ts";
import type { ListedServing } from "./list-servings.ts";

/** `certificatePath` null: the configuration names none there. */
type Row = Pick<ListedServing, "server" | "root" | "at" | "name" | "address" | "isDefault"> & {
  certificatePath: string | null;
};

/** Rows of one place in their order, by their names in small letters; `patterns` are no name that is written out. */
type Own<R> = { byName: Map<string | null, R[]>; patterns: Map<string, R[]>; first: string | null };

/**
 * Finds, of the rows of one port, those that a sight tells of: of the certificates that the handshake would be answered with, the
 * name that leads to them. Where no configuration decides which serving that is, those of any with that name.
 */
export function createRowFinder<R extends Row>(rows: readonly R[]) {
  const places = new Map<string, Own<R>>();
  for (const row of rows) {
    const { server, root, at } = row;
    for (const place of [keyOf(server, root, null), keyOf(server, root, at)]) {
      const own = places.get(place) ?? {
        ...{ byName: new Map(), patterns: new Map(), first: row.name?.toLowerCase() ?? null },
      };
      places.set(place, own);
      add(own, row);
    }
  }
  return (
    { configuration, serving, pairs }: Pick<Judged, "configuration" | "serving" | "pairs">,
    sight: { address: string | null; name: string | null },
  ): readonly R[] => {
    const { server, root } = configuration;
    const own = places.get(keyOf(server, root, serving?.at ?? null));
    if (!own) return [];
    const named = findNamed(
      own,
      configuration,
      serving,
      sight.name?.toLowerCase().replace(/\.$/, "") ?? null,
    );
    const paths = new Set<string | null>(pairs.map(({ certificate }) => certificate.path));
    const left = paths.size === 0 ? named : named.filter(({ certificatePath }) => paths.has(certificatePath));
    const exact = left.filter((row) => row.address === sight.address);
    return exact.length > 0 ? exact : left;
  };
}

const keyOf = (server: string, root: string, at: Row["at"] | null): string =>
  JSON.stringify([server, root, at?.file, at?.line]);

function add<R extends Row>({ byName, patterns }: Own<R>, row: R): void {
  const name = row.name?.toLowerCase() ?? null;
  for (const group of name !== null && !/^[\w-]+(\.[\w-]+)*$/.test(name) ? [byName, patterns] : [byName]) {
    const own = (group as Map<string | null, R[]>).get(name) ?? [];
    (group as Map<string | null, R[]>).set(name, own);
    own.push(row);
  }
}

/** By its own name, by the closest pattern, without a name of its own; then where whoever asks for another name gets in. */
function findNamed<R extends Row>(
  { byName, patterns, first }: Own<R>,
  { server }: Configuration,
  serving: Serving | null,
  asked: string | null,
): readonly R[] {
  const own = asked === null ? undefined : byName.get(asked);
  if (own) return own;
  if (asked !== null && serving) {
    const weighed = [...patterns].map(([name, rows]) => {
      const rule = readNames(server, { ...serving, names: [name], namesFromCertificate: false }, () => null);
      // What cannot be told of an expression is not told.
      return { rows, weight: Math.min(rule.weigh(asked), EXACT) };
    });
    const best = Math.max(0, ...weighed.map(({ weight }) => weight));
    if (best > 0) return weighed.find(({ weight }) => weight === best)?.rows ?? [];
  }
  const nameless = byName.get(null);
  if (nameless) return nameless;
  const rows = byName.get(first) ?? [];
  return serving ? rows.filter(({ isDefault }) => isDefault) : rows;
}
