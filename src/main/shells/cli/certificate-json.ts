import type { Certificate, CertificateRow, Place } from "#shared/model/certificate.ts";

/** The fields of a certificate that `--json` promises, and no others. */
export const toCertificateFacts = (certificate: Omit<Certificate, "extensions">) => ({
  sha256: certificate.sha256,
  subject: certificate.subject,
  issuer: certificate.issuer,
  serial: certificate.serial,
  notBefore: certificate.notBefore,
  notAfter: certificate.notAfter,
  names: certificate.names,
  keyType: certificate.keyType,
  keyBits: certificate.keyBits,
  signature: certificate.signature,
  isCa: certificate.isCa,
});

export const toCertificateJson = (row: CertificateRow) => ({
  ...toCertificateFacts(row),
  places: row.places.map(toPlaceJson),
  findings: row.findings,
});

function toPlaceJson(place: Place) {
  const { kind, host, firstSeen, lastSeen } = place;
  if (place.kind === "file") return { kind, host, path: place.path, firstSeen, lastSeen };
  const { port, serverName, protocol } = place;
  const asked = { ...(serverName !== null && { serverName }), ...(protocol !== "tls" && { protocol }) };
  return { kind, host, port, ...asked, firstSeen, lastSeen };
}
