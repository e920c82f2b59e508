import type { PublicKey } from "#domain/ssh/key-blob.ts";
import { type KnownHosts, type KnownLine, nameInKnownHosts } from "#domain/ssh/known-hosts.ts";
import { type KnownBeside, type KnownElsewhere, MOST_KNOWN_LINES } from "#shared/model/hosts/offered-key.ts";

/** `addresses`: where the host was reached; a machine there may be known by that. */
type Offered = { key: PublicKey; addresses: readonly string[]; port: number };

/**
 * What known_hosts says beside a key that it does not know for this host. A key of the same type at one of the host's
 * addresses contradicts it; one of another type does not, for a host has several, and was not asked for that one.
 */
export function findKnownBeside(
  { key, addresses, port }: Offered,
  knownHosts: readonly KnownHosts[],
): KnownBeside {
  const lines = knownHosts.flatMap((known) => known.withKey(key.fingerprint));
  const revoked = lines.find(({ entry }) => entry.marker === "revoked");
  if (revoked) return { kind: "revoked", where: revoked.entry.where };

  const names = new Set(addresses.map((address) => nameInKnownHosts(address, port)));
  const there = [...names]
    .flatMap((name) => knownHosts.flatMap((known) => known.find(name).map((entry) => ({ name, entry }))))
    .filter(({ entry }) => entry.marker === "none");
  const isSame = ({ entry }: { entry: { key: PublicKey } }) => entry.key.fingerprint === key.fingerprint;
  if (!there.some(isSame) && there.length > 0) {
    const sameType = there.filter(({ entry }) => entry.key.keyType === key.keyType);
    const [kind, other] =
      sameType.length > 0 ? (["mismatch", sameType] as const) : (["other-type", there] as const);
    return { kind, total: other.length, known: toKnown(other.map(({ name, entry }) => toLine(name, entry))) };
  }
  const same = lines.filter(({ entry }) => entry.marker === "none");
  if (same.length === 0) return { kind: "nothing" };
  return { kind: "same-key", total: same.length, known: toKnown(same) };
}

const toLine = (names: string, entry: KnownLine["entry"]): KnownLine => ({ names, isHashed: false, entry });

const toKnown = (lines: readonly KnownLine[]): KnownElsewhere[] =>
  lines.slice(0, MOST_KNOWN_LINES).map(({ names, isHashed, entry: { key, where } }) => ({
    names: isHashed ? null : names,
    keyType: key.keyType,
    fingerprint: key.fingerprint,
    where,
  }));
