import { expiringFrom } from "#domain/findings/expiry.ts";
import type { Certificate } from "#shared/model/certificate.ts";
import type { SeenCertificate } from "#store/visit.ts";

/** A certificate as the store takes it, with the instants from which its end needs attention. */
export function toSeen(certificate: Certificate, der: Uint8Array): SeenCertificate {
  const expiring = expiringFrom(certificate.notBefore, certificate.notAfter);
  return {
    certificate,
    der,
    warnFrom: expiring?.warnFrom ?? null,
    urgentFrom: expiring?.urgentFrom ?? null,
  };
}
