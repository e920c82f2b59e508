import { EXACT, rankAddress, readNames } from "#domain/server-configs/choose-binding.ts";
import type { Configuration, Named, Pair, Serving } from "#domain/server-configs/configuration.ts";
import { spend } from "#domain/work-budget.ts";
import type { Judged } from "./evaluate-served.ts";

/** One name at one listener, and what is to be served there. */
export type ListedServing = {
  server: string;
  root: string;
  address: string | null;
  port: number;
  name: string | null;
  isDefault: boolean;
  protocol: string;
  at: { file: string; line: number };
  certificate: Named | null;
  /** Where the links of the certificate's path lead; null where there are none, or it could not be told. */
  realPath: string | null;
  key: Named | null;
  unsure: string | null;
  /** What it is listed from; `pair` null: it names none. */
  source: { configuration: Configuration; serving: Serving; pair: Pair | null };
};

/** So many are kept of one host. */
const MOST = 20_000;

/** Everything that these configurations say is served, a row for each listener and name. */
export function listServings(
  configurations: readonly Configuration[],
  realPathOf: (path: string) => string | null,
): ListedServing[] {
  const rows: ListedServing[] = [];
  for (const configuration of configurations) {
    for (const serving of configuration.servings) {
      if (rows.length >= MOST) return rows;
      for (const row of rowsOf(configuration, serving)) {
        if (rows.length >= MOST) return rows;
        spend(20);
        const path = row.certificate?.path;
        const real = path === undefined ? null : realPathOf(path);
        rows.push({ ...row, realPath: real === path ? null : real });
      }
    }
  }
  return rows;
}

/** The names that lead to it, as they are written; null alone: none does by itself. Names that HAProxy turns away lead nowhere. */
export function listedNames(
  server: Configuration["server"],
  { names }: Pick<Serving, "names">,
): readonly (string | null)[] {
  const leading = server === "haproxy" ? names.filter((name) => !name.startsWith("!")) : names;
  return leading.length > 0 ? leading : [null];
}

/** One after the other, for a server may have thousands of each: no more of them are made than are kept. */
function* rowsOf(configuration: Configuration, serving: Serving): Generator<Omit<ListedServing, "realPath">> {
  const { server, root, mayLack } = configuration;
  const { listens, protocol, at, pairs } = serving;
  const names = listedNames(server, serving);
  for (const { address, port, isDefault } of listens)
    for (const name of names)
      for (const pair of pairs.length > 0 ? pairs : [null])
        yield {
          server,
          root,
          address,
          port,
          name,
          isDefault,
          protocol,
          at,
          certificate: pair?.certificate ?? null,
          key: pair?.key ?? null,
          unsure: serving.unsure ?? mayLack?.why ?? null,
          source: { configuration, serving, pair },
        };
}

/** `certificatePath` null: the configuration names none there. */
type Row = Pick<ListedServing, "server" | "root" | "at" | "name" | "address" | "port" | "isDefault"> & {
  certificatePath: string | null;
};

/** Rows of one place by their names in small letters, and by their files. */
type Own<R> = { byName: Map<string | null, Map<string | null, R[]>>; first: string | null };

type Seen = { address: string | null; port: number; name: string | null };

/**
 * Finds, of the rows of one port, those that a sight tells of: of the certificates that the handshake would be answered with, the
 * name that leads to them, at the address that takes it. Where no configuration decides which serving that is, those of any with
 * that name. Where it is not known which address was reached, those of all that it may have been.
 */
export function createRowFinder<R extends Row>(rows: readonly R[]) {
  const places = new Map<string, Own<R>>();
  for (const row of rows) {
    const { server, root, at } = row;
    const name = row.name?.toLowerCase() ?? null;
    for (const place of [keyOf(server, root, null), keyOf(server, root, at)]) {
      const own = places.get(place) ?? {
        byName: new Map<string | null, Map<string | null, R[]>>(),
        first: name,
      };
      places.set(place, own);
      const named = own.byName.get(name) ?? new Map<string | null, R[]>();
      own.byName.set(name, named);
      const ofFile = named.get(row.certificatePath) ?? [];
      named.set(row.certificatePath, ofFile);
      ofFile.push(row);
    }
  }
  return ({ configuration, servings, pairs }: FoundServings, { address, port, name }: Seen): readonly R[] => {
    const { server, root } = configuration;
    const asked = name?.toLowerCase().replace(/\.$/, "") ?? null;
    const place = (at: Row["at"] | null) => places.get(keyOf(server, root, at));
    if (servings.length === 0) return atBest(findOpen(place(null), asked), address);
    const shown = new Set(pairs);
    return servings.flatMap((serving) => {
      const own = place(serving.at);
      const ownPairs = serving.pairs.filter((pair) => shown.has(pair));
      if (!own || (ownPairs.length === 0 && serving.pairs.length > 0)) return [];
      const paths = new Set(ownPairs.map(({ certificate }) => certificate.path));
      const taken = addressesOf(serving, { address, port });
      const { name: found, isDefault } = findName({ configuration, serving, asked });
      const named = own.byName.get(found);
      return (paths.size === 0 ? [null] : [...paths]).flatMap(
        (path) =>
          named?.get(path)?.filter((row) => taken.has(row.address) && (row.isDefault || !isDefault)) ?? [],
      );
    });
  };
}

type FoundServings = Pick<Judged, "configuration" | "servings" | "pairs">;

const keyOf = (server: string, root: string, at: Row["at"] | null): string =>
  JSON.stringify([server, root, at?.file, at?.line]);

/** Where a serving takes what came to this address; all where that is not known, or the address is none of its host's. */
function addressesOf(
  { listens }: Serving,
  { address, port }: Pick<Seen, "address" | "port">,
): ReadonlySet<string | null> {
  const here = listens.filter((listen) => listen.port === port);
  return new Set(atBest(here, address).map((listen) => listen.address));
}

/** Of several listeners those that take what came to this address. */
function atBest<T extends { address: string | null }>(
  listeners: readonly T[],
  address: string | null,
): readonly T[] {
  if (address === null) return listeners;
  const own = address.toLowerCase();
  const ranks = listeners.map((one) => rankAddress(one.address, own));
  const best = ranks.reduce((most, rank) => Math.max(most, rank), 0);
  return best === 0 ? listeners : listeners.filter((_, index) => ranks[index] === best);
}

type Search = { configuration: Configuration; serving: Serving; asked: string | null };

/**
 * The name, as it is listed, that leads to a serving: its own, the closest pattern, none; else the first, which stands for whoever asks
 * for another name: those rows alone then of which it is the default.
 */
function findName({ configuration: { server }, serving, asked }: Search): {
  name: string | null;
  isDefault: boolean;
} {
  const { all, patterns, first } = namesOf(server, serving);
  if (asked !== null && all.has(asked)) return { name: asked, isDefault: false };
  spend(STEPS_OF_PATTERN * patterns.length);
  let best: { name: string | null; weight: number } = { name: null, weight: 0 };
  for (const name of asked === null ? [] : patterns) {
    const rule = readNames(server, { ...serving, names: [name], namesFromCertificate: false }, () => null);
    // What cannot be told of an expression is not told.
    const weight = Math.min(rule.weigh(asked ?? ""), EXACT);
    if (weight > best.weight) best = { name, weight };
  }
  if (best.weight > 0) return { name: best.name, isDefault: false };
  return { name: first, isDefault: first !== null };
}

/** A name that is held against a pattern. */
const STEPS_OF_PATTERN = 4;

type Names = { all: ReadonlySet<string | null>; patterns: readonly string[]; first: string | null };

/** A serving may have thousands of names, and is asked for each. */
const known = new WeakMap<Serving, Names>();

function namesOf(server: Configuration["server"], serving: Serving): Names {
  const names =
    known.get(serving) ?? readListed(listedNames(server, serving).map((name) => name?.toLowerCase() ?? null));
  known.set(serving, names);
  return names;
}

const readListed = (names: readonly (string | null)[]): Names => ({
  all: new Set(names),
  patterns: names.flatMap((name) => (name === null || /^[\w-]+(\.[\w-]+)*$/.test(name) ? [] : [name])),
  first: names[0] ?? null,
});

/** Those with that name wherever they stand; else those that are for any. */
function findOpen<R extends Row>(own: Own<R> | undefined, asked: string | null): readonly R[] {
  const named = asked === null ? undefined : own?.byName.get(asked);
  const found = named ?? own?.byName.get(null) ?? own?.byName.get(own.first);
  return [...(found?.values() ?? [])].flat();
}
