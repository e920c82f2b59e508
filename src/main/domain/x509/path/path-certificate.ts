import { hash } from "node:crypto";
import {
  type Element,
  readChildren,
  readDate,
  readElement,
  smallIntegerOf,
  TAG,
  viewOf,
} from "#codec/der.ts";
import type { Sha256 } from "#shared/model/certificates/certificate.ts";
import { type CanonicalName, readCanonicalName } from "./comparable-name.ts";
import { type PathExtensions, readPathExtensions } from "./path-extensions.ts";
import type { Signed } from "./verify-signature.ts";

/** A certificate parsed for evaluation: what RFC 5280, section 6 needs, and nothing to show. */
export type PathCertificate = {
  der: Uint8Array;
  sha256: Sha256;
  /** 1, 2 or 3. */
  version: number;
  /** The integer's content in lower-case hex, as it is written. */
  serial: string;
  subject: CanonicalName;
  issuer: CanonicalName;
  /** The DER of the names, for hashes over them. */
  subjectDer: Uint8Array;
  /** Milliseconds since 1970; null if a date cannot be read. */
  notBefore: number | null;
  notAfter: number | null;
  /** The DER of SubjectPublicKeyInfo. */
  spki: Uint8Array;
  spkiSha256: string;
  isSelfIssued: boolean;
  signed: Signed;
  extensions: PathExtensions;
};

/** Larger ones are not evaluated: the time to read is linear, but so is the memory. */
export const MOST_BYTES = 4 * 1024 * 1024;

/** Null if it is no whole certificate: viewers show what is left of a broken one, but no path leads through it. */
export function openCertificate(der: Uint8Array): PathCertificate | null {
  const bytes = viewOf(der);
  const outer = bytes.length <= MOST_BYTES ? readElement(bytes, 0, bytes.length) : null;
  const [tbs, algorithm, signature, ...rest] =
    (outer?.tag === TAG.sequence && readChildren(bytes, outer, 3)) || [];
  if (!tbs || !algorithm || signature?.tag !== TAG.bitString || rest.length > 0) return null;
  const fields = tbs.tag === TAG.sequence ? readChildren(bytes, tbs, 12) : null;
  if (!fields) return null;
  const version = readVersion(bytes, fields);
  const [serial, inner, issuer, validity, subject, spki, ...optional] = fields;
  if (version === null || !serial || !inner || !issuer || !validity || !subject || !spki) return null;
  const issuerName = readCanonicalName(bytes, issuer);
  const subjectName = readCanonicalName(bytes, subject);
  const algorithmBytes = slice(bytes, algorithm);
  if (!issuerName || !subjectName || serial.tag !== TAG.integer) return null;
  const from = readElement(bytes, validity.content, validity.end);
  const to = from && readElement(bytes, from.end, validity.end);
  return {
    der: outer && outer.end < bytes.length ? bytes.subarray(0, outer.end) : bytes,
    sha256: hash("sha256", bytes.subarray(0, outer?.end), "hex") as Sha256,
    version,
    serial: bytes.toString("hex", serial.content, serial.end),
    subject: subjectName,
    issuer: issuerName,
    subjectDer: slice(bytes, subject),
    notBefore: from ? readTime(bytes, from) : null,
    notAfter: to ? readTime(bytes, to) : null,
    spki: slice(bytes, spki),
    spkiSha256: hash("sha256", slice(bytes, spki), "hex"),
    isSelfIssued: issuerName.key === subjectName.key,
    signed: {
      content: slice(bytes, tbs),
      algorithm: algorithmBytes,
      isSameAlgorithm: algorithmBytes.equals(slice(bytes, inner)),
      signature: bytes.subarray(signature.content, signature.end),
    },
    extensions: readPathExtensions(bytes, optional, version),
  };
}

const slice = (bytes: Buffer, { start, end }: Element): Buffer => bytes.subarray(start, end);

/** A missing version means 1; if it is there, it is removed from the front of the fields. */
function readVersion(bytes: Buffer, fields: Element[]): number | null {
  if (fields[0]?.tag !== 0xa0) return 1;
  const wrapper = fields.shift();
  const number = wrapper && readElement(bytes, wrapper.content, wrapper.end);
  if (number?.tag !== TAG.integer) return null;
  const version = smallIntegerOf(bytes.subarray(number.content, number.end));
  return version === null || version > 2 ? null : version + 1;
}

/** A Time of RFC 5280 in milliseconds since 1970; null where it is none. */
export function readTime(bytes: Buffer, { tag, content, end }: Element): number | null {
  if (tag !== TAG.utcTime && tag !== TAG.generalizedTime) return null;
  const text = bytes.toString("latin1", content, end);
  const instant = readDate(text, tag === TAG.utcTime ? "utc" : "generalized");
  return instant === null ? null : Date.parse(instant);
}

/** Certificates that may stand above others, by the name that they issue under. */
export type CertificateIndex = {
  /** Each once, in the order in which they were passed. */
  all: readonly PathCertificate[];
  bySubject(key: string): readonly PathCertificate[];
  has(sha256: string): boolean;
  /** How many of the inputs are no certificates. */
  unreadable: number;
};

const NONE: readonly PathCertificate[] = [];

/** Parses each once. What is no certificate is counted and left out. */
export function indexCertificates(ders: Iterable<Uint8Array>): CertificateIndex {
  const opened = [...ders].map(openCertificate);
  const readable = opened.filter((each) => each !== null);
  return { ...indexOpened(readable), unreadable: opened.length - readable.length };
}

/** The same for certificates that were parsed before. */
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

/** What is in either of them; `bySubject` returns a certificate of both once, too. */
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

/** Identifies a set of certificates, by their hashes in any order. */
export const markSet = (hashes: Iterable<string>): string =>
  hash("sha256", [...new Set(hashes)].toSorted().join(" "), "base64");
