import { EXACT, rankAddress, readNames } from "#domain/server-configs/choose-binding.ts";
import type { Configuration, Deployment, Named, TlsBinding } from "#domain/server-configs/configuration.ts";
import { spend } from "#domain/work-budget.ts";

/** One name at one listener, and what is meant to be served there. */
type BindingRow = {
  server: string;
  root: string;
  address: string | null;
  port: number;
  name: string | null;
  isDefault: boolean;
  protocol: string;
  at: { file: string; line: number };
  certificate: Named | null;
  key: Named | null;
  unsure: string | null;
  /** What it is listed from; `deployment` null: the binding names no certificate. */
  source: { configuration: Configuration; binding: TlsBinding; deployment: Deployment | null };
};

export type ListedBinding = BindingRow & {
  /** Where the links of the certificate's path lead; null if it has none, or if that could not be determined. */
  realPath: string | null;
};

/** At most this many rows are kept of one host. */
const MOST = 20_000;

/** Everything that these configurations are meant to serve, a row for each listener and name. */
export function listBindings(
  configurations: readonly Configuration[],
  realPathOf: (path: string) => string | null,
): ListedBinding[] {
  const rows: ListedBinding[] = [];
  for (const configuration of configurations) {
    for (const binding of configuration.bindings) {
      if (rows.length >= MOST) return rows;
      for (const row of rowsOf(configuration, binding)) {
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

/**
 * The names that lead to a binding, as they are written; only null: no name leads to it. Names that HAProxy refuses are
 * left out.
 */
export function listedNames(
  server: Configuration["server"],
  { names }: { names: readonly string[] },
): readonly (string | null)[] {
  const leading = server === "haproxy" ? names.filter((name) => !name.startsWith("!")) : names;
  return leading.length > 0 ? leading : [null];
}

/** A generator, because a server may have thousands of listeners and names: no more rows are made than are kept. */
function* rowsOf(configuration: Configuration, binding: TlsBinding): Generator<BindingRow> {
  const { server, root, incomplete } = configuration;
  const { listens, protocol, at, deployments } = binding;
  const names = listedNames(server, binding);
  for (const { address, port, isDefault } of listens)
    for (const name of names)
      for (const deployment of deployments.length > 0 ? deployments : [null])
        yield {
          server,
          root,
          address,
          port,
          name,
          isDefault,
          protocol,
          at,
          certificate: deployment?.certificate ?? null,
          key: deployment?.key ?? null,
          unsure: binding.unsure ?? incomplete?.why ?? null,
          source: { configuration, binding, deployment },
        };
}

/** `certificatePath` null: the configuration names none there. */
type Row = {
  server: string;
  root: string;
  at: { file: string; line: number };
  name: string | null;
  address: string | null;
  port: number;
  isDefault: boolean;
  certificatePath: string | null;
};

/** Rows of one address by their names in lower case, and by their files. */
type Own<R> = { byName: Map<string | null, Map<string | null, R[]>>; first: string | null };

type Seen = { address: string | null; port: number; name: string | null };

/**
 * Finds the rows of one port that an observed handshake is evidence of: the rows of the certificates that answer it,
 * under the name that leads to them, at the address that accepts it. If no configuration decides which binding that is,
 * the rows of every binding with that name. If it is not known which address was reached, the rows of every address
 * that it may have been.
 */
export function createRowFinder<R extends Row>(rows: readonly R[]) {
  const rowsByAddress = new Map<string, Own<R>>();
  for (const row of rows) {
    const { server, root, at } = row;
    const name = row.name?.toLowerCase() ?? null;
    for (const key of [keyOf(server, root, null), keyOf(server, root, at)]) {
      const own = rowsByAddress.get(key) ?? {
        byName: new Map<string | null, Map<string | null, R[]>>(),
        first: name,
      };
      rowsByAddress.set(key, own);
      const named = own.byName.get(name) ?? new Map<string | null, R[]>();
      own.byName.set(name, named);
      const ofFile = named.get(row.certificatePath) ?? [];
      named.set(row.certificatePath, ofFile);
      ofFile.push(row);
    }
  }
  return (
    { configuration, bindings, deployments }: FoundBindings,
    { address, port, name }: Seen,
  ): readonly R[] => {
    const { server, root } = configuration;
    const requestedName = name?.toLowerCase().replace(/\.$/, "") ?? null;
    const key = (at: Row["at"] | null) => rowsByAddress.get(keyOf(server, root, at));
    if (bindings.length === 0) return atBest(findOpen(key(null), requestedName), address);
    const shown = new Set(deployments);
    return bindings.flatMap((binding) => {
      const own = key(binding.at);
      const ownDeployments = binding.deployments.filter((deployment) => shown.has(deployment));
      if (!own || (ownDeployments.length === 0 && binding.deployments.length > 0)) return [];
      const paths = new Set(ownDeployments.map(({ certificate }) => certificate.path));
      const addresses = addressesOf(binding, { address, port });
      const { name: found, isDefault } = findName({ configuration, binding, requestedName });
      const named = own.byName.get(found);
      return (paths.size === 0 ? [null] : [...paths]).flatMap(
        (path) =>
          named?.get(path)?.filter((row) => addresses.has(row.address) && (row.isDefault || !isDefault)) ??
          [],
      );
    });
  };
}

/** The bindings that answered a handshake, and the deployments that they are meant to serve. */
type FoundBindings = {
  configuration: Configuration;
  bindings: readonly TlsBinding[];
  deployments: readonly Deployment[];
};

const keyOf = (server: string, root: string, at: Row["at"] | null): string =>
  JSON.stringify([server, root, at?.file, at?.line]);

/**
 * The addresses of a binding that accept a connection to this one; all if that is not known, or if the host does not
 * have the address.
 */
function addressesOf(
  { listens }: TlsBinding,
  { address, port }: { address: string | null; port: number },
): ReadonlySet<string | null> {
  const here = listens.filter((listen) => listen.port === port);
  return new Set(atBest(here, address).map((listen) => listen.address));
}

/** Those of several listeners that accept a connection to this address. */
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

type Search = { configuration: Configuration; binding: TlsBinding; requestedName: string | null };

/**
 * The listed name that leads to a binding: the requested name itself, the closest pattern, or none; else the first
 * name, which stands for every other name. Then only rows of which the binding is the default count.
 */
function findName({ configuration: { server }, binding, requestedName }: Search): {
  name: string | null;
  isDefault: boolean;
} {
  const { all, patterns, first } = namesOf(server, binding);
  if (requestedName !== null && all.has(requestedName)) return { name: requestedName, isDefault: false };
  spend(STEPS_OF_PATTERN * patterns.length);
  let best: { name: string | null; weight: number } = { name: null, weight: 0 };
  for (const name of requestedName === null ? [] : patterns) {
    const rule = readNames(server, { ...binding, names: [name], namesFromCertificate: false }, () => null);
    // A regular expression may match or not: its weight is limited to that of an exact name.
    const weight = Math.min(rule.weigh(requestedName ?? ""), EXACT);
    if (weight > best.weight) best = { name, weight };
  }
  if (best.weight > 0) return { name: best.name, isDefault: false };
  return { name: first, isDefault: first !== null };
}

/** Steps to compare a name with a pattern. */
const STEPS_OF_PATTERN = 4;

type Names = { all: ReadonlySet<string | null>; patterns: readonly string[]; first: string | null };

/** A binding may have thousands of names, and is looked up for each of them. */
const known = new WeakMap<TlsBinding, Names>();

function namesOf(server: Configuration["server"], binding: TlsBinding): Names {
  const names =
    known.get(binding) ?? readListed(listedNames(server, binding).map((name) => name?.toLowerCase() ?? null));
  known.set(binding, names);
  return names;
}

const readListed = (names: readonly (string | null)[]): Names => ({
  all: new Set(names),
  patterns: names.flatMap((name) => (name === null || /^[\w-]+(\.[\w-]+)*$/.test(name) ? [] : [name])),
  first: names[0] ?? null,
});

/** Rows with that name in any binding; else those for any name. */
function findOpen<R extends Row>(own: Own<R> | undefined, requestedName: string | null): readonly R[] {
  const named = requestedName === null ? undefined : own?.byName.get(requestedName);
  const found = named ?? own?.byName.get(null) ?? own?.byName.get(own.first);
  return [...(found?.values() ?? [])].flat();
}
