import { readCertificate } from "#domain/x509/read-certificate.ts";
import { buildPaths, createBudget, type DeadEnd, type SharedWork } from "./build-paths.ts";
import { type CertificateIndex, openCertificate, type PathCertificate } from "./path-certificate.ts";
import { verifySignature } from "./verify-signature.ts";

/**
 * The intermediate among `known` that has signed a certificate. Null if none has, and also if a root, among them or in
 * `roots`, has the same name and key: then clients may have that root.
 */
export function findSigner(
  der: Uint8Array,
  known: readonly Uint8Array[],
  roots: CertificateIndex,
): Uint8Array | null {
  const certificate = openCertificate(der);
  if (!certificate) return null;
  const hasSigned = ({ spki }: PathCertificate) => verifySignature(certificate.signed, spki) === "valid";
  if (roots.bySubject(certificate.issuer.key).some(hasSigned)) return null;
  const signers = known
    .flatMap((each) => openCertificate(each) ?? [])
    .filter((each) => each.subject.key === certificate.issuer.key && hasSigned(each));
  const [first] = signers;
  return first && !signers.some(({ isSelfIssued }) => isSelfIssued) ? first.der : null;
}

/**
 * Whether a public authority stands above a certificate: true if names and signatures lead to one of `publicRoots`,
 * false if they lead to a root that is not among them, null if they end before any root: then nobody knows. Dates and
 * constraints do not count: the issuer of an expired certificate is still a public authority. `work`: as
 * `evaluateChain` has it.
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
  // A signature that this runtime cannot verify leads nowhere: anybody may have made it.
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

/** At most this many levels above a certificate are searched, and this many certificates in all. */
const MOST_LEVELS = 10;
const MOST_FOUND = 100;

/**
 * Finds candidates for the certificates above a certificate, by names alone: signatures are verified elsewhere. `named`
 * returns authorities by their subject as certificates print it.
 */
export const createClimber =
  (named: (subject: string) => readonly Uint8Array[]) =>
  (leaf: Uint8Array): Uint8Array[] => {
    const found: Uint8Array[] = [];
    const known = new Set<string>();
    let level: readonly Uint8Array[] = [leaf];
    for (let height = 0; height < MOST_LEVELS && found.length < MOST_FOUND; height++) {
      const issuers = level.flatMap((der) => readCertificate(der)?.issuer ?? []);
      const missing = [...new Set(issuers)].filter((issuer) => issuer !== "" && !known.has(issuer));
      for (const issuer of missing) known.add(issuer);
      level = missing.flatMap(named);
      found.push(...level);
    }
    return found;
  };
