import type { KeyFamily } from "./cipher-list.ts";
import type { Configuration, Listen, Pair, Serving } from "./configuration.ts";

/** The kind of key of the first certificate in a file; null: it is not known. */
export type FamilyOf = (path: string) => KeyFamily | null;

/**
 * Of several certificates by keys of one kind the one that the server takes: HAProxy the first; OpenSSL keeps one of each, Ed25519
 * beside ECDSA, and a later one takes its place. All of them where the kind of any is not known.
 */
export function oneOfEachKind(
  { server }: Pick<Configuration, "server">,
  pairs: readonly Pair[],
  kindOf: (path: string) => string | null,
): readonly Pair[] {
  const taken = new Map<string, Pair>();
  for (const pair of server === "haproxy" ? pairs.toReversed() : pairs) {
    const kind = kindOf(pair.certificate.path);
    if (kind === null) return pairs;
    taken.set(kind, pair);
  }
  const kept = new Set(taken.values());
  return pairs.filter((pair) => kept.has(pair));
}

/** Two certificates for keys of one kind; `second` is in one file with its key. */
export type KeyKindClash = { first: Pair; second: Pair; kind: string };

/**
 * Why a server has no TLS at all with these: what Postfix reads with its key from one file does not take the place of one
 * that it has for that kind of key already. Null where nothing is known to keep it from it.
 */
export function findClash(
  { server }: Pick<Configuration, "server">,
  pairs: readonly Pair[],
  kindOf: (path: string) => string | null,
): KeyKindClash | null {
  if (server !== "postfix") return null;
  const before = new Map<string, Pair>();
  for (const pair of pairs) {
    const { path } = pair.certificate;
    const kind = kindOf(path);
    if (kind === null) continue;
    const first = before.get(kind);
    if (first !== undefined && (pair.key === null || pair.key.path === path))
      return { first, second: pair, kind };
    before.set(kind, pair);
  }
  return null;
}

export const describeClash = ({ first, second, kind }: KeyKindClash): string =>
  `${first.certificate.path} and ${second.certificate.path} are for keys of one kind (${kind}), and Postfix has no TLS where the second of them holds its key as well`;

/**
 * The same of whatever is chosen among these servings: of a service of Postfix's, what it serves without a name leaves it without TLS for
 * all names.
 */
export function findClashAt(
  configuration: Pick<Configuration, "server" | "servings">,
  chosen: readonly Serving[],
  kindOf: (path: string) => string | null,
): KeyKindClash | null {
  if (configuration.server !== "postfix") return null;
  const places = new Set(chosen.flatMap(({ listens }) => listens.map(placeOf)));
  const usual = configuration.servings.filter(({ listens }) =>
    listens.some((listen) => listen.isDefault && places.has(placeOf(listen))),
  );
  const clashes = [...chosen, ...usual].map(({ pairs }) => findClash(configuration, pairs, kindOf));
  return clashes.find((clash) => clash !== null) ?? null;
}

const placeOf = ({ address, port }: Listen): string => `${address} ${port}`;

/**
 * Which pairs of a choice a client may be shown that takes signatures of these families alone; none: its handshake is
 * refused. Null where the kind of a key is not known, so that it cannot be told.
 */
export function pairsForClient(
  configuration: Pick<Configuration, "server">,
  pairs: readonly Pair[],
  takes: readonly KeyFamily[],
  familyOf: FamilyOf,
): Pair[] | null {
  if (pairs.some(({ certificate }) => familyOf(certificate.path) === null)) return null;
  if (findClash(configuration, pairs, familyOf) !== null) return [];
  const kept = oneOfEachKind(configuration, pairs, familyOf);
  const taken = (["ECDSA", "RSA"] as const).flatMap((family) =>
    takes.includes(family) ? kept.filter(({ certificate }) => familyOf(certificate.path) === family) : [],
  );
  // It prefers ECDSA where the client takes both.
  return configuration.server === "haproxy" ? taken.slice(0, 1) : taken;
}
