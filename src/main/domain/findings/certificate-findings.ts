import { X509Certificate } from "node:crypto";
import { printedNameOf } from "#domain/x509/oids.ts";
import type { Certificate } from "#shared/model/certificates/certificate.ts";
import type { FindingDraft } from "#shared/model/finding.ts";
import { isAddress, type TlsTarget } from "#shared/model/hosts/target.ts";
import { type Instant, toInstant } from "#shared/model/instant.ts";
import { countLife, limitFor } from "#shared/text/findings/certificate-finding.ts";
import { isNamed } from "./address-findings.ts";

/** A certificate together with its bytes, in the order in which a server sent it. */
type Presented = { certificate: Certificate; der: Uint8Array };

/** How many names the evidence lists; it counts the others. */
const MOST_NAMES = 10;

/** Problems of a certificate at any location. Dates are evaluated elsewhere, since their result changes with time. */
export function findCertificateProblems(certificate: Certificate): FindingDraft[] {
  return [evaluateKey(certificate), evaluateSignature(certificate)].filter((draft) => draft !== null);
}

/** Problems of the chain that an endpoint presents for `target`; none for a leaf that cannot be read. */
export function findEndpointProblems(
  target: TlsTarget,
  chain: readonly (Presented | null)[],
): FindingDraft[] {
  const [leaf] = chain;
  if (!leaf) return [];
  return [evaluateIssuer(leaf), evaluateName(target, leaf.certificate)].filter((draft) => draft !== null);
}

const about = (certificate: Certificate): Pick<FindingDraft, "about" | "label"> => ({
  about: { kind: "certificate", sha256: certificate.sha256 },
  label: certificate.subject || certificate.names[0] || `serial number ${certificate.serial}`,
});

/** RSA and DSA below 2048 bits and curves below 224 have less than the 112 bits of security of NIST SP 800-57. */
function evaluateKey(certificate: Certificate): FindingDraft | null {
  const { keyType, keyBits, curve } = certificate;
  const least = new Map([
    ["RSA", 2_048],
    ["RSA-PSS", 2_048],
    ["DSA", 2_048],
    ["EC", 224],
  ]).get(keyType);
  if (least === undefined || keyBits === null || keyBits >= least) return null;
  return {
    ...about(certificate),
    rule: "certificate-weak-key",
    severity: "high",
    sentence: `its ${keyType} key of ${keyBits} bits is too short to be safe`,
    evidence: [
      `${keyType} key of ${keyBits} bits${curve === null ? "" : ` on ${curve}`}; ${least} are the least`,
    ],
    remedy: "replace it by a certificate with a new key: EC P-256, or RSA of 2048 bits or more",
  };
}

/** OpenSSL's names: md5WithRSAEncryption, sha1WithRSA, ecdsa-with-SHA1, dsaWithSHA, ... */
const WEAK_HASH = /^(md2|md4|md5|sha1?)with|with-?(md2|md4|md5|sha1?)(-?2|-old)?$/i;

/** Skips self-issued certificates: nobody verifies a root's own signature, and it does not make the root trusted. */
function evaluateSignature(certificate: Certificate): FindingDraft | null {
  const { signature, isSelfIssued } = certificate;
  const match = WEAK_HASH.exec(signature);
  if (isSelfIssued || !match) return null;
  const hash = (match[1] ?? match[2] ?? "").toUpperCase();
  return {
    ...about(certificate),
    rule: "certificate-weak-signature",
    severity: hash.startsWith("MD") ? "high" : "medium",
    sentence: `it is signed by way of ${hash}, for which forgeries are known`,
    evidence: [`signature algorithm ${signature}`],
    remedy: "have it issued anew with SHA-256 or better; clients refuse this one more and more",
  };
}

function evaluateIssuer({ certificate, der }: Presented): FindingDraft | null {
  if (!certificate.isSelfIssued) return null;
  const isSigned = selfSigned.get(certificate) ?? isSelfSigned(der);
  selfSigned.set(certificate, isSigned);
  if (isSigned === false) return null;
  return {
    ...about(certificate),
    rule: "certificate-self-signed",
    severity: "medium",
    sentence:
      "the endpoint presents a self-signed certificate, which clients cannot trust by way of an authority",
    evidence: [
      "subject and issuer are the same",
      isSigned
        ? "its signature verifies with its own key"
        : "its signature could not be verified by this program",
    ],
    remedy: "replace it by a certificate of your own or a public authority",
  };
}

/** A cache by object: a fleet presents few certificates at many endpoints, and each is one object. */
const selfSigned = new WeakMap<Certificate, boolean | null>();

/** Null where this runtime cannot verify signatures of that algorithm, which is no fault of the certificate. */
function isSelfSigned(der: Uint8Array): boolean | null {
  try {
    const certificate = new X509Certificate(der);
    return certificate.verify(certificate.publicKey);
  } catch {
    return null;
  }
}

/** Less severe for an endpoint known by address alone: by which name clients use it is not known. */
function evaluateName({ host, serverName }: TlsTarget, certificate: Certificate): FindingDraft | null {
  const name = serverName ?? host;
  if (isNamed(name, certificate.names)) return null;
  const isByAddress = isAddress(name);
  return {
    ...about(certificate),
    rule: "certificate-name-mismatch",
    severity: isByAddress ? "low" : "medium",
    sentence: `the certificate is not for ${name}, for which the endpoint presents it`,
    evidence: [`asked for ${name}`, formatNames(certificate)],
    remedy: isByAddress
      ? "scan the endpoint by the name that its clients use, or have the address put into the certificate"
      : "have the name put into the certificate, or correct which certificate the server presents for it",
  };
}

function formatNames({ names, commonName }: Certificate): string {
  if (names.length === 0) {
    return commonName === null
      ? "it lists no names"
      : `it lists no names (its common name, ${commonName}, does not count)`;
  }
  const rest = names.length - MOST_NAMES;
  return `it lists ${names.slice(0, MOST_NAMES).join(", ")}${rest > 0 ? ` and ${rest} more` : ""}`;
}

/** From when an expiring certificate is a finding: `warnFrom` of medium severity, `urgentFrom` of high. */
type Expiring = { warnFrom: Instant; urgentFrom: Instant };

const DAY_MS = 24 * 60 * 60 * 1000;

/** The longest life of public certificates since 2020; a longer life counts as this. */
const LONGEST_LIFE_MS = 398 * DAY_MS;

/** A shorter life is due at its half, since automatic renewal then has only a few attempts left. */
const SHORT_LIFE_MS = 10 * DAY_MS;

/** RFC 5280, 4.1.2.5: the date that says a certificate does not expire. */
const NEVER = "9999-12-31T23:59:59Z";

/**
 * A certificate is expiring in the last third of its life, and urgently so in the last sixth: 30 and 15 days of 90,
 * 16 and 8 of 47, 66 and 33 of 200; with a life below ten days, in its last half and its last quarter, which is when
 * automatic renewal takes place. Fixed days would warn too late for a long life and always for a short one.
 * A life beyond 398 days counts as 398: nobody plans for an authority of 25 years eight years ahead. Null where
 * a date is not known, or the certificate does not expire.
 */
export function expiringFrom(notBefore: Instant | null, notAfter: Instant | null): Expiring | null {
  if (notBefore === null || notAfter === null || notAfter === NEVER) return null;
  const end = Date.parse(notAfter);
  const life = Math.min(end - Date.parse(notBefore), LONGEST_LIFE_MS);
  if (life <= 0) return null;
  const left = life < SHORT_LIFE_MS ? life / 2 : life / 3;
  return { warnFrom: toInstant(new Date(end - left)), urgentFrom: toInstant(new Date(end - left / 2)) };
}

type Limited = Pick<Certificate, "isCa" | "notBefore" | "notAfter" | "extensions">;

/**
 * Whether a server's certificate lives longer than a public authority was allowed when it was issued (BR 6.3.2). This
 * does not check whether a public authority issued it: the limit does not apply to private ones, nor to certificates
 * for mail, code or clients alone.
 */
export function isOverPublicLimit({ isCa, notBefore, notAfter, extensions }: Limited): boolean {
  if (isCa || notBefore === null || notAfter === null || !mayServe(extensions)) return false;
  const limit = limitFor(notBefore);
  const life = countLife(notBefore, notAfter);
  return limit !== null && life !== null && life > limit;
}

const EXTENDED_KEY_USAGE = "2.5.29.37";

/** id-kp-clientAuth, id-kp-serverAuth and anyExtendedKeyUsage, as the printed extension has them. */
const FOR_CLIENTS = printedNameOf("1.3.6.1.5.5.7.3.2");

const FOR_SERVERS = new Set(["1.3.6.1.5.5.7.3.1", "2.5.29.37.0"].map(printedNameOf));

type Purposes = { isCa: boolean; extensions: Certificate["extensions"] };

/** Without the extension any use is allowed, but nothing shows that it is for clients. */
export const isForClients = ({ isCa, extensions }: Purposes): boolean =>
  !isCa && (usesOf(extensions)?.includes(FOR_CLIENTS) ?? false);

/** Without the extension any use is allowed. */
const mayServe = (extensions: Certificate["extensions"]): boolean =>
  usesOf(extensions)?.some((use) => FOR_SERVERS.has(use)) ?? true;

/** Null without the extension; empty where it cannot be read. */
function usesOf(extensions: Certificate["extensions"]): string[] | null {
  const found = extensions.find(({ oid }) => oid === EXTENDED_KEY_USAGE);
  return found ? (found.value?.split(", ") ?? []) : null;
}
