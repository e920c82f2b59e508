import { expiringFrom, isForClients, isOverPublicLimit } from "#domain/findings/certificate-findings.ts";
import { sshFingerprintOf } from "#domain/x509/keys.ts";
import type { Certificate } from "#shared/model/certificate.ts";
import type { SeenCertificate } from "#store/visit.ts";

/** A fleet serves few certificates from many places, and a cache hands out each as one object. */
const judged = new WeakMap<Certificate, Omit<SeenCertificate, "der">>();

/** A certificate as the store takes it, with what is judged of it alone. */
export function toSeen(certificate: Certificate, der: Uint8Array): SeenCertificate {
  const known = judged.get(certificate) ?? judge(certificate, der);
  judged.set(certificate, known);
  return { ...known, der };
}

function judge(certificate: Certificate, der: Uint8Array): Omit<SeenCertificate, "der"> {
  const expiring = expiringFrom(certificate.notBefore, certificate.notAfter);
  return {
    certificate,
    warnFrom: expiring?.warnFrom ?? null,
    urgentFrom: expiring?.urgentFrom ?? null,
    isOverLimit: isOverPublicLimit(certificate),
    isForClients: isForClients(certificate),
    sshFingerprint: sshFingerprintOf(der),
  };
}
