import type { CertificateIndex } from "./certificate-index.ts";
import { openCertificate, type PathCertificate } from "./path-certificate.ts";
import { verifySignature } from "./verify-signature.ts";

/**
 * Which of `known` has signed a certificate, where that is an intermediate; null where none has, and where a root has the
 * same name and key, be it among them or in `roots`: then clients may have it.
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
