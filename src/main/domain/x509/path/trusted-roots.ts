import { hash } from "node:crypto";
import { type Element, printOid, readChildren, readElement, TAG, viewOf } from "#codec/der.ts";
import { decodePem, findPemBlocks, type PemBlock, readPem } from "#codec/pem.ts";
import { readCrl, readCrlFile } from "#domain/x509/revocation/read-crl.ts";
import type { Purpose } from "#shared/model/certificates/chain.ts";
import { labelOf, labelOfName } from "./chain-reason.ts";
import { openCertificate } from "./path-certificate.ts";

/** The content of a file of roots, each certificate as DER. */
type TrustedRoots = {
  roots: readonly Uint8Array[];
  /** Roots that the file itself rejects for the purpose, as bundles do with authorities that are no longer trusted. */
  rejected: readonly Uint8Array[];
};

/** What OpenSSL writes behind a certificate in a block of this label (`openssl x509 -addtrust`, `-addreject`). */
const TRUSTED = "TRUSTED CERTIFICATE";

type TrustSettings = {
  /** Identifiers of purposes; null: every one that is not rejected. */
  trusted: readonly string[] | null;
  rejected: readonly string[];
};

const ANY = "2.5.29.37.0";
const PURPOSES: Record<Purpose, string> = { server: "1.3.6.1.5.5.7.3.1", client: "1.3.6.1.5.5.7.3.2" };

/** Reads a file of roots, PEM or DER, for a purpose; null stands for any of TLS. */
export function readRoots(bytes: Uint8Array, purpose: Purpose | null): TrustedRoots {
  const view = viewOf(bytes);
  const { ders } = readPem(bytes);
  if (!view.includes(`-----BEGIN ${TRUSTED}-----`)) return { roots: ders, rejected: [] };
  const rejected = findPemBlocks(view.toString("latin1")).flatMap((block) => readRejected(block, purpose));
  const hashes = new Set(rejected.map(hashOf));
  return { roots: ders.filter((der) => !hashes.has(hashOf(der))), rejected };
}

/**
 * What may still be in a path: no certificate with the name and key of a rejected one, whoever signed it. If nothing is
 * rejected, the input is returned.
 */
export function leaveOutRejected(
  ders: readonly Uint8Array[],
  rejected: readonly Uint8Array[],
): readonly Uint8Array[] {
  const ids = new Set(rejected.map(identify));
  return ids.size === 0 ? ders : ders.filter((der) => !ids.has(identify(der)));
}

const hashOf = (der: Uint8Array): string => hash("sha256", der, "hex");

function identify(der: Uint8Array): string {
  const certificate = openCertificate(der);
  return certificate ? `${certificate.spkiSha256} ${certificate.subject.key}` : hashOf(der);
}

/** The certificate of a block that rejects it. */
function readRejected({ label, lines, problem }: PemBlock, purpose: Purpose | null): Uint8Array[] {
  const bytes = label === TRUSTED && problem === null ? decodePem(lines) : null;
  const certificate = bytes && readElement(bytes, 0, bytes.length);
  if (!bytes || !certificate) return [];
  const settings = readTrustSettings(viewOf(bytes), certificate.end);
  const purposes = purpose ? [PURPOSES[purpose]] : Object.values(PURPOSES);
  if (!settings || purposes.some((each) => isTrusted(settings, each))) return [];
  return [bytes.subarray(0, certificate.end)];
}

const isTrusted = ({ trusted, rejected }: TrustSettings, purpose: string): boolean =>
  !rejected.includes(purpose) &&
  !rejected.includes(ANY) &&
  (trusted === null || trusted.includes(purpose) || trusted.includes(ANY));

const REJECTED = 0xa0;

/** X509_CERT_AUX of OpenSSL; null where there is none. */
function readTrustSettings(bytes: Buffer, start: number): TrustSettings | null {
  const outer = start < bytes.length ? readElement(bytes, start, bytes.length) : null;
  const fields = outer?.tag === TAG.sequence ? readChildren(bytes, outer, 5) : null;
  if (!fields) return null;
  const trusted = fields.find(({ tag }) => tag === TAG.sequence);
  const rejected = fields.find(({ tag }) => tag === REJECTED);
  return {
    trusted: trusted ? readPurposes(bytes, trusted) : null,
    rejected: rejected ? readPurposes(bytes, rejected) : [],
  };
}

const MOST_PURPOSES = 64;

const readPurposes = (bytes: Buffer, list: Element): string[] =>
  (readChildren(bytes, list, MOST_PURPOSES) ?? []).flatMap(
    ({ content, end }) => printOid(bytes.subarray(content, end)) ?? [],
  );

/** A root or a revocation list as it is stored: its hash, its name for people, its DER. */
export type Trusted = { sha256: string; label: string; der: Uint8Array };

/**
 * The roots of a file, PEM or DER. Left out: what is no certificate, and what the file itself trusts for no use in TLS.
 */
export const readRootFile = (bytes: Uint8Array): Trusted[] =>
  readRoots(bytes, null).roots.flatMap((each) => {
    const certificate = openCertificate(each);
    if (!certificate) return [];
    const { sha256, der } = certificate;
    return { sha256, label: labelOf(certificate), der };
  });

/** The revocation lists of a file, PEM or DER. What is none is left out. */
export const readListFile = (bytes: Uint8Array): Trusted[] =>
  readCrlFile(bytes).flatMap((der) => {
    const list = readCrl(der);
    if (!list) return [];
    return {
      sha256: hash("sha256", der, "hex"),
      label: labelOfName(list.issuerDer) ?? "an issuer without a name",
      der,
    };
  });
