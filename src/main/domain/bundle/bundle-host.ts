import type { BundleStanding } from "#shared/model/hosts/bundle.ts";
import { formatHostAddress } from "#shared/text/hosts/target.ts";

export type HostAddress = { host: string; port: number };

type BundleIdentity = {
  /** The hostname that the host reports. Strangers wrote it. */
  hostname: string | null;
  /** Known hosts with a key that has signed the bundle. */
  proven: readonly HostAddress[];
  /** Whether any host key has signed it. */
  isSigned: boolean;
  /** Known hosts that have one of the host keys which it names. Anybody may name a public key. */
  matching: readonly HostAddress[];
  /** The name that the user gives it; null: the bundle decides. */
  as: HostAddress | null;
  /** What is known under a name; null: nothing. */
  find: (address: HostAddress) => { hasKeys: boolean } | null;
};

type Chosen = { kind: "host"; address: HostAddress; isNew: boolean } | { kind: "refused"; why: string };

/**
 * Which host a bundle belongs to: by the keys that signed it, else by those that it names. Cloned machines share
 * everything else, and anybody may give a machine the hostname of another one. This does not say that it is that host:
 * see `evaluateStanding`. A host without a match is a new one, under a name that is free. So is a host whose bundle was
 * signed by unknown keys, if the user says so: another host may have named its keys before.
 */
export function chooseHost({
  hostname,
  proven,
  isSigned,
  matching: named,
  as,
  find,
}: BundleIdentity): Chosen {
  const isOther =
    isSigned && as !== null && !named.some(({ host, port }) => host === as.host && port === as.port);
  const matching = proven.length > 0 ? proven : isOther ? [] : named;
  if (matching.length > 0) return amongMatching(matching, as);
  if (as) {
    const known = find(as);
    if (known?.hasKeys)
      return refused(
        `${formatHostAddress(as)} is known by other host keys than this bundle has, so it is another machine, or one that was set up anew; give it another name with --as`,
      );
    return { kind: "host", address: as, isNew: known === null };
  }
  const name = toName(hostname);
  if (!name)
    return refused(
      `it calls itself ${hostname ? `"${hostname}"` : "nothing"}, which does not identify it; say what the host is called with --as NAME`,
    );
  const address = { host: name, port: 22 };
  const known = find(address);
  if (!known) return { kind: "host", address, isNew: true };
  return refused(
    known.hasKeys
      ? `it calls itself ${name}, and the ${name} that is known has other host keys; give this one another name with --as`
      : `it calls itself ${name}, and nothing is known yet of the host keys of ${name}; if it is that one say --as ${name}, otherwise give it another name`,
  );
}

function amongMatching(matching: readonly HostAddress[], as: HostAddress | null): Chosen {
  const names = matching.slice(0, 5).map(formatHostAddress).join(" and ");
  const [only, ...others] = as
    ? matching.filter(({ host, port }) => host === as.host && port === as.port)
    : matching;
  if (only && others.length === 0) return { kind: "host", address: only, isNew: false };
  return refused(
    as
      ? `its host keys are those of ${names}, so it is not ${formatHostAddress(as)}`
      : `its host keys are those of ${names}; say with --as which of them it is`,
  );
}

const refused = (why: string): Chosen => ({ kind: "refused", why });

/** The hostname, if DNS would have it; null for names that any other machine may have, too. */
function toName(hostname: string | null): string | null {
  const name = hostname?.toLowerCase() ?? "";
  const isName = /^(?=.*[a-z])[a-z0-9_]([a-z0-9._-]{0,251}[a-z0-9])?$/.test(name);
  return isName && !/^localhost(\.|$)/.test(name) ? name : null;
}

/** The keys that identify a host, the most reliable first: the first one that is known decides alone. */
export type HostTrust = {
  /** The pinned host key, as a fingerprint. */
  pinned: string | null;
  /** The host key that it presented, and that was not refused. */
  presented: string | null;
  /** Whether what is known of the host was read over the network, even if its key is not known. */
  wasReadLive: boolean;
  /** The host keys that signed its last bundle with a signature. */
  signedBefore: readonly string[];
};

/** Of a host of which nothing is known. */
export const NO_TRUST: HostTrust = { pinned: null, presented: null, wasReadLive: false, signedBefore: [] };

/**
 * Whether a bundle is from this host. `signers`: the host keys that have signed it, as fingerprints. What a bundle says
 * of itself decides nothing here: public keys are no secret, and anybody may claim a name.
 */
export function evaluateStanding(trust: HostTrust, signers: readonly string[]): BundleStanding {
  const { pinned, presented, wasReadLive, signedBefore } = trust;
  const [first] = signers;
  const met = pinned ?? presented;
  if (met !== null)
    return signers.includes(met) ? { kind: "verified", fingerprint: met } : claimed(first, true);
  if (wasReadLive) return { kind: "claimed", why: "no-key", isBeside: true };
  if (signedBefore.length > 0) {
    const known = signers.find((signer) => signedBefore.includes(signer));
    return known === undefined ? claimed(first, true) : { kind: "first-use", fingerprint: known };
  }
  return first === undefined ? claimed(first, false) : { kind: "first-use", fingerprint: first };
}

/**
 * Those of the signers that may be the host's own: keys that are known to be its own, and keys named by the content
 * that they signed. Whoever transports the bundle can add another signature to it. All of them if that leaves none.
 */
export function chooseSigners(
  { pinned, presented, signedBefore }: HostTrust,
  signers: readonly string[],
  named: readonly string[],
): readonly string[] {
  const known = new Set([pinned, presented, ...signedBefore, ...named]);
  const own = signers.filter((signer) => known.has(signer));
  return own.length > 0 ? own : signers;
}

const claimed = (signer: string | undefined, isBeside: boolean): BundleStanding => ({
  kind: "claimed",
  why: signer === undefined ? "unsigned" : "other-key",
  isBeside,
});
