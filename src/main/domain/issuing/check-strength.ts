import type { CertificateIndex } from "#domain/x509/path/certificate-index.ts";
import { labelOf } from "#domain/x509/path/chain-reason.ts";
import type { PathCertificate } from "#domain/x509/path/path-certificate.ts";
import { USAGE } from "#domain/x509/path/path-extensions.ts";
import { signatureHashOf } from "#domain/x509/path/verify-signature.ts";
import { readCertificate } from "#domain/x509/read-certificate.ts";
import type { IssuedFault } from "./issued-fault.ts";

const WEAK: ReadonlySet<string> = new Set(["md2", "md4", "md5", "sha1"]);

/** Clients refuse such signatures. That of a root, or of what stands for one that is known, is asked of nobody. */
export const checkSignatures = (chain: readonly PathCertificate[], roots: CertificateIndex): IssuedFault[] =>
  chain
    .filter((each) => WEAK.has(signatureHashOf(each.signed) ?? "") && !isKnown(each, roots))
    .map((each) => ({
      code: "weak-signature",
      sentence: `${labelOf(each)} is signed over ${signatureHashOf(each.signed)}, which clients refuse`,
    }));

const isKnown = (each: PathCertificate, roots: CertificateIndex): boolean =>
  roots.bySubject(each.subject.key).some(({ spkiSha256 }) => spkiSha256 === each.spkiSha256);

/** Clients refuse a server whose key may sign nothing of a handshake; RSA may be used for what is encrypted to it instead. */
export function checkUsage(leaf: PathCertificate): IssuedFault[] {
  const { keyUsage } = leaf.extensions;
  const isRsa = readCertificate(leaf.der)?.keyType === "RSA";
  const wanted = USAGE.digitalSignature | (isRsa ? USAGE.keyEncipherment : 0);
  if (keyUsage === null || (keyUsage & wanted) !== 0) return [];
  return [{ code: "usage-missing", sentence: `${labelOf(leaf)} may not be used for TLS by its key usage` }];
}
