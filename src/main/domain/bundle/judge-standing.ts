import type { BundleStanding } from "#shared/model/bundle.ts";

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
export function judgeStanding(trust: HostTrust, signers: readonly string[]): BundleStanding {
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
