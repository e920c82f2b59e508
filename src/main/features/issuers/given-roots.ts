import { printPem, readPem } from "#codec/pem.ts";
import { indexCertificates } from "#domain/x509/path/path-certificate.ts";
import { Refusal } from "#shared/model/refusal.ts";

/** The roots in a file of PEM or DER, as PEM; null where none was given: a directory is known by those of the system then. */
export function readGivenRoots(base64: string | null): string | null {
  if (base64 === null) return null;
  const { ders } = readPem(Buffer.from(base64, "base64"));
  const { all } = indexCertificates(ders);
  if (all.length === 0)
    throw new Refusal("invalid-input", "the file of roots holds no certificate; give one of PEM or DER");
  return all.map(({ der }) => printPem(der)).join("");
}
