import { readCertificate } from "#domain/x509/read-certificate.ts";

/** So many levels are looked for above a certificate, and so many certificates in all. */
const MOST_LEVELS = 10;
const MOST_FOUND = 100;

/**
 * Finds what may stand above a certificate, by names alone: who signed what is judged elsewhere. `named` gives authorities
 * by their subject as certificates print it.
 */
export const createClimber =
  (named: (subject: string) => readonly Uint8Array[]) =>
  (leaf: Uint8Array): Uint8Array[] => {
    const found: Uint8Array[] = [];
    const asked = new Set<string>();
    let level: readonly Uint8Array[] = [leaf];
    for (let height = 0; height < MOST_LEVELS && found.length < MOST_FOUND; height++) {
      const issuers = level.flatMap((der) => readCertificate(der)?.issuer ?? []);
      const wanted = [...new Set(issuers)].filter((issuer) => issuer !== "" && !asked.has(issuer));
      for (const issuer of wanted) asked.add(issuer);
      level = wanted.flatMap(named);
      found.push(...level);
    }
    return found;
  };
