import { hash } from "node:crypto";
import type { Certificate } from "#shared/model/certificate.ts";
import { readCertificate } from "./read-certificate.ts";

/**
 * Reads each certificate once: a fleet serves few certificates from many places,
 * and a hash is a seventh of the cost of reading. Holds the newest `most`.
 */
export function createCertificateCache(most = 4_096) {
  const known = new Map<string, Certificate | null>();

  return (der: Uint8Array): Certificate | null => {
    const key = hash("sha256", der, "base64");
    const found = known.get(key);
    if (found !== undefined) return found;
    const certificate = readCertificate(der);
    if (known.size >= most) known.delete(known.keys().next().value ?? "");
    known.set(key, certificate);
    return certificate;
  };
}
