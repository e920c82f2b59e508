import { openCertificate, type PathCertificate } from "./path-certificate.ts";

/** Certificates that may stand above others, by the name that they issue under. */
export type CertificateIndex = {
  /** Each once, in the order in which they were given. */
  all: readonly PathCertificate[];
  bySubject(key: string): readonly PathCertificate[];
  has(sha256: string): boolean;
  /** How many of what was given are no certificates. */
  unreadable: number;
};

const NONE: readonly PathCertificate[] = [];

/** Opens each once. What is no certificate is counted and left out. */
export function indexCertificates(ders: Iterable<Uint8Array>): CertificateIndex {
  const byHash = new Map<string, PathCertificate>();
  const bySubject = new Map<string, PathCertificate[]>();
  let unreadable = 0;
  for (const der of ders) {
    const certificate = openCertificate(der);
    if (!certificate) unreadable++;
    if (!certificate || byHash.has(certificate.sha256)) continue;
    byHash.set(certificate.sha256, certificate);
    const others = bySubject.get(certificate.subject.key);
    if (others) others.push(certificate);
    else bySubject.set(certificate.subject.key, [certificate]);
  }
  return {
    all: [...byHash.values()],
    bySubject: (key) => bySubject.get(key) ?? NONE,
    has: (sha256) => byHash.has(sha256),
    unreadable,
  };
}

/** What is in one of them or in both; what both have is given once by `bySubject`, too. */
export function joinIndexes(one: CertificateIndex, other: CertificateIndex): CertificateIndex {
  const beside = (certificates: readonly PathCertificate[]) =>
    certificates.filter(({ sha256 }) => !one.has(sha256));
  return {
    get all() {
      return [...one.all, ...beside(other.all)];
    },
    bySubject: (key) => [...one.bySubject(key), ...beside(other.bySubject(key))],
    has: (sha256) => one.has(sha256) || other.has(sha256),
    unreadable: one.unreadable + other.unreadable,
  };
}
