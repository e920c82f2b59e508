import type { CertificateIndex } from "./certificate-index.ts";
import type { PathCertificate } from "./path-certificate.ts";
import { type Budget, LIMITS } from "./search-limits.ts";
import { inheritsParameters } from "./working-key.ts";

export type Sources = { pool: CertificateIndex; roots: CertificateIndex; at: number; budget: Budget };

/** A way upwards that ends before any root. */
export type DeadEnd = {
  path: readonly PathCertificate[];
  /** One that has the name of the last one's issuer, but did not sign it; null where there is none of that name. */
  namesake: PathCertificate | null;
};

/**
 * Every path from a leaf to a root by names and signatures, what looks best first (RFC 4158): roots before
 * others, keys that the certificate names before those it does not, those in date before the rest. No path goes through one name and key twice,
 * so that authorities which signed each other end. The longest dead end is told to `onDeadEnd`.
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

/** A key that takes its parameters from above is tried when the path is whole. */
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
