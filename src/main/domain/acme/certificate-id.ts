import { openCertificate } from "#domain/x509/path/path-certificate.ts";

/**
 * By what an authority knows a certificate when it is asked when to renew it (RFC 9773, section 4.1): the identifier of its
 * issuer's key, and its serial number as DER has it. Null where it has no such identifier, or is no certificate.
 */
export function certificateIdOf(der: Uint8Array): string | null {
  const certificate = openCertificate(der);
  const { authorityKey } = certificate?.extensions ?? {};
  if (!certificate || !authorityKey) return null;
  return [authorityKey, certificate.serial]
    .map((hex) => Buffer.from(hex, "hex").toString("base64url"))
    .join(".");
}
