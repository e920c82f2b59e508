import type { KeyFamily } from "./cipher-list.ts";
import type { Configuration, Pair } from "./configuration.ts";

/** The kind of key of the first certificate in a file; null: it is not known. */
export type FamilyOf = (path: string) => KeyFamily | null;

/**
 * Which pairs of a choice a client may be shown that takes signatures of these families alone; none: its handshake is
 * refused. Null where the kind of a key is not known, so that it cannot be told.
 */
export function pairsForClient(
  { server }: Pick<Configuration, "server">,
  pairs: readonly Pair[],
  takes: readonly KeyFamily[],
  familyOf: FamilyOf,
): Pair[] | null {
  const families = pairs.map(({ certificate }) => familyOf(certificate.path));
  if (families.includes(null)) return null;
  const taken = (["ECDSA", "RSA"] as const).flatMap((family) => {
    if (!takes.includes(family)) return [];
    const own = pairs.filter((_, index) => families[index] === family);
    // HAProxy takes the first of a kind; OpenSSL keeps one of each, and a later one takes its place.
    return (server === "haproxy" ? own[0] : own.at(-1)) ?? [];
  });
  return server === "haproxy" ? taken.slice(0, 1) : taken;
}
