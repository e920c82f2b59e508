import type { KeyFamily } from "./cipher-list.ts";
import type { Configuration, Pair } from "./configuration.ts";

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
  const kept = oneOfEachKind(configuration, pairs, familyOf);
  const taken = (["ECDSA", "RSA"] as const).flatMap((family) =>
    takes.includes(family) ? kept.filter(({ certificate }) => familyOf(certificate.path) === family) : [],
  );
  // It prefers ECDSA where the client takes both.
  return configuration.server === "haproxy" ? taken.slice(0, 1) : taken;
}
