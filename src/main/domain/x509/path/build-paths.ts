import { hash } from "node:crypto";
import type { CertificateIndex, PathCertificate } from "./path-certificate.ts";
import { inheritsParameters, type Signed, type Verification, verifyAtCost } from "./verify-signature.ts";

type Sources = { pool: CertificateIndex; roots: CertificateIndex; at: number; budget: Budget };

/** A path upwards that ends before any root. */
export type DeadEnd = {
  path: readonly PathCertificate[];
  /** A certificate that has the name of the last one's issuer, but did not sign it; null if none has that name. */
  namesake: PathCertificate | null;
};

/**
 * Every path from a leaf to a root by names and signatures, the most promising first (RFC 4158): roots before others,
 * keys that the certificate names before those it does not, those in date before the rest. No path contains the same
 * name and key twice, so the search ends even if authorities have signed each other. `onDeadEnd` gets the longest dead
 * end.
 */
export function* buildPaths(
  leaf: PathCertificate,
  sources: Sources,
  onDeadEnd: (end: DeadEnd) => void,
): Generator<readonly PathCertificate[]> {
  yield* extend([leaf], new Set([idOf(leaf)]), { ...sources, onDeadEnd });
}

type Search = Sources & { onDeadEnd: (end: DeadEnd) => void };

function* extend(
  path: readonly PathCertificate[],
  met: Set<string>,
  search: Search,
): Generator<readonly PathCertificate[]> {
  const { roots, budget } = search;
  const top = path.at(-1);
  if (!top) return;
  if (roots.has(top.sha256)) yield path;
  if (roots.has(top.sha256) || budget.isSpent()) return;
  let namesake: PathCertificate | null = null;
  let isDeadEnd = true;
  for (const issuer of rankIssuers(top, search)) {
    if (met.has(idOf(issuer)) || path.length === LIMITS.depth) continue;
    if (!budget.spend("steps")) return;
    if (!maySign(issuer, top, budget)) {
      namesake = issuer;
      continue;
    }
    isDeadEnd = false;
    met.add(idOf(issuer));
    yield* extend([...path, issuer], met, search);
    met.delete(idOf(issuer));
  }
  if (isDeadEnd) search.onDeadEnd({ path, namesake });
}

const idOf = ({ subject, spkiSha256 }: PathCertificate): string => `${spkiSha256} ${subject.key}`;

/** A key that inherits its parameters is tried when the path is whole. */
function maySign(issuer: PathCertificate, certificate: PathCertificate, budget: Budget): boolean {
  if (inheritsParameters(issuer.spki)) return true;
  return budget.verifyCertificate(certificate, issuer.spki) !== "invalid";
}

function rankIssuers(certificate: PathCertificate, { pool, roots, at }: Search): PathCertificate[] {
  const { key } = certificate.issuer;
  const { authorityKey } = certificate.extensions;
  const named = new Map(
    [...roots.bySubject(key), ...pool.bySubject(key)].map((issuer) => [issuer.sha256, issuer]),
  );
  const rank = ({ sha256, notBefore, notAfter, extensions }: PathCertificate): number => {
    const { subjectKey } = extensions;
    const isNamed = authorityKey === null || subjectKey === null || authorityKey === subjectKey;
    const isInDate = notBefore !== null && notAfter !== null && notBefore <= at && at <= notAfter;
    return (isNamed ? 4 : 0) + (roots.has(sha256) ? 2 : 0) + (isInDate ? 1 : 0);
  };
  return [...named.values()].sort(
    (one, other) => rank(other) - rank(one) || (other.notBefore ?? 0) - (one.notBefore ?? 0),
  );
}

/**
 * What one verdict may cost. Chains of real servers have three or four certificates. More than these limits is made to
 * keep a validator busy, by cross-signing in circles or by hundreds of authorities of one name. A chain that meets a
 * limit is not called invalid for it.
 */
export const LIMITS = {
  /** Certificates of a path; OpenSSL takes as many. */
  depth: 100,
  /** Certificates that are tried as somebody's issuer. */
  steps: 2_000,
  /** Whole paths that are evaluated. */
  paths: 64,
  /** Signatures of certificates, CRLs and OCSP answers. */
  signatures: 400,
  /** Steps that those signatures cost together: some tenths of a second. */
  signatureSteps: 4_000,
} as const;

/** Verification results that are kept; the oldest is dropped first. */
export const MOST_SIGNATURES_KEPT = 20_000;

/** What evaluations share. */
export type SharedWork = {
  /** Verified signatures, by the hashes of what is signed and of the key: their results never change. */
  signatures: Map<string, Verification>;
  /**
   * All work that was done, in steps of at most some 50 microseconds: certificates that were tried as somebody's
   * issuer, paths that were evaluated, and signatures by what each costs.
   */
  steps: number;
};

export const createSharedWork = (): SharedWork => ({ signatures: new Map(), steps: 0 });

/** Counts down. `isSpent` says that the result is not complete. A result that is known already costs nothing. */
export function createBudget(shared: SharedWork = createSharedWork()) {
  const { signatures: answers } = shared;
  const left = {
    steps: LIMITS.steps as number,
    paths: LIMITS.paths as number,
    signatures: LIMITS.signatures as number,
  };
  let stepsOfSignatures = 0;
  let isSpent = false;
  const spend = (what: keyof typeof left): boolean => {
    if (left[what] === 0) isSpent = true;
    else left[what]--;
    shared.steps++;
    return !isSpent;
  };
  const verify = (id: string, signed: Signed, spki: Uint8Array): Verification => {
    const key = `${id} ${hashOf(spki)}`;
    const known = answers.get(key);
    if (known) return known;
    if (stepsOfSignatures > LIMITS.signatureSteps) isSpent = true;
    if (!spend("signatures")) return "unsupported";
    const { answer, steps } = verifyAtCost(signed, spki);
    shared.steps += steps;
    stepsOfSignatures += steps;
    if (answers.size >= MOST_SIGNATURES_KEPT) answers.delete(answers.keys().next().value ?? "");
    answers.set(key, answer);
    return answer;
  };
  return {
    spend,
    isSpent: () => isSpent,
    /** Each signature is verified once. `id` identifies what is signed. */
    verify,
    verifyCertificate: ({ sha256, signed }: PathCertificate, spki: Uint8Array) =>
      verify(sha256, signed, spki),
  };
}
export type Budget = ReturnType<typeof createBudget>;

/**
 * By the object itself, whose bytes nobody changes: a key is looked up once for each certificate that names it as its
 * issuer's.
 */
const hashes = new WeakMap<Uint8Array, string>();

function hashOf(spki: Uint8Array): string {
  const known = hashes.get(spki) ?? hash("sha256", spki, "base64");
  hashes.set(spki, known);
  return known;
}
