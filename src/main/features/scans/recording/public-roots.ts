import { readPem } from "#codec/pem.ts";
import { type CertificateIndex, indexCertificates } from "#domain/x509/path/path-certificate.ts";
import { readMozillaRoots } from "#net/trust/read-roots.ts";

/** Opened at the first chain and kept: they change with the runtime alone. */
let opened: CertificateIndex | null = null;

/** The roots by which an authority counts as public. */
export function publicRoots(): CertificateIndex {
  opened ??= indexCertificates(readPem(readMozillaRoots().pem).ders);
  return opened;
}
