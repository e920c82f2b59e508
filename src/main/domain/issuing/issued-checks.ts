import { labelOf } from "#domain/x509/path/chain-reason.ts";
import type { CertificateIndex, PathCertificate } from "#domain/x509/path/path-certificate.ts";
import { USAGE } from "#domain/x509/path/path-extensions.ts";
import { signatureHashOf } from "#domain/x509/path/verify-signature.ts";
import { readCertificate } from "#domain/x509/read-certificate.ts";
import { toInstant } from "#shared/model/instant.ts";
import { formatElapsed } from "#shared/text/elapsed.ts";

/** What is wrong with what an issuer sent. The codes are stable: an accepted fault is stored by its code. */
export type IssuedFaultCode =
  | "no-certificate"
  | "no-request"
  | "other-key"
  | "several"
  | "same-as-before"
  | "malformed"
  | "is-authority"
  | "names-missing"
  | "names-fewer"
  | "usage-missing"
  | "weak-signature"
  | "purpose-missing"
  | "purpose-narrower"
  | "dates-unreadable"
  | "not-yet-valid"
  | "expired"
  | "self-signed"
  | "chain-incomplete"
  | "chain-invalid";

/** `sentence` is written for people, and contains what strangers wrote. */
export type IssuedFault = { code: IssuedFaultCode; sentence: string };

/** A clock that a certificate is evaluated by: `this computer`, `web1`. Milliseconds since 1970. */
export type Clock = { whose: string; now: number };

const MINUTE_MS = 60_000;
/** A new certificate that becomes valid within this time shows a wrong clock, not an intention of its issuer. */
const CLOCK_MS = 26 * 60 * MINUTE_MS;
/** Clocks that differ by more than this are reported. */
const APART_MS = 5 * MINUTE_MS;

/** Whether a certificate is valid now by each of the clocks. */
export function checkDates(leaf: PathCertificate, clocks: readonly Clock[]): IssuedFault[] {
  const { notBefore, notAfter } = leaf;
  const label = labelOf(leaf);
  if (notBefore === null || notAfter === null || notAfter < notBefore)
    return [
      { code: "dates-unreadable", sentence: `${label} has dates that cannot be read, or that never come` },
    ];
  return clocks.flatMap((clock): IssuedFault[] => {
    if (clock.now < notBefore)
      return [{ code: "not-yet-valid", sentence: `${label} ${formatNotYet(notBefore, clock)}` }];
    if (clock.now > notAfter)
      return [{ code: "expired", sentence: `${label} ${formatExpired(notAfter, clock)}` }];
    return [];
  });
}

function formatNotYet(notBefore: number, { whose, now }: Clock): string {
  const from = toInstant(new Date(notBefore));
  const when = formatElapsed(from, new Date(now));
  const plain = `is valid from ${from} on only, ${when === "just now" ? "in less than a minute" : when} by the clock of ${whose}`;
  if (notBefore - now > CLOCK_MS) return plain;
  return `${plain}: that clock is behind, or the issuer's is ahead; set it right and try again`;
}

const formatExpired = (notAfter: number, { whose, now }: Clock): string =>
  `expired on ${toInstant(new Date(notAfter))}, ${formatElapsed(toInstant(new Date(notAfter)), new Date(now))} by the clock of ${whose}: that clock is ahead, or this is an old certificate`;

/** Reports clocks that disagree, whatever the certificate: one host may accept what another refuses. */
export function compareClocks([first, ...others]: readonly [Clock, ...Clock[]]): string[] {
  return others
    .filter(({ now }) => Math.abs(now - first.now) > APART_MS)
    .map(({ whose, now }) => {
      const minutes = Math.round(Math.abs(now - first.now) / MINUTE_MS);
      const far = minutes < 120 ? `${minutes} minutes` : `${Math.round(minutes / 60)} hours`;
      return `the clock of ${whose} is ${far} ${now < first.now ? "behind" : "ahead of"} that of ${first.whose}`;
    });
}

const WEAK: ReadonlySet<string> = new Set(["md2", "md4", "md5", "sha1"]);

/**
 * Clients refuse such signatures. They do not verify that of a root, or of a certificate that stands for a known root.
 */
export const checkSignatures = (chain: readonly PathCertificate[], roots: CertificateIndex): IssuedFault[] =>
  chain
    .filter((each) => WEAK.has(signatureHashOf(each.signed) ?? "") && !isKnown(each, roots))
    .map((each) => ({
      code: "weak-signature",
      sentence: `${labelOf(each)} is signed over ${signatureHashOf(each.signed)}, which clients refuse`,
    }));

const isKnown = (each: PathCertificate, roots: CertificateIndex): boolean =>
  roots.bySubject(each.subject.key).some(({ spkiSha256 }) => spkiSha256 === each.spkiSha256);

/** Clients refuse a server whose key may not sign in a handshake; a key of RSA may decrypt instead. */
export function checkUsage(leaf: PathCertificate): IssuedFault[] {
  const { keyUsage } = leaf.extensions;
  const isRsa = readCertificate(leaf.der)?.keyType === "RSA";
  const usage = USAGE.digitalSignature | (isRsa ? USAGE.keyEncipherment : 0);
  if (keyUsage === null || (keyUsage & usage) !== 0) return [];
  return [{ code: "usage-missing", sentence: `${labelOf(leaf)} may not be used for TLS by its key usage` }];
}

/** Extended key usages of TLS. */
export const PURPOSE = { server: "1.3.6.1.5.5.7.3.1", client: "1.3.6.1.5.5.7.3.2" } as const;
const ANY_PURPOSE = "2.5.29.37.0";

const WORDS = new Map<string, string>([
  [PURPOSE.server, "TLS servers"],
  [PURPOSE.client, "TLS clients"],
  ["1.3.6.1.5.5.7.3.3", "signing code"],
  ["1.3.6.1.5.5.7.3.4", "mail"],
  ["1.3.6.1.5.5.7.3.8", "time stamps"],
  ["1.3.6.1.5.5.7.3.9", "answers of OCSP"],
]);

export const formatPurpose = (oid: string): string => WORDS.get(oid) ?? `the purpose ${oid}`;

/** A certificate without this extension is for any purpose, as is one for anyExtendedKeyUsage. */
const isFor = (purposes: readonly string[] | null, oid: string): boolean =>
  purposes === null || purposes.includes(oid) || purposes.includes(ANY_PURPOSE);

/** Whether a certificate is for fewer purposes than the one that is served now. */
export function checkPurposes(leaf: PathCertificate, before: PathCertificate | null): IssuedFault[] {
  const { purposes } = leaf.extensions;
  const had = before?.extensions.purposes ?? [];
  const lost = had.filter((oid) => oid !== PURPOSE.server && oid !== ANY_PURPOSE && !isFor(purposes, oid));
  return [
    ...(isFor(purposes, PURPOSE.server)
      ? []
      : [
          {
            code: "purpose-missing" as const,
            sentence: `${labelOf(leaf)} is not meant for TLS servers by its extended key usage`,
          },
        ]),
    ...(lost.length > 0
      ? [
          {
            code: "purpose-narrower" as const,
            sentence: `${labelOf(leaf)} is not for ${lost.map(formatPurpose).join(", ")}, which the one that is served now is for`,
          },
        ]
      : []),
  ];
}

/** A certificate for any purpose may have been used for more than TLS servers: nobody knows. */
export function formatAnyPurpose(leaf: PathCertificate, before: PathCertificate): string[] {
  const wasForAnything = isFor(before.extensions.purposes, ANY_PURPOSE);
  const { purposes } = leaf.extensions;
  if (!wasForAnything || isFor(purposes, ANY_PURPOSE) || purposes === null) return [];
  return [
    `${labelOf(leaf)} is for ${purposes.map(formatPurpose).join(", ")} alone, where the one that is served now is for anything`,
  ];
}
