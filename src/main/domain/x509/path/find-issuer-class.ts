import { buildPaths, type DeadEnd } from "./build-paths.ts";
import type { CertificateIndex } from "./certificate-index.ts";
import { openCertificate } from "./path-certificate.ts";
import { createBudget, type SharedWork } from "./search-limits.ts";

/**
 * Whether a public authority stands above a certificate: true where names and signatures lead to one of `publicRoots`, false
 * where they lead to a root that is not among them, null where they end before any root: then nobody knows. Dates and
 * constraints do not count: an expired certificate of a public authority is of a public authority. `work`: as `evaluateChain` has it.
 */
export function isOfPublicAuthority(
  leaf: Uint8Array,
  pool: CertificateIndex,
  publicRoots: CertificateIndex,
  work?: SharedWork,
): boolean | null {
  const certificate = openCertificate(leaf);
  if (!certificate) return null;
  const budget = createBudget(work);
  let isEndKnown = false;
  const noteEnd = ({ path }: DeadEnd) => {
    const top = path.at(-1);
    if (top?.isSelfIssued && budget.verifyCertificate(top, top.spki) === "valid") isEndKnown = true;
  };
  // A signature that nobody here can verify leads nowhere: it might be anybody's.
  const sources = { pool, roots: publicRoots, at: 0, budget };
  for (const path of buildPaths(certificate, sources, noteEnd)) {
    const isSigned = path.every((each, at) => {
      const issuer = path[at + 1];
      return !issuer || budget.verifyCertificate(each, issuer.spki) !== "unsupported";
    });
    if (isSigned) return true;
    return null;
  }
  return isEndKnown && !budget.isSpent() ? false : null;
}
