import type { BundleStanding } from "#shared/model/hosts/bundle.ts";
import { formatHostAddress } from "#shared/text/hosts/target.ts";

export type HostAddress = { host: string; port: number };

type BundleIdentity = {
  /** What the host calls itself. Strangers wrote it. */
  hostname: string | null;
  /** The known hosts that are known by a key which has signed it. */
  proven: readonly HostAddress[];
  /** Whether any host key has signed it. */
  isSigned: boolean;
  /** The known hosts that have one of the host keys which it names. Anybody may name them. */
  matching: readonly HostAddress[];
  /** What the user calls it; null: it is for the bundle to say. */
  as: HostAddress | null;
  /** What is known under a name; null: nothing. */
  find: (address: HostAddress) => { hasKeys: boolean } | null;
};

type Chosen = { kind: "host"; address: HostAddress; isNew: boolean } | { kind: "refused"; why: string };

/**
 * Which host a bundle is of: by the keys that signed it, else by those that it names. Machines that were cloned share
 * everything else, and anybody may call a machine as another one. Whether it is that host is not said by this. A host
 * without a match is a new one, under a name that is free; so is one that was signed by keys which nobody is known by, where
 * the user says so: another host may have named its keys before.
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

/** A name of its own, as DNS would have it; null for what every other machine may be called, too. */
function toName(hostname: string | null): string | null {
  const name = hostname?.toLowerCase() ?? "";
  const isName = /^(?=.*[a-z])[a-z0-9_]([a-z0-9._-]{0,251}[a-z0-9])?$/.test(name);
  return isName && !/^localhost(\.|$)/.test(name) ? name : null;
}

/** By what a host is known, the most reliable first: what comes first decides alone. */
export type HostTrust = {
  /** The pinned host key, as a fingerprint. */
  pinned: string | null;
  /** The host key that it presented, and that was not refused. */
  presented: string | null;
  /** Whether what is known of it was read from here, be its key known or not. */
  wasReadLive: boolean;
  /** The host keys that signed the last of its bundles that a host key has signed. */
  signedBefore: readonly string[];
};

/** What is known of a host that is not known at all. */
export const NO_TRUST: HostTrust = { pinned: null, presented: null, wasReadLive: false, signedBefore: [] };

/**
 * Whether a bundle is of this host. `signers`: the host keys that have signed it, as fingerprints. What a bundle says of
 * itself decides nothing here: public keys are no secret, and a name is anybody's.
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
 * Those of the signers that may be the host's own: by which it is known, or which what they have signed names. A signature can be
 * put beside the host's by whoever carries the bundle. All of them where that is so of none.
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
