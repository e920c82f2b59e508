import { hash } from "node:crypto";
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
  const opened = [...ders].map(openCertificate);
  const readable = opened.filter((each) => each !== null);
  return { ...indexOpened(readable), unreadable: opened.length - readable.length };
}

/** The same of what was opened before. */
export function indexOpened(certificates: Iterable<PathCertificate>): CertificateIndex {
  const byHash = new Map<string, PathCertificate>();
  const bySubject = new Map<string, PathCertificate[]>();
  for (const certificate of certificates) {
    if (byHash.has(certificate.sha256)) continue;
    byHash.set(certificate.sha256, certificate);
    const others = bySubject.get(certificate.subject.key);
    if (others) others.push(certificate);
    else bySubject.set(certificate.subject.key, [certificate]);
  }
  return {
    all: [...byHash.values()],
    bySubject: (key) => bySubject.get(key) ?? NONE,
    has: (sha256) => byHash.has(sha256),
    unreadable: 0,
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

/** Tells a set of certificates from others, by their hashes in any order. */
export const markSet = (hashes: Iterable<string>): string =>
  hash("sha256", [...new Set(hashes)].toSorted().join(" "), "base64");
