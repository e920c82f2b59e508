/**
 * Which clients trust a certificate before and after its renewal. Decided by path validation alone: a name that only
 * looks like the old root's counts for nothing (0066).
 */
import { buildPaths, createBudget } from "#domain/x509/path/build-paths.ts";
import { labelOf } from "#domain/x509/path/chain-reason.ts";
import { ANY_POLICY_WILL_DO, evaluateChain } from "#domain/x509/path/evaluate-chain.ts";
import {
  type CertificateIndex,
  indexCertificates,
  markSet,
  openCertificate,
  type PathCertificate,
} from "#domain/x509/path/path-certificate.ts";
import { verifySignature } from "#domain/x509/path/verify-signature.ts";
import { readCertificate } from "#domain/x509/read-certificate.ts";
import type { ChainReasonCode, Evaluation, TrustStore } from "#shared/model/certificates/chain.ts";
import type { Issuer } from "#shared/model/issuers/issuer.ts";
import type { KnownChain, RenewalTrust } from "#shared/model/runs/renewal-trust.ts";

/** Roots that clients trust. One without roots says nothing of anybody. */
export type TrustedStore = { store: TrustStore; roots: CertificateIndex };

/** A certificate, and what may stand above it, in any order. DER. */
export type ChainFacts = {
  leaf: Uint8Array;
  /** What clients get with it. */
  above: readonly Uint8Array[];
  /** Further certificates that are known here, and show where the chain ends; no client gets them. */
  beside: readonly Uint8Array[];
};

/**
 * A chain that is expected of an issuer. `isLeaf` false: `leaf` is the authority that will sign, for the certificate
 * itself is not issued yet.
 */
export type NextChain = ChainFacts & { isLeaf: boolean; by: NonNullable<RenewalTrust["by"]> };

type TrustQuery = {
  old: ChainFacts | null;
  /** Null: nothing is known of it before it is issued. */
  next: NextChain | null;
  stores: readonly TrustedStore[];
  now: Date;
};

type Verdict = "trusted" | "refused" | "unknown";

/** A chain as each store sees it. */
type SeenChain = {
  chain: KnownChain;
  verdicts: ReadonlyMap<TrustStore, Verdict>;
  /** Whether the certificate itself may sign others. */
  maySign: boolean;
  ends: Ends;
};

/** Where a chain ends. */
type Ends = {
  /**
   * `any`: roots of stores that trust it; each store is compared by itself. `all`: no store trusts it, and a client may
   * have been given any of these. Those may be no roots, where nothing above them is known.
   */
  of: "any" | "all";
  certificates: readonly PathCertificate[];
};

/** A chain as an issuer sent it, the leaf first; without a leaf, nothing is known. */
export function toIssuedChain(
  [leaf, ...above]: readonly Uint8Array[],
  beside: readonly Uint8Array[],
): NextChain | null {
  return leaf ? { leaf, above, beside, isLeaf: true, by: "issued" } : null;
}

/** What the issuer of such a chain may be expected to sign next. */
export function toLastIssued(
  [leaf, authority, ...above]: readonly Uint8Array[],
  beside: readonly Uint8Array[],
): NextChain | null {
  if (authority) return { leaf: authority, above, beside, isLeaf: false, by: "last-issued" };
  return leaf ? { leaf, above: [], beside, isLeaf: true, by: "last-issued" } : null;
}

/** Compares by the roots that were read when it was opened. `old`: the SHA-256 of the old certificate. */
export type TrustReader = {
  /** By what its issuer is known to chain to; null: nobody is known to renew it. */
  expected(old: string, issuer: Issuer | null): RenewalTrust;
  /** `chain`: DER, the leaf first. */
  issued(old: string, chain: readonly Uint8Array[]): RenewalTrust;
};

export function compareTrust({ old, next, stores, now }: TrustQuery): RenewalTrust {
  const nextDers = next ? [next.leaf, ...next.above, ...next.beside] : [];
  const before =
    old &&
    inspectChain({ ...old, beside: [...old.beside, ...nextDers], isLeaf: true }, stores, atOf(old, now));
  const after = next && inspectChain(next, stores, next.isLeaf ? atOf(next, now) : now.getTime());
  const storesWhere = (holds: (was: Verdict, is: Verdict) => boolean): TrustStore[] =>
    stores.flatMap(({ store }) => {
      const was = before?.verdicts.get(store);
      const is = after?.verdicts.get(store);
      return was !== undefined && is !== undefined && holds(was, is) ? [store] : [];
    });
  return {
    old: before?.chain ?? null,
    next: after?.chain ?? null,
    by: (after && next?.by) ?? null,
    root: compareRoots(before, after && next, now),
    lost: storesWhere((was, is) => was === "trusted" && is === "refused"),
    kept: storesWhere((was, is) => was === "trusted" && is === "trusted"),
    unsure: storesWhere(
      (was, is) => (was === "trusted" && is === "unknown") || (was === "unknown" && is !== "trusted"),
    ),
  };
}

/** Whether somebody has to acknowledge it before the new certificate is installed. */
export function needsAcknowledgement({ next, root, lost, unsure }: RenewalTrust): boolean {
  if (next === null) return root === "other";
  return root !== "same" || lost.length > 0 || unsure.length > 0;
}

/**
 * Whether what was acknowledged covers what is known by now: to the very root that was shown, if one was, and for no
 * store that was not named.
 */
export function coversTrust(acknowledged: RenewalTrust, now: RenewalTrust): boolean {
  if (!needsAcknowledgement(now)) return true;
  if (!needsAcknowledgement(acknowledged)) return false;
  const { next } = acknowledged;
  const isNamed = next === null || next.end === now.next?.end;
  const named = new Set<TrustStore>([...acknowledged.lost, ...acknowledged.unsure]);
  const isRootCovered = now.root === "same" || acknowledged.root !== "same";
  return isNamed && isRootCovered && [...now.lost, ...now.unsure].every((store) => named.has(store));
}

/** An old certificate may have expired: what counts is who trusted it while it was valid. */
function atOf({ leaf }: ChainFacts, now: Date): number {
  const { notBefore, notAfter } = openCertificate(leaf) ?? { notBefore: null, notAfter: null };
  const at = now.getTime();
  if (notAfter !== null && at > notAfter) return notAfter;
  return notBefore !== null && at < notBefore ? notBefore : at;
}

function inspectChain(
  { leaf: der, above, beside, isLeaf }: Omit<NextChain, "by">,
  stores: readonly TrustedStore[],
  at: number,
): SeenChain | null {
  const leaf = openCertificate(der);
  if (!leaf) return null;
  const pool = indexCertificates(above);
  const verdicts = new Map<TrustStore, Verdict>();
  const roots = new Map<string, PathCertificate>();
  for (const { store, roots: own } of stores) {
    if (own.all.length === 0) continue;
    const evaluation = evaluate({ leaf: der, isLeaf, pool, roots: own, at });
    const verdict = verdictOf(evaluation);
    verdicts.set(store, verdict);
    const top = verdict === "trusted" ? evaluation.path.at(-1) : undefined;
    for (const root of own.all) if (root.sha256 === top) roots.set(root.sha256, root);
  }
  const ends: Ends =
    roots.size > 0
      ? { of: "any", certificates: [...roots.values()] }
      : { of: "all", certificates: findEnds(leaf, indexCertificates([...above, ...beside]), at) };
  const storesOf = (verdict: Verdict) =>
    [...verdicts].filter(([, is]) => is === verdict).map(([store]) => store);
  return {
    chain: {
      issuer: issuerOf(leaf, isLeaf),
      isSelfSigned: isLeaf && isSignedByItself(leaf),
      root: nameRoots(ends),
      end: markSet(ends.certificates.map(({ sha256 }) => sha256)),
      trustedBy: storesOf("trusted"),
      unknownTo: storesOf("unknown"),
    },
    verdicts,
    maySign: leaf.extensions.basicConstraints?.isCa ?? leaf.version < 3,
    ends,
  };
}

const NAME_CHARACTERS = 200;

function issuerOf({ der }: PathCertificate, isLeaf: boolean): string {
  const read = readCertificate(der);
  return ((isLeaf ? read?.issuer : read?.subject) ?? "").slice(0, NAME_CHARACTERS);
}

/** Anybody can sign the key of somebody else's root; who makes more ends than this makes them to hide one. */
const MOST_ENDS = 8;

/** Every end of the paths above a certificate, by names and signatures; none where there are too many to tell. */
function findEnds(leaf: PathCertificate, pool: CertificateIndex, at: number): PathCertificate[] {
  const budget = createBudget();
  const ends = new Map<string, PathCertificate>();
  const noteEnd = ({ path }: { path: readonly PathCertificate[] }) => {
    const top = path.at(-1);
    if (top) ends.set(top.sha256, top);
  };
  for (const _ of buildPaths(leaf, { pool, roots: NOTHING, at, budget }, noteEnd)) break;
  return budget.isSpent() || ends.size > MOST_ENDS ? [] : [...ends.values()];
}

const NOTHING = indexCertificates([]);

const isSignedByItself = (certificate: PathCertificate): boolean =>
  certificate.isSelfIssued && verifySignature(certificate.signed, certificate.spki) === "valid";

function nameRoots({ of, certificates }: Ends): string | null {
  const isKnown = certificates.length > 0 && (of === "any" || certificates.every(isSignedByItself));
  return isKnown ? [...new Set(certificates.map(labelOf))].join(" or ") : null;
}

type OneChain = {
  leaf: Uint8Array;
  isLeaf: boolean;
  pool: CertificateIndex;
  roots: CertificateIndex;
  at: number;
};

const evaluate = ({ leaf, isLeaf, pool, roots, at }: OneChain): Evaluation =>
  evaluateChain({
    leaf,
    pool,
    roots,
    options: { at, purpose: null, name: null, policy: ANY_POLICY_WILL_DO, mostIntermediates: null },
    profile: "clients",
    role: isLeaf ? "leaf" : "authority",
    revocationLists: null,
  });

function verdictOf({ state }: Evaluation): Verdict {
  if (state === "unsupported") return "unknown";
  return state === "invalid" ? "refused" : "trusted";
}

/** A chain that leads to a root that has expired leads there all the same. */
const OF_DATES: ReadonlySet<ChainReasonCode> = new Set(["expired", "not-yet-valid"]);

function compareRoots(before: SeenChain | null, next: NextChain | null, now: Date): RenewalTrust["root"] {
  // Whatever is issued, it is not signed by a certificate that may sign nothing but itself.
  if (before?.chain.isSelfSigned && !before.maySign) return "other";
  if (!before || !next || before.ends.certificates.length === 0) return "unknown";
  const at = next.isLeaf ? atOf(next, now) : now.getTime();
  const pool = indexCertificates(next.above);
  const { leaf, isLeaf } = next;
  const leads = before.ends.certificates.map(({ der }): boolean | null => {
    const evaluation = evaluate({ leaf, isLeaf, pool, roots: indexCertificates([der]), at });
    if (evaluation.reasons.every(({ code }) => OF_DATES.has(code))) return true;
    const verdict = verdictOf(evaluation);
    return verdict === "unknown" ? null : verdict === "trusted";
  });
  if (before.ends.of === "any" ? leads.includes(true) : leads.every((isLed) => isLed === true)) return "same";
  return leads.includes(null) || before.chain.root === null ? "unknown" : "other";
}
